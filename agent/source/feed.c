/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One descriptor, polled by the loop. Each time it is readable a turn reads until nothing is left
 * or the batch is full, and pushes; the loop comes back for the rest, so that a flood starves
 * nobody. RC_FULL stops the polling until source_resume.
 *
 * A descriptor that dies is told once (SOURCE_FAILED) and opened anew after 1 s, 2 s ... 60 s until
 * it works again (SOURCE_READY). A receiver that refuses ends it for good.
 */
#include "source/feed.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"

#define FEED_BYTES     ((size_t)256 * 1024) /* at least; and two reads */
#define REOPEN_MS      1000
#define REOPEN_MOST_MS 60000
#define DRAIN_LOOK_MS  20

/* Outlives the feed: libuv gives a handle back with a later turn. */
struct feed_poll {
    uv_poll_t handle;
    int fd;
};

static void on_poll(uv_poll_t *handle, int status, int events);

static void on_poll_closed(uv_handle_t *handle)
{
    struct feed_poll *poll = (struct feed_poll *)handle;

    (void)close(poll->fd);
    mem_free(poll);
}

static void shut(struct feed *feed)
{
    if (feed->poll != NULL) {
        feed->kind->shut(feed);
        uv_close((uv_handle_t *)&feed->poll->handle, on_poll_closed);
        feed->poll = NULL;
        feed->fd = -1;
    }
}

static void poll_on(struct feed *feed)
{
    if (feed->poll != NULL && !feed->paused) {
        (void)uv_poll_start(&feed->poll->handle, UV_READABLE, on_poll); /* the handle is valid */
    }
}

static enum rc open_once(struct feed *feed, struct err *err)
{
    struct feed_poll *poll = mem_calloc(1, sizeof(*poll));
    int fd = -1;
    int status;
    enum rc rc =
        poll != NULL ? feed->kind->open(feed, &fd, err) : err_set(err, RC_NOMEM, "out of memory");

    if (rc != RC_OK) {
        mem_free(poll);
        return rc;
    }
    status = uv_poll_init(loop_uv(feed->loop), &poll->handle, fd);
    if (status != 0) {
        feed->kind->shut(feed);
        (void)close(fd);
        mem_free(poll);
        return err_set(err, loop_rc(status), "cannot be polled: %s", uv_strerror(status));
    }
    poll->fd = fd;
    poll->handle.data = feed;
    feed->poll = poll;
    feed->fd = fd;
    return RC_OK;
}

static void say_drained(struct feed *feed)
{
    void (*on_drained)(void *ctx) = feed->on_drained;

    if (on_drained != NULL) {
        feed->on_drained = NULL;
        on_drained(feed->drain_ctx);
    }
}

static void notice(struct feed *feed, enum source_notice what, const struct err *err)
{
    feed->ops->on_notice(feed->ctx, what, &feed->origin, err, 0, 0);
}

/* Told once; then it is tried in silence. */
static void fail(struct feed *feed, struct err *err)
{
    bool told = !feed->ready;

    shut(feed);
    feed->source.stats.read_errors++;
    feed->ready = false;
    if (!told) {
        err_file(err, feed->origin.path.ptr);
        notice(feed, SOURCE_FAILED, err);
    }
    if (!feed->closing && !feed->ended && feed->on_drained == NULL) {
        timer_start(feed->timer, feed->reopen_ms, 0);
    }
    feed->reopen_ms = 2 * feed->reopen_ms < REOPEN_MOST_MS ? 2 * feed->reopen_ms : REOPEN_MOST_MS;
}

/* What the receiver answers decides how it goes on. */
static void push(struct feed *feed)
{
    size_t n = feed->n_messages;
    struct err err;
    enum rc rc;

    feed->n_messages = 0;
    if (n == 0 || feed->closing || feed->ended) {
        return;
    }
    rc = feed->ops->on_messages(feed->ctx, feed->stream, feed->messages, n);
    if (rc == RC_FULL) {
        feed->paused = true;
    } else if (rc != RC_OK) {
        feed->ended = true;
        (void)err_set(&err, rc, "%s", rc_text(rc));
        fail(feed, &err);
    }
}

void feed_add(struct feed *feed, const struct message *message)
{
    if (feed->n_messages == FEED_MESSAGES) {
        push(feed);
    }
    feed->messages[feed->n_messages++] = *message;
    feed->source.stats.bytes += message->text.len;
}

void feed_lost(struct feed *feed, uint64_t from, uint64_t to, const char *format, ...)
{
    struct err err;
    char text[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    push(feed);
    (void)err_set(&err, RC_LIMIT, "%s", text);
    err_file(&err, feed->origin.path.ptr);
    if (!feed->closing) {
        feed->ops->on_notice(feed->ctx, SOURCE_LOST, &feed->origin, &err, from, to);
    }
}

static void turn(struct feed *feed)
{
    struct err err;

    err_clear(&err);
    feed->last = RC_OK;
    feed->used = 0;
    while (feed->last == RC_OK && feed->fd >= 0 && feed->n_messages < FEED_MESSAGES &&
           feed->size - feed->used >= feed->kind->read_bytes) {
        feed->last = feed->kind->read(feed, &err);
    }
    push(feed);
    if (feed->last != RC_OK && feed->last != RC_AGAIN && !feed->ended && !feed->closing) {
        fail(feed, &err);
    }
    if (feed->paused && feed->poll != NULL) {
        (void)uv_poll_stop(&feed->poll->handle);
    }
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)events;
    (void)status; /* the read that follows finds out */
    turn(handle->data);
}

static void feed_free(struct feed *feed)
{
    shut(feed);
    timer_free(feed->timer);
    mem_free(feed->messages);
    mem_free(feed->bytes);
    mem_free(feed);
}

static void finish(struct feed *feed)
{
    void (*on_closed)(void *ctx) = feed->on_closed;
    void *ctx = feed->close_ctx;

    feed_free(feed);
    on_closed(ctx);
}

static void look_at_drain(struct feed *feed)
{
    if (!feed->paused && feed->fd >= 0) {
        turn(feed);
    }
    if (feed->fd < 0 || clock_mono_ns() >= feed->drain_until_mono_ns ||
        (!feed->paused && feed->last == RC_AGAIN)) {
        say_drained(feed);
    } else {
        timer_start(feed->timer, feed->paused ? DRAIN_LOOK_MS : 0, 0);
    }
}

static void reopen(struct feed *feed)
{
    struct err err;

    err_clear(&err);
    if (feed->poll == NULL && open_once(feed, &err) != RC_OK) {
        fail(feed, &err);
        return;
    }
    poll_on(feed);
    feed->ready = true;
    feed->reopen_ms = REOPEN_MS;
    notice(feed, SOURCE_READY, NULL);
}

static void on_timer(void *ctx)
{
    struct feed *feed = ctx;

    if (feed->closing) {
        finish(feed);
    } else if (feed->on_drained != NULL) {
        look_at_drain(feed);
    } else if (!feed->ready && !feed->ended) {
        reopen(feed);
    }
}

static void feed_resume(struct source *source)
{
    struct feed *feed = (struct feed *)source;

    feed->paused = false;
    poll_on(feed);
}

static void feed_drain(struct source *source, uint32_t deadline_ms, void (*on_drained)(void *ctx),
                       void *ctx)
{
    struct feed *feed = (struct feed *)source;

    feed->on_drained = on_drained;
    feed->drain_ctx = ctx;
    feed->drain_until_mono_ns = clock_mono_ns() + (int64_t)deadline_ms * CLOCK_NS_PER_MS;
    timer_start(feed->timer, 0, 0);
}

static void feed_close(struct source *source, void (*on_closed)(void *ctx), void *ctx)
{
    struct feed *feed = (struct feed *)source;

    feed->closing = true;
    feed->on_closed = on_closed;
    feed->close_ctx = ctx;
    if (feed->poll != NULL) {
        (void)uv_poll_stop(&feed->poll->handle);
    }
    feed->ops->on_close(feed->ctx, feed->stream);
    timer_start(feed->timer, 0, 0); /* not from within the caller: it may hold the source still */
}

static const struct source_kind feed_source = {feed_resume, feed_drain, feed_close};

static enum rc build(struct feed *feed)
{
    enum rc rc;

    feed->size = 2 * feed->kind->read_bytes > FEED_BYTES ? 2 * feed->kind->read_bytes : FEED_BYTES;
    feed->bytes = mem_calloc(feed->size, 1);
    feed->messages = mem_calloc(FEED_MESSAGES, sizeof(*feed->messages));
    if (feed->bytes == NULL || feed->messages == NULL) {
        return RC_NOMEM;
    }
    rc = timer_new(feed->loop, on_timer, feed, &feed->timer);
    return rc;
}

enum rc feed_open(struct feed *feed, const struct feed_kind *kind, struct loop *loop,
                  const struct origin *origin, const struct source_ops *ops, void *ctx,
                  struct err *err)
{
    enum rc rc;

    feed->source.kind = &feed_source;
    feed->kind = kind;
    feed->loop = loop;
    feed->origin = *origin;
    feed->ops = ops;
    feed->ctx = ctx;
    feed->fd = -1;
    feed->reopen_ms = REOPEN_MS;
    rc = build(feed);
    if (rc != RC_OK) {
        (void)err_set(err, rc, "%s", rc_text(rc));
    } else {
        rc = open_once(feed, err);
    }
    if (rc == RC_OK) {
        rc = ops->on_open(ctx, &feed->origin, 0, &feed->stream);
        if (rc != RC_OK) {
            (void)err_set(err, rc, "%s", rc_text(rc));
        }
    }
    if (rc != RC_OK) {
        err_wrap(err, "cannot read %s", origin->path.ptr);
        feed_free(feed);
        return rc;
    }
    timer_start(feed->timer, 0, 0);
    return RC_OK;
}
