/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where events end: a file descriptor (stdout, or a file) in the JSON or the text form.
 *
 * Written synchronously by default. With `threaded`, a worker of the sink's own writes, so that a
 * reader who is stuck holds up neither the loop nor the inputs until SINK_QUEUE_BYTES are waiting;
 * then push answers RC_FULL ("taken, send no more for now") and on_room is called on the loop when
 * half of it has gone.
 */
#ifndef GPUERR_DELIVER_SINK_H
#define GPUERR_DELIVER_SINK_H

#include "base/err.h"
#include "deliver/format.h"
#include "flow/event.h"

struct loop;
struct sink;

/* When this much waits for a reader, push answers RC_FULL ... */
#define SINK_QUEUE_BYTES ((size_t)1024 * 1024)
/* ... and what comes all the same is taken up to here, then dropped and counted. */
#define SINK_QUEUE_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct sink_opts {
    int fd; /* stays the caller's */
    format_fn *format;
    struct format_opts format_opts; /* labels must outlive the sink */
    struct loop *loop;              /* NULL: write synchronously */
    void (*on_room)(void *ctx);
    /* The reader has gone (RC_CLOSED) or writing fails; nothing more will be written. Called once.
     */
    void (*on_closed)(void *ctx, enum rc rc);
    void *ctx;
};

struct sink_stats {
    uint64_t events;
    uint64_t bytes;
    uint64_t dropped; /* after the sink had closed, or beyond SINK_QUEUE_MAX_BYTES */
};

enum rc sink_new(const struct sink_opts *opts, struct sink **ret_sink) GPUERR_MUSTCHECK;

/* RC_OK, RC_FULL, RC_CLOSED (the reader is gone), RC_LIMIT (dropped), RC_NOMEM or RC_IO. */
enum rc sink_push(struct sink *sink, const struct event *event) GPUERR_MUSTCHECK;

/* A line that was rendered in an earlier run; answers as sink_push. */
enum rc sink_push_line(struct sink *sink, struct span line) GPUERR_MUSTCHECK;

/* Everything that was pushed is written. */
bool sink_is_idle(const struct sink *sink);

/* Threaded: calls on_flushed(ctx) on the loop when all that was pushed is written or the sink has
 * closed. Otherwise at once. */
void sink_flush(struct sink *sink, void (*on_flushed)(void *ctx), void *ctx);

/* Ends it without waiting for what is queued or being written (flush first). NULL is fine. */
void sink_close(struct sink *sink);

const struct sink_stats *sink_peek_stats(const struct sink *sink);

#endif
