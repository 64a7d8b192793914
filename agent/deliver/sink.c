/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event is rendered once, a line end is added, and the bytes go out whole.
 *
 * With a loop there are two buffers: events are appended to `pending`, while a worker writes the
 * other one; when it comes back, they change places. So a burst costs few large writes, a lone
 * event leaves at once, and a reader who is stuck holds only the worker. sink_close does not wait
 * for it: the job then frees itself whenever the write returns.
 */
#include "deliver/sink.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/worker.h"

struct write_job {
    struct worker_job job; /* first: worker.h hands this back */
    struct sink *sink;
    int fd;
    struct buf bytes;
    enum rc rc;
};

struct sink {
    struct sink_opts opts;
    struct sink_stats stats;
    struct buf event;   /* the one being rendered */
    struct buf pending; /* waits for the worker */
    struct worker *worker;
    struct write_job *job; /* NULL without a loop */
    bool writing;          /* job is with the worker */
    bool closed;
    bool full; /* RC_FULL was answered, on_room not yet called */
    void (*on_flushed)(void *ctx);
    void *flush_ctx;
};

static enum rc write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n >= 0) {
            bytes = span_from(bytes, (size_t)n);
        } else if (errno == EAGAIN) {
            /* Somebody made the descriptor non-blocking; wait as a blocking one would. */
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            (void)poll(&ready, 1, -1); /* whatever it says, the next write tells */
        } else if (errno != EINTR) {
            return rc_from_errno(errno);
        }
    }
    return RC_OK;
}

static void on_write_run(struct worker_job *base)
{
    struct write_job *job = (struct write_job *)base;

    job->rc = write_all(job->fd, buf_span(&job->bytes));
}

static void on_write_dispose(struct worker_job *base)
{
    struct write_job *job = (struct write_job *)base;

    buf_fini(&job->bytes);
    mem_free(job);
}

static void close_output(struct sink *sink, enum rc rc)
{
    if (!sink->closed) {
        sink->closed = true;
        if (sink->opts.on_closed != NULL) {
            sink->opts.on_closed(sink->opts.ctx, rc);
        }
    }
}

static void start_write(struct sink *sink)
{
    struct write_job *job = sink->job;
    struct buf empty = job->bytes;

    if (sink->writing || sink->closed || sink->pending.len == 0) {
        return;
    }
    job->bytes = sink->pending;
    sink->pending = empty;
    buf_clear(&sink->pending);
    sink->writing = true;
    worker_submit(sink->worker, &job->job);
}

static void tell_flushed(struct sink *sink)
{
    void (*on_flushed)(void *ctx) = sink->on_flushed;

    if (on_flushed != NULL && !sink->writing && (sink->closed || sink->pending.len == 0)) {
        sink->on_flushed = NULL;
        on_flushed(sink->flush_ctx);
    }
}

/* Both callbacks at the end may close the sink: nothing of it is touched behind them. */
static void on_write_done(struct worker_job *base)
{
    struct write_job *job = (struct write_job *)base;
    struct sink *sink = job->sink;

    sink->writing = false;
    if (job->rc != RC_OK) {
        close_output(sink, job->rc);
        return;
    }
    start_write(sink);
    if (sink->full && sink->pending.len <= SINK_QUEUE_BYTES / 2) {
        sink->full = false;
        if (sink->opts.on_room != NULL) {
            sink->opts.on_room(sink->opts.ctx);
        }
    }
    tell_flushed(sink);
}

static enum rc start_worker(struct sink *sink)
{
    struct write_job *job = mem_calloc(1, sizeof(*job));
    enum rc rc;

    if (job == NULL) {
        return RC_NOMEM;
    }
    rc = worker_new(sink->opts.loop, "output", &sink->worker);
    if (rc != RC_OK) {
        mem_free(job);
        return rc;
    }
    *job = (struct write_job){
        .job = {.run = on_write_run, .done = on_write_done, .dispose = on_write_dispose},
        .sink = sink,
        .fd = sink->opts.fd,
    };
    buf_init(&job->bytes, SINK_QUEUE_MAX_BYTES);
    sink->job = job;
    return RC_OK;
}

enum rc sink_new(const struct sink_opts *opts, struct sink **ret_sink)
{
    struct sink *sink = mem_calloc(1, sizeof(*sink));

    if (sink == NULL) {
        return RC_NOMEM;
    }
    sink->opts = *opts;
    /* A rendering that overshoots its limit is measured before it is refused. */
    buf_init(&sink->event, 4 * FORMAT_JSON_MAX_BYTES);
    buf_init(&sink->pending, SINK_QUEUE_MAX_BYTES);
    if (opts->loop != NULL) {
        enum rc rc = start_worker(sink);
        if (rc != RC_OK) {
            mem_free(sink);
            return rc;
        }
    }
    *ret_sink = sink;
    return RC_OK;
}

static enum rc push_rendered(struct sink *sink)
{
    struct span bytes = buf_span(&sink->event);

    if (sink->job == NULL) {
        enum rc rc = write_all(sink->opts.fd, bytes);
        if (rc != RC_OK) {
            close_output(sink, rc);
        }
        return rc;
    }
    buf_add(&sink->pending, bytes);
    if (buf_rc(&sink->pending) != RC_OK) {
        enum rc rc = buf_rc(&sink->pending) == RC_TOO_BIG ? RC_LIMIT : RC_NOMEM;
        sink->pending.rc = RC_OK; /* what was queued before is whole */
        sink->stats.dropped++;
        return rc;
    }
    start_write(sink);
    if (sink->pending.len > SINK_QUEUE_BYTES) {
        sink->full = true;
        return RC_FULL;
    }
    return RC_OK;
}

/* What stands in sink->event, with its line end. */
static enum rc push_line(struct sink *sink)
{
    buf_add_char(&sink->event, '\n');
    if (buf_rc(&sink->event) != RC_OK) {
        return buf_rc(&sink->event);
    }
    sink->stats.events++;
    sink->stats.bytes += sink->event.len;
    return push_rendered(sink);
}

enum rc sink_push(struct sink *sink, const struct event *event)
{
    enum rc rc;

    if (sink->closed) {
        sink->stats.dropped++;
        return RC_CLOSED;
    }
    buf_clear(&sink->event);
    rc = sink->opts.format(event, &sink->opts.format_opts, &sink->event);
    if (rc != RC_OK || sink->event.len == 0) {
        return rc; /* a form may have nothing to say of an event */
    }
    return push_line(sink);
}

enum rc sink_push_line(struct sink *sink, struct span line)
{
    if (sink->closed) {
        sink->stats.dropped++;
        return RC_CLOSED;
    }
    buf_clear(&sink->event);
    buf_add(&sink->event, line);
    return push_line(sink);
}

bool sink_is_idle(const struct sink *sink)
{
    return !sink->writing && sink->pending.len == 0;
}

void sink_flush(struct sink *sink, void (*on_flushed)(void *ctx), void *ctx)
{
    sink->on_flushed = on_flushed;
    sink->flush_ctx = ctx;
    tell_flushed(sink);
}

void sink_close(struct sink *sink)
{
    if (sink == NULL) {
        return;
    }
    if (sink->job != NULL) {
        bool with_worker = sink->writing;
        worker_free(sink->worker);
        if (!with_worker) {
            on_write_dispose(&sink->job->job);
        }
    }
    buf_fini(&sink->event);
    buf_fini(&sink->pending);
    mem_free(sink);
}

const struct sink_stats *sink_peek_stats(const struct sink *sink)
{
    return &sink->stats;
}
