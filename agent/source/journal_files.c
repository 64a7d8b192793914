/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of the header: https://systemd.io/JOURNAL_FILE_FORMAT, unchanged since its beginning.
 */
#include "source/journal_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER_BYTES     160
#define N_ENTRIES_OFFSET 152
#define DEPTH_MAX        2 /* the directory itself and one of a machine in it */

struct found {
    unsigned with_entries;
    unsigned denied;
};

static void look_at_file(int dir_fd, const char *name, struct found *found)
{
    unsigned char header[HEADER_BYTES];
    int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    uint64_t n_entries = 0;

    if (fd < 0) {
        found->denied += errno == EACCES || errno == EPERM;
        return;
    }
    if (read(fd, header, sizeof(header)) == HEADER_BYTES && memcmp(header, "LPKSHHRH", 8) == 0) {
        for (size_t i = 0; i < 8; i++) {
            n_entries |= (uint64_t)header[N_ENTRIES_OFFSET + i] << (8 * i);
        }
        found->with_entries += n_entries > 0;
    }
    (void)close(fd);
}

static bool is_journal(const char *name)
{
    size_t len = strlen(name);

    return len > 8 && strcmp(name + len - 8, ".journal") == 0;
}

/* Takes dir_fd. */
static void look_at_dir(int dir_fd, unsigned depth, struct found *found)
{
    DIR *dir = fdopendir(dir_fd);
    const struct dirent *entry;

    if (dir == NULL) {
        (void)close(dir_fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        int sub = -1;
        if (is_journal(entry->d_name)) {
            look_at_file(dir_fd, entry->d_name, found);
        } else if (depth + 1 < DEPTH_MAX && entry->d_name[0] != '.') {
            sub = openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            found->denied += sub < 0 && errno == EACCES;
        }
        if (sub >= 0) {
            look_at_dir(sub, depth + 1, found);
        }
    }
    (void)closedir(dir);
}

enum rc journal_files_check(const char *dir, struct err *err)
{
    const char *const dirs[] = {dir != NULL ? dir : "/run/log/journal",
                                dir != NULL ? NULL : "/var/log/journal"};
    struct found found = {0};
    unsigned there = 0;

    for (size_t i = 0; i < 2 && dirs[i] != NULL; i++) {
        int fd = open(dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        there += fd >= 0;
        found.denied += fd < 0 && errno == EACCES;
        if (fd >= 0) {
            look_at_dir(fd, 0, &found);
        }
    }
    if (found.with_entries > 0) {
        (void)err_set(err, RC_UNSUPPORTED,
                      "libsystemd here cannot read these journal files, which hold entries");
        err_hint(err, "they were written by a newer systemd: use its libsystemd0");
        return RC_UNSUPPORTED;
    }
    if (found.denied > 0) {
        (void)err_set(err, RC_DENIED, "the journal's files may not be read");
        err_hint(err, "run it in the group systemd-journal or adm");
        return RC_DENIED;
    }
    return there > 0 ? RC_OK : err_set(err, RC_NOT_FOUND, "there is no journal");
}
