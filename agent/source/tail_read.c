/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: never blocking (a FIFO would), never a controlling terminal, then fstat: what was found
 * under the name a moment ago must still be there, and be a regular file. The watch is on the inode
 * through /proc/self/fd, so it stays with the file under whatever name. It is set before the first
 * read, so no change falls between them.
 *
 * Reading: first the bytes, then the comparison. A file that was rewritten before the comparison is
 * found out by it, and one that is rewritten after it was whole when it was read.
 */
#include "source/tail_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "source/mounts.h"

/* An unfinished line longer than this is not looked for. */
#define LINE_LOOK_BYTES ((size_t)64 * 1024)

#define PATH_BYTES 4096

#define FILE_EVENTS (IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB)

/* pread until all of n bytes, the end of the file, or an error (-1). */
static ssize_t read_at(int fd, char *to, size_t n, uint64_t offset)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(fd, to + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return done > 0 ? (ssize_t)done : -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

void tail_mark_advance(struct tail_mark *mark, struct span bytes)
{
    size_t keep = bytes.len < TAIL_TRACE_BYTES ? bytes.len : TAIL_TRACE_BYTES;
    size_t old = TAIL_TRACE_BYTES - keep;

    if (mark->head_len == mark->offset && mark->head_len < ORIGIN_HEAD_BYTES) {
        size_t room = ORIGIN_HEAD_BYTES - mark->head_len;
        size_t n = bytes.len < room ? bytes.len : room;
        memcpy(mark->head + mark->head_len, bytes.ptr, n);
        mark->head_len += (uint32_t)n;
    }
    if (old > mark->trace_len) {
        old = mark->trace_len;
    }
    memmove(mark->trace, mark->trace + mark->trace_len - old, old);
    memcpy(mark->trace + old, bytes.ptr + bytes.len - keep, keep);
    mark->trace_len = (uint32_t)(old + keep);
    mark->offset += bytes.len;
}

/* The start of the line that is unfinished at end, or end. */
static uint64_t find_line_start(int fd, uint64_t end)
{
    char bytes[4096];
    uint64_t low = end > LINE_LOOK_BYTES ? end - LINE_LOOK_BYTES : 0;

    for (uint64_t at = end; at > low;) {
        size_t n = at - low < sizeof(bytes) ? (size_t)(at - low) : sizeof(bytes);
        if (read_at(fd, bytes, n, at - n) != (ssize_t)n) {
            return end;
        }
        for (size_t i = n; i > 0; i--) {
            if (bytes[i - 1] == '\n' || bytes[i - 1] == '\r') {
                return at - n + i;
            }
        }
        at -= n;
    }
    return low == 0 ? 0 : end;
}

/* Fills mark for a position that was not reached by reading. */
static int set_mark(int fd, uint64_t offset, struct tail_mark *mark)
{
    size_t head = offset < ORIGIN_HEAD_BYTES ? (size_t)offset : ORIGIN_HEAD_BYTES;
    size_t trace = offset < TAIL_TRACE_BYTES ? (size_t)offset : TAIL_TRACE_BYTES;
    ssize_t n;

    *mark = (struct tail_mark){.offset = offset};
    n = read_at(fd, mark->head, head, 0);
    if (n < 0) {
        return errno;
    }
    mark->head_len = (uint32_t)n;
    n = read_at(fd, mark->trace, trace, offset - trace);
    if (n < 0) {
        return errno;
    }
    mark->trace_len = n == (ssize_t)trace ? (uint32_t)n : 0;
    return 0;
}

static void watch_file(struct tail_open *open_file)
{
    char path[64];
    struct statfs fs;

    if (open_file->inotify_fd >= 0 && fstatfs(open_file->fd, &fs) == 0 &&
        mounts_notifies((unsigned long)fs.f_type)) {
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", open_file->fd); /* fits any int */
        open_file->wd = inotify_add_watch(open_file->inotify_fd, path, FILE_EVENTS);
        open_file->unwatched = open_file->wd < 0;
    }
}

static bool open_begun(struct tail_open *open_file)
{
    struct stat st;
    uint64_t start;

    if (fstat(open_file->fd, &st) != 0) {
        open_file->err_no = errno;
        return false;
    }
    if (!S_ISREG(st.st_mode) || st.st_dev != open_file->device || st.st_ino != open_file->inode) {
        return false;
    }
    if (open_file->known.offset > 0) {
        open_file->mark = open_file->known; /* the first read compares it with what is there */
        watch_file(open_file);
        return true;
    }
    start = open_file->end < (uint64_t)st.st_size ? open_file->end : (uint64_t)st.st_size;
    start = find_line_start(open_file->fd, start);
    open_file->err_no = set_mark(open_file->fd, start, &open_file->mark);
    if (open_file->err_no != 0) {
        return false;
    }
    watch_file(open_file);
    return true;
}

static void open_path(struct tail_open *open_file, const char *path)
{
    open_file->err_no = 0;
    open_file->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (open_file->fd < 0) {
        open_file->err_no = errno;
    } else if (!open_begun(open_file)) {
        (void)close(open_file->fd); /* only read from */
        open_file->fd = -1;
    }
}

/* The file was renamed between the scan and now: it is looked for among its former neighbours. */
static void open_renamed(struct tail_open *open_file)
{
    const char *slash = strrchr(open_file->path, '/');
    int len = slash != NULL ? (int)(slash + 1 - open_file->path) : 0;
    char path[PATH_BYTES];
    DIR *dir;

    (void)snprintf(path, sizeof(path), "%.*s.", len, open_file->path); /* cut: no such directory */
    dir = opendir(path);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *item = readdir(dir); item != NULL && open_file->fd < 0;
         item = readdir(dir)) {
        if (item->d_ino == open_file->inode &&
            snprintf(path, sizeof(path), "%.*s%s", len, open_file->path, item->d_name) <
                (int)sizeof(path)) {
            open_path(open_file, path);
        }
    }
    (void)closedir(dir); /* only read from */
}

void tail_open_file(struct tail_open *open_file)
{
    open_file->wd = -1;
    open_file->unwatched = false;
    open_path(open_file, open_file->path);
    if (open_file->fd < 0 && (open_file->err_no == 0 || open_file->err_no == ENOENT)) {
        open_renamed(open_file);
    }
}

/* Compares what lies at offset with bytes: 1 same, 0 not, -1 cannot be read (errno). */
static int compare_at(int fd, uint64_t offset, const char *bytes, size_t n)
{
    char have[ORIGIN_HEAD_BYTES];
    ssize_t got = read_at(fd, have, n, offset);

    if (got < 0) {
        return -1;
    }
    return (size_t)got == n && memcmp(have, bytes, n) == 0;
}

/* Whether the bytes before the mark are still what they were, as compare_at. */
static int compare_mark(int fd, const struct tail_mark *mark)
{
    int same = compare_at(fd, 0, mark->head, mark->head_len);

    return same != 1 ? same
                     : compare_at(fd, mark->offset - mark->trace_len, mark->trace, mark->trace_len);
}

/* A writer that keeps its position over a truncation leaves a hole before it: nothing was written
 * there. */
static void skip_hole(struct tail_read *read_file)
{
    off_t data = lseek(read_file->fd, 0, SEEK_DATA);

    if (data > 0) {
        read_file->mark.offset = (uint64_t)data;
    }
}

void tail_read_file(struct tail_read *read_file)
{
    struct tail_mark *mark = &read_file->mark;
    struct stat st;
    ssize_t n;
    int same;

    if (read_file->rewritten && mark->offset == 0) {
        skip_hole(read_file);
    }
    read_file->rewritten = false;
    read_file->n = 0;
    read_file->err_no = 0;
    n = read_at(read_file->fd, read_file->bytes, read_file->cap, mark->offset);
    if (n < 0 || fstat(read_file->fd, &st) != 0) {
        read_file->err_no = errno;
        return;
    }
    read_file->size = (uint64_t)st.st_size;
    same = read_file->size < mark->offset ? 0 : compare_mark(read_file->fd, mark);
    if (same == 1) {
        read_file->n = (size_t)n;
    } else if (same == 0) {
        read_file->rewritten = true;
    } else {
        read_file->err_no = errno;
    }
}
