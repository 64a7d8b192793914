/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One agent a directory. The lock is one of the open file description (F_OFD_SETLK): it goes with
 * the process however it ends, and is not lost when some library opens and closes the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_internal.h"

static enum rc fail(struct err *err, const char *path, int err_no, const char *what)
{
    (void)err_set(err, rc_from_errno(err_no), "%s: %s", what, strerror(err_no));
    err_file(err, path);
    return rc_from_errno(err_no);
}

static enum rc make_dir(const char *dir, struct err *err)
{
    struct stat st;

    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return fail(err, dir, errno, "cannot be made");
    }
    if (stat(dir, &st) != 0) {
        return fail(err, dir, errno, "cannot be looked at");
    }
    if (!S_ISDIR(st.st_mode)) {
        return fail(err, dir, ENOTDIR, "cannot hold the state");
    }
    if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        (void)err_set(err, RC_DENIED, "others may write into it, so they could forge the state");
        err_file(err, dir);
        err_hint(err, "chmod 700 %s, and make it yours", dir);
        return RC_DENIED;
    }
    return RC_OK;
}

static enum rc held(const char *path, int fd, struct err *err)
{
    char pid[32] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    (void)err_set(err, RC_DENIED, "another agent (pid %ld) has this state", strtol(pid, NULL, 10));
    err_file(err, path);
    err_hint(err, "each agent needs a --state-dir of its own");
    return RC_DENIED;
}

enum rc store_lock(const char *dir, int *ret_fd, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[STORE_PATH_BYTES];
    char pid[32];
    int len = snprintf(path, sizeof(path), "%s/lock", dir);
    enum rc rc = make_dir(dir, err);
    int fd;

    if (rc != RC_OK) {
        return rc;
    }
    if (len >= (int)sizeof(path)) {
        return fail(err, dir, ENAMETOOLONG, "cannot hold the state");
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(err, path, errno, "cannot be opened");
    }
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        rc = errno == EAGAIN || errno == EACCES ? held(path, fd, err)
                                                : fail(err, path, errno, "cannot be locked");
        (void)close(fd); /* nothing was written */
        return rc;
    }
    len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len) {
        /* A full disk: only the second agent's message is poorer. */
    }
    *ret_fd = fd;
    return RC_OK;
}
