/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses /proc/self/mountinfo (proc_pid_mountinfo(5)): the fifth field is the mount point, with
 * blanks and backslashes as \ooo. The longest mount point that is a prefix of a path, at a
 * component's border, is where the path lies.
 */
#include "source/mounts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"

#define PATH_BYTES 4096

struct mounts {
    struct arena arena;
    const char **points;
    size_t n;
    size_t cap;
    char cwd[PATH_BYTES];
};

static bool is_octal(const char *p)
{
    return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

/* Undoes \ooo in place. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *p = text; *p != '\0';) {
        if (*p == '\\' && is_octal(p + 1)) {
            *to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
            p += 4;
        } else {
            *to++ = *p++;
        }
    }
    *to = '\0';
}

static enum rc add_point(struct mounts *mounts, struct span point)
{
    struct span copy = arena_copy(&mounts->arena, point);

    if (copy.ptr == NULL) {
        return RC_NOMEM;
    }
    if (mounts->n == mounts->cap) {
        size_t cap = mounts->cap > 0 ? mounts->cap * 2 : 32;
        const char **grown = mem_realloc(mounts->points, cap, sizeof(*grown));
        if (grown == NULL) {
            return RC_NOMEM;
        }
        mounts->points = grown;
        mounts->cap = cap;
    }
    mounts->points[mounts->n++] = copy.ptr;
    return RC_OK;
}

static enum rc add_line(struct mounts *mounts, char *line)
{
    char *field = line;

    for (int i = 0; i < 4 && field != NULL; i++) {
        field = strchr(field, ' ');
        field = field != NULL ? field + 1 : NULL;
    }
    if (field == NULL) {
        return RC_OK;
    }
    field[strcspn(field, " \n")] = '\0';
    unescape(field);
    return add_point(mounts, span_str(field));
}

static enum rc load(struct mounts *mounts)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    enum rc rc = add_point(mounts, span_str("/"));
    char line[PATH_BYTES + 1024];

    while (file != NULL && rc == RC_OK && fgets(line, sizeof(line), file) != NULL) {
        rc = add_line(mounts, line);
    }
    if (file != NULL) {
        (void)fclose(file); /* only read from */
    }
    return rc;
}

enum rc mounts_new(struct mounts **ret_mounts)
{
    struct mounts *mounts = mem_calloc(1, sizeof(*mounts));
    enum rc rc;

    if (mounts == NULL) {
        return RC_NOMEM;
    }
    if (getcwd(mounts->cwd, sizeof(mounts->cwd)) == NULL) {
        mounts->cwd[0] = '\0';
    }
    rc = load(mounts);
    if (rc != RC_OK) {
        mounts_free(mounts);
        return rc;
    }
    *ret_mounts = mounts;
    return RC_OK;
}

struct mounts *mounts_free(struct mounts *mounts)
{
    if (mounts != NULL) {
        arena_fini(&mounts->arena);
        mem_free(mounts->points);
    }
    return mem_free(mounts);
}

/* How many bytes of path the mount point covers; 0 when path is elsewhere. */
static size_t covers(const char *point, const char *path)
{
    size_t n = strlen(point);

    if (n == 1) {
        return 1; /* the root covers all */
    }
    return strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0') ? n : 0;
}

const char *mounts_find(const struct mounts *mounts, const char *path)
{
    const char *best = mounts->points[0];
    size_t best_len = 0;
    char absolute[PATH_BYTES * 2];

    if (path[0] != '/') {
        (void)snprintf(absolute, sizeof(absolute), "%s/%s", mounts->cwd,
                       path); /* cut: no such file */
        path = absolute;
    }
    for (size_t i = 0; i < mounts->n; i++) {
        size_t n = covers(mounts->points[i], path);
        if (n > best_len) {
            best = mounts->points[i];
            best_len = n;
        }
    }
    return best;
}

bool mounts_notifies(unsigned long fs_type)
{
    static const unsigned long silent[] = {
        0x6969,     /* NFS */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x517b,     /* SMB */
        0x65735546, /* FUSE */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
        0x00c36400, /* Ceph */
        0x01021997, /* 9p */
        0x19830326, /* BeeGFS */
        0x5346414f, /* AFS */
        0x6b414653, /* kAFS */
        0x73757245, /* Coda */
        0x01161970, /* GFS2 */
        0x7461636f, /* OCFS2 */
        0x794c7630, /* overlayfs: a file that is copied up changes its inode */
        0x786f4256, /* VirtualBox shared folder */
        0xbacbacbc, /* VMware shared folder */
        0x9fa0,     /* proc: contents are made up at each read */
        0x62656572, /* sysfs */
    };

    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        if (fs_type == silent[i]) {
            return false;
        }
    }
    return true;
}
