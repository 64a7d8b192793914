/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the directory of a rotated log; blocks, so it runs on the scan's thread. See
 * tail_between.h. */
#include "source/tail_between.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096

/* A number from here on is a date such as 20261123. */
#define DATE_MIN 10000000

/* Whether suffix is what a rotation adds: no letters but the T of a date. */
static bool is_rotation(const char *suffix)
{
    return strchr(".-_", suffix[0]) != NULL && strpbrk(suffix, "0123456789") != NULL &&
           suffix[strspn(suffix, "0123456789.-_:T+")] == '\0';
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_older(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec
                                                  : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

struct generation {
    struct stat st;
    char suffix[64];
};

/* Oldest first. Files of one tick of the kernel's clock are told apart by their names: numbers
 * count up with age, dates do the opposite. */
static int compare_age(const void *a_ptr, const void *b_ptr)
{
    const struct generation *a = a_ptr;
    const struct generation *b = b_ptr;
    char *end_a;
    char *end_b;
    unsigned long number_a = strtoul(a->suffix + 1, &end_a, 10);
    unsigned long number_b = strtoul(b->suffix + 1, &end_b, 10);

    if (is_older(&a->st, &b->st) || is_older(&b->st, &a->st)) {
        return is_older(&a->st, &b->st) ? -1 : 1;
    }
    if (*end_a == '\0' && *end_b == '\0' && number_a < DATE_MIN && number_b < DATE_MIN) {
        return number_a > number_b ? -1 : 1;
    }
    return strcmp(a->suffix, b->suffix);
}

/* Whether item is a generation of name; fills found. */
static bool is_generation(int dir_fd, const char *item, const char *name, struct generation *found)
{
    size_t name_len = strlen(name);
    const char *suffix = item + name_len;

    if (strncmp(item, name, name_len) != 0 || *suffix == '\0' || !is_rotation(suffix) ||
        strlen(suffix) >= sizeof(found->suffix)) {
        return false;
    }
    memcpy(found->suffix, suffix, strlen(suffix) + 1);
    return fstatat(dir_fd, item, &found->st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(found->st.st_mode);
}

size_t tail_between(const char *path, const struct stat *old, const struct stat *now,
                    struct stat ret_found[TAIL_BETWEEN_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct generation found[TAIL_BETWEEN_MAX];
    char dir_path[PATH_BYTES];
    size_t n = 0;
    DIR *dir;

    if (snprintf(dir_path, sizeof(dir_path), "%.*s.", (int)(name - path), path) >= PATH_BYTES) {
        return 0;
    }
    dir = opendir(dir_path);
    if (dir == NULL) {
        return 0;
    }
    for (const struct dirent *item = readdir(dir); item != NULL && n < TAIL_BETWEEN_MAX;
         item = readdir(dir)) {
        if (is_generation(dirfd(dir), item->d_name, name, &found[n]) &&
            !is_older(&found[n].st, old) && !is_same_file(&found[n].st, old) &&
            !is_same_file(&found[n].st, now)) {
            n++;
        }
    }
    (void)closedir(dir); /* only read from */
    qsort(found, n, sizeof(found[0]), compare_age);
    for (size_t i = 0; i < n; i++) {
        ret_found[i] = found[i].st;
    }
    return n;
}
