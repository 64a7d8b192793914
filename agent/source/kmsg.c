/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads /dev/kmsg: one read is one record, in the order of their sequence numbers. A number that is
 * skipped, and EPIPE (the ring went over us), is lost input. Where it goes on after a restart is
 * `BOOTID:SEQUENCE`; after a boot the sequence starts anew, so everything since is read, and what
 * was unread at the end of the old boot is lost.
 *
 * Only facility 0 is the kernel's word: anybody with the right to may write into /dev/kmsg.
 */
#include "source/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/feed.h"
#include "source/kmsg_record.h"

/* The kernel's record is at most 1 KiB of text, each byte of which may be escaped, and a prefix. */
#define RECORD_BYTES ((size_t)8192)
/* What a read gives, and a cursor for each record in it, the shortest of which has 9 bytes. */
#define READ_BYTES   (16 * RECORD_BYTES)
#define BOOT_BYTES   37
#define CURSOR_BYTES 64

struct kmsg {
    struct feed feed;
    char boot[BOOT_BYTES];
    uint64_t next; /* the sequence number to come, once known */
    bool known;
    bool caught_up; /* what was there at the first start is behind us */
    bool history;   /* and is not news */
    bool from_end;
    size_t n_rest; /* of a record that is not whole (a FIFO cuts anywhere) */
    char rest[RECORD_BYTES];
};

static void read_boot_id(char boot[BOOT_BYTES])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, boot, BOOT_BYTES - 1) : 0;

    boot[n > 0 ? n : 0] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
}

static enum rc kmsg_open(struct feed *feed, int *ret_fd, struct err *err)
{
    struct kmsg *kmsg = (struct kmsg *)feed;
    int fd = open(feed->origin.path.ptr, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        enum rc rc = rc_from_errno(errno);
        (void)err_set(err, rc, "%s", strerror(errno));
        if (rc == RC_DENIED) {
            err_hint(err, "kernel.dmesg_restrict is set: give it CAP_SYSLOG");
        }
        return rc;
    }
    if (kmsg->from_end) {
        (void)lseek(fd, 0, SEEK_END); /* a FIFO has no end and no beginning */
    }
    kmsg->from_end = false;
    kmsg->n_rest = 0;
    *ret_fd = fd;
    return RC_OK;
}

static void kmsg_shut(struct feed *feed)
{
    (void)feed;
}

static void note_sequence(struct kmsg *kmsg, uint64_t sequence)
{
    if (kmsg->known && sequence > kmsg->next) {
        kmsg->feed.source.stats.lost_messages += sequence - kmsg->next;
        feed_lost(&kmsg->feed, kmsg->next, sequence, "%llu kernel messages were overwritten unread",
                  (unsigned long long)(sequence - kmsg->next));
    }
    kmsg->known = true;
    kmsg->next = sequence + 1;
}

/* The cursor stands behind the records, in the same room. */
static struct span write_cursor(struct kmsg *kmsg, uint64_t sequence)
{
    size_t room;
    char *to = feed_room(&kmsg->feed, &room);
    int n = snprintf(to, room < CURSOR_BYTES ? room : CURSOR_BYTES, "%s:%llu", kmsg->boot,
                     (unsigned long long)sequence);

    feed_use(&kmsg->feed, (size_t)n);
    return span_of(to, (size_t)n);
}

static void add(struct kmsg *kmsg, const struct kmsg_record *record)
{
    /* After reopening the ring starts with what was handled. */
    if (kmsg->known && record->sequence < kmsg->next) {
        return;
    }
    note_sequence(kmsg, record->sequence);
    feed_add(&kmsg->feed,
             &(struct message){
                 .text = record->text,
                 .offset = record->sequence,
                 .log_wall_ns = clock_wall_ns() - clock_mono_ns() + (int64_t)record->mono_us * 1000,
                 .kernel = record->facility == 0,
                 .replayed = kmsg->history && !kmsg->caught_up,
                 .cursor = write_cursor(kmsg, record->sequence),
             });
}

/* Takes the records in bytes; the beginning of one that is not whole stays for the next read. */
static void take_records(struct kmsg *kmsg, char *bytes, size_t len)
{
    struct kmsg_record record;
    size_t taken;
    enum rc rc = RC_OK;

    while (len > 0 && rc != RC_AGAIN) {
        rc = kmsg_take_record(bytes, len, &taken, &record);
        if (rc == RC_OK) {
            add(kmsg, &record);
        }
        if (rc != RC_AGAIN) {
            kmsg->feed.source.stats.bad_messages += rc != RC_OK;
            bytes += taken;
            len -= taken;
        }
    }
    kmsg->n_rest = len < RECORD_BYTES / 2 ? len : 0;
    kmsg->feed.source.stats.bad_messages += len != kmsg->n_rest;
    memcpy(kmsg->rest, bytes, kmsg->n_rest);
}

static enum rc kmsg_read(struct feed *feed, struct err *err)
{
    struct kmsg *kmsg = (struct kmsg *)feed;
    size_t room;
    char *bytes = feed_room(feed, &room);
    ssize_t n;

    memcpy(bytes, kmsg->rest, kmsg->n_rest);
    n = read(feed->fd, bytes + kmsg->n_rest, RECORD_BYTES);
    if (n > 0) {
        size_t len = kmsg->n_rest + (size_t)n;
        feed_use(feed, len);
        take_records(kmsg, bytes, len);
        return RC_OK;
    }
    if (n < 0 && (errno == EPIPE || errno == EINTR)) {
        return RC_OK; /* the next read gives the oldest that is left; its number tells the loss */
    }
    if (n < 0 && errno == EAGAIN) {
        kmsg->caught_up = true;
        return RC_AGAIN;
    }
    return n == 0 ? err_set(err, RC_EOF, "has ended")
                  : err_set(err, rc_from_errno(errno), "%s", strerror(errno));
}

/* Behind the cursor of an earlier run; true when it is of this boot. */
static bool resume(struct kmsg *kmsg, const char *cursor)
{
    size_t len = strlen(kmsg->boot);
    char *end;

    if (len == 0 || strncmp(cursor, kmsg->boot, len) != 0 || cursor[len] != ':') {
        return false;
    }
    kmsg->next = strtoull(cursor + len + 1, &end, 10) + 1;
    kmsg->known = *end == '\0';
    return kmsg->known;
}

static const struct feed_kind kmsg_kind = {READ_BYTES, kmsg_open, kmsg_read, kmsg_shut};

enum rc source_open_kmsg(struct loop *loop, const struct kmsg_opts *opts,
                         const struct source_ops *ops, void *ctx, struct source **ret_source,
                         struct err *err)
{
    struct kmsg *kmsg = mem_calloc(1, sizeof(*kmsg));
    const char *path = opts->path != NULL ? opts->path : "/dev/kmsg";
    struct origin origin = {.type = SOURCE_KMSG, .path = span_str(path), .rank = RANK_NONE};
    bool other_boot;
    enum rc rc;

    if (kmsg == NULL) {
        return err_set(err, RC_NOMEM, "cannot read %s: out of memory", path);
    }
    read_boot_id(kmsg->boot);
    other_boot = opts->resume_cursor != NULL && !resume(kmsg, opts->resume_cursor);
    kmsg->history = opts->resume_cursor == NULL && opts->from == TAIL_FROM_START;
    kmsg->from_end = opts->resume_cursor == NULL && opts->from == TAIL_FROM_END;
    rc = feed_open(&kmsg->feed, &kmsg_kind, loop, &origin, ops, ctx, err);
    if (rc != RC_OK) {
        return rc;
    }
    if (other_boot) {
        feed_lost(&kmsg->feed, 0, 0,
                  "the machine was booted since: the last kernel messages of "
                  "the boot before may be unread");
    }
    *ret_source = &kmsg->feed.source;
    return RC_OK;
}
