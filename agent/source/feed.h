/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of messages share (kmsg, syslog, journal-native): one descriptor on the loop, a
 * batch of messages in one piece of memory, a pause when the receiver is full, reopening with
 * back-off when the descriptor dies, drain and close. A kind starts its struct with a struct feed.
 * Everything is for the loop thread.
 */
#ifndef GPUERR_SOURCE_FEED_H
#define GPUERR_SOURCE_FEED_H

#include "source/source_internal.h"

struct feed;
struct feed_poll;
struct loop;
struct timer;

#define FEED_MESSAGES 256

struct feed_kind {
    size_t read_bytes; /* room that one read needs */
    /* Gives a descriptor that can be polled and is the feed's from then on. */
    enum rc (*open)(struct feed *feed, int *ret_fd, struct err *err);
    /* Reads once into feed_room and adds the messages in it. RC_OK: there may be more; RC_AGAIN:
     * nothing now; else it has died: it is shut and opened anew. */
    enum rc (*read)(struct feed *feed, struct err *err);
    /* Before the descriptor goes, and once more before the memory goes; may come after a failed
     * open. */
    void (*shut)(struct feed *feed);
};

struct feed {
    struct source source;
    const struct feed_kind *kind;
    const struct source_ops *ops;
    void *ctx;
    struct loop *loop;
    void *stream;
    struct origin origin;
    int fd; /* -1 while it is shut */
    struct feed_poll *poll;
    struct timer *timer; /* the first turn, reopening, drain and close */
    struct message *messages;
    size_t n_messages;
    char *bytes;
    size_t size;
    size_t used;
    uint64_t reopen_ms;
    int64_t drain_until_mono_ns;
    enum rc last; /* of the last read */
    bool ready;   /* said, and not failed since */
    bool paused;
    bool ended; /* by a receiver that refused */
    bool closing;
    void (*on_drained)(void *ctx);
    void *drain_ctx;
    void (*on_closed)(void *ctx);
    void *close_ctx;
};

/*
 * Opens feed (zeroed, and from mem_calloc: the feed's to free from now on, also when this fails).
 * name lives as long as the feed.
 */
enum rc feed_open(struct feed *feed, const struct feed_kind *kind, struct loop *loop,
                  const struct origin *origin, const struct source_ops *ops, void *ctx,
                  struct err *err) GPUERR_MUSTCHECK;

/* Free memory of the batch; what is added must lie in it. Valid until the read returns. */
static inline char *feed_room(const struct feed *feed, size_t *ret_len)
{
    *ret_len = feed->size - feed->used;
    return feed->bytes + feed->used;
}

/* Takes len bytes of the room; they stay until the batch is pushed. */
static inline void feed_use(struct feed *feed, size_t len)
{
    feed->used += len;
}

/* Adds a message; what is in the batch is pushed first when it is full. Spans lie in used room. */
void feed_add(struct feed *feed, const struct message *message);

/* Says that input was lost, behind what was added before. */
void feed_lost(struct feed *feed, uint64_t from, uint64_t to, const char *format, ...)
    GPUERR_PRINTF(4, 5);

#endif
