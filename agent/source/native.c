/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speaks journald's native protocol: a datagram is an entry, or it carries a descriptor (a memfd or
 * a file) in which the entry lies. The descriptor is read, never mapped, as its owner may cut it;
 * only regular files on local file systems are. Entries above ENTRY_BYTES and malformed ones are
 * counted and left out.
 */
#include "source/native.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/feed.h"
#include "source/listen.h"
#include "source/native_entry.h"

#define ENTRY_BYTES ((size_t)2 * 1024 * 1024)

struct native {
    struct feed feed;
    uint64_t count;
};

/* Reading from a file system that its sender serves could hang. */
static bool is_local(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 &&
           (fs.f_type == TMPFS_MAGIC || fs.f_type == EXT4_SUPER_MAGIC ||
            fs.f_type == XFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC);
}

/* As many bytes as the file has, or 0. */
static size_t read_passed(int fd, char *to)
{
    struct stat st;
    size_t len = 0;
    ssize_t n = 1;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !is_local(fd) ||
        st.st_size > (off_t)ENTRY_BYTES) {
        return 0;
    }
    while (n > 0 && len < (size_t)st.st_size) {
        n = pread(fd, to + len, (size_t)st.st_size - len, (off_t)len);
        len += n > 0 ? (size_t)n : 0;
    }
    return len;
}

static void add(struct native *native, struct span bytes)
{
    struct native_entry entry;

    if (native_parse(bytes, &entry) != RC_OK) {
        native->feed.source.stats.bad_messages++;
        return;
    }
    feed_add(&native->feed, &(struct message){.text = entry.message,
                                              .offset = native->count++,
                                              .log_wall_ns = clock_wall_ns(),
                                              .unit = entry.identifier});
}

static enum rc native_read(struct feed *feed, struct err *err)
{
    struct native *native = (struct native *)feed;
    size_t room;
    char *to = feed_room(feed, &room);
    struct datagram datagram = listen_receive(feed->fd, to, ENTRY_BYTES);
    size_t len;

    if (datagram.n < 0) {
        return errno == EAGAIN  ? RC_AGAIN
               : errno == EINTR ? RC_OK
                                : err_set(err, rc_from_errno(errno), "%s", strerror(errno));
    }
    len = (size_t)datagram.n;
    if (datagram.fd >= 0) {
        len = len == 0 ? read_passed(datagram.fd, to) : len;
        (void)close(datagram.fd);
    }
    feed_use(feed, len);
    add(native, span_of(to, len));
    return RC_OK;
}

static enum rc native_open(struct feed *feed, int *ret_fd, struct err *err)
{
    return listen_open(feed->origin.path.ptr, ret_fd, err);
}

static void native_shut(struct feed *feed)
{
    (void)feed;
}

static const struct feed_kind native_kind = {ENTRY_BYTES, native_open, native_read, native_shut};

enum rc source_open_journal_native(struct loop *loop, const struct native_opts *opts,
                                   const struct source_ops *ops, void *ctx,
                                   struct source **ret_source, struct err *err)
{
    struct native *native = mem_calloc(1, sizeof(*native));
    struct origin origin = {
        .type = SOURCE_JOURNAL_NATIVE, .path = span_str(opts->path), .rank = RANK_NONE};
    enum rc rc;

    if (native == NULL) {
        return err_set(err, RC_NOMEM, "cannot read %s: out of memory", opts->path);
    }
    rc = feed_open(&native->feed, &native_kind, loop, &origin, ops, ctx, err);
    if (rc == RC_OK) {
        *ret_source = &native->feed.source;
    }
    return rc;
}
