/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a descriptor that somebody else opened (stdin, a program's output): a pipe, a terminal, a
 * file. What is read may be passed on first (copy_to_fd), on the same thread. It stays blocking, as
 * its flags are shared with other processes (a shell would find its terminal changed); a worker
 * thread of its own sits in read() instead.
 *
 * Happy path: one read job at a time; its done callback pushes the bytes and submits the job again.
 * RC_FULL leaves it unsubmitted until source_resume. The end, an error, or a receiver that refuses
 * closes the stream and says SOURCE_ENDED or SOURCE_FAILED. Draining goes on until poll() has said
 * for a moment that a read would wait. Closing leaves a thread that sits in read() behind with its
 * job.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/timer.h"
#include "loop/worker.h"
#include "source/source_internal.h"

#define READ_BYTES ((size_t)64 * 1024)
#define QUIET_MS   5000
/* Bytes that the worker has just read are no more in the pipe and not yet here. */
#define DRAIN_LOOK_MS 20

struct read_job {
    struct worker_job job;
    struct stdin_source *source; /* not to be touched by run and dispose */
    int fd;
    int copy_to_fd;
    ssize_t n;
    int err_no;
    char bytes[READ_BYTES];
};

enum state { WAITING, PAUSED, ENDED };

struct stdin_source {
    struct source source;
    const struct source_ops *ops;
    void *ctx;
    void *stream;
    struct origin origin;
    uint64_t offset;
    int fd;
    bool passes_on; /* to copy_to_fd */
    struct worker *worker;
    struct read_job *job; /* the worker's while waiting */
    struct timer *quiet;
    struct timer *look; /* of a drain, then of the close */
    uint64_t drain_left_ms;
    enum state state;
    bool draining;
    void (*on_drained)(void *ctx);
    void *drain_ctx;
    void (*on_closed)(void *ctx);
    void *close_ctx;
};

/* Who reads there may have gone: then the program goes on, and is watched all the same. */
static void copy(struct read_job *job)
{
    ssize_t done = 0;

    while (job->copy_to_fd >= 0 && done < job->n) {
        ssize_t n = write(job->copy_to_fd, job->bytes + done, (size_t)(job->n - done));
        if (n < 0 && errno == EAGAIN) {
            (void)poll(&(struct pollfd){.fd = job->copy_to_fd, .events = POLLOUT}, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            job->copy_to_fd = -1;
        }
        done += n > 0 ? n : 0;
    }
}

static void on_run(struct worker_job *base)
{
    struct read_job *job = (struct read_job *)base;

    do {
        job->n = read(job->fd, job->bytes, sizeof(job->bytes));
        job->err_no = errno;
        if (job->n < 0 && job->err_no == EAGAIN) { /* somebody made it non-blocking */
            (void)poll(&(struct pollfd){.fd = job->fd, .events = POLLIN}, 1, -1);
        }
    } while (job->n < 0 && (job->err_no == EINTR || job->err_no == EAGAIN));
    copy(job);
}

static void on_dispose(struct worker_job *base)
{
    mem_free(base);
}

static void say_drained(struct stdin_source *in)
{
    if (in->draining) {
        in->draining = false;
        in->on_drained(in->drain_ctx);
    }
}

static void end(struct stdin_source *in, enum source_notice notice, const struct err *err)
{
    in->state = ENDED;
    timer_stop(in->quiet);
    in->ops->on_close(in->ctx, in->stream);
    in->ops->on_notice(in->ctx, notice, &in->origin, err, in->offset, in->offset);
    say_drained(in);
}

static void submit(struct stdin_source *in)
{
    in->state = WAITING;
    worker_submit(in->worker, &in->job->job);
}

static void fail(struct stdin_source *in, enum rc rc, const char *text)
{
    struct err err;

    (void)err_set(&err, rc, "%s", text);
    err_file(&err, in->origin.path.ptr);
    end(in, SOURCE_FAILED, &err);
}

/* What the receiver answered decides how it goes on. */
static void take_answer(struct stdin_source *in, enum rc rc)
{
    if (rc == RC_FULL && !in->passes_on) {
        in->state = PAUSED;
    } else if (rc != RC_OK && rc != RC_FULL) {
        fail(in, rc, rc_text(rc));
    } else {
        submit(in);
    }
}

static bool would_wait(const struct stdin_source *in)
{
    struct pollfd fd = {.fd = in->fd, .events = POLLIN};

    return poll(&fd, 1, 0) == 0;
}

static void on_read(struct worker_job *base)
{
    struct read_job *job = (struct read_job *)base;
    struct stdin_source *in = job->source;
    enum rc rc;

    in->state = PAUSED; /* the job is ours: the receiver may close us from within */
    if (job->n < 0) {
        in->source.stats.read_errors++;
        fail(in, rc_from_errno(job->err_no), strerror(job->err_no));
        return;
    }
    if (job->n == 0) {
        end(in, SOURCE_ENDED, NULL);
        return;
    }
    struct chunk chunk = {&in->origin, span_of(job->bytes, (size_t)job->n), in->offset};
    in->offset += chunk.bytes.len;
    in->source.stats.bytes += chunk.bytes.len;
    timer_start(in->quiet, QUIET_MS, 0);
    rc = in->ops->on_chunk(in->ctx, in->stream, &chunk);
    if (in->state != PAUSED) {
        return; /* closed, or resumed already */
    }
    take_answer(in, rc);
    if (in->draining) {
        timer_start(in->look, DRAIN_LOOK_MS, 0);
    }
}

static void on_silence(void *ctx)
{
    struct stdin_source *in = ctx;
    enum rc rc = in->ops->on_quiet(in->ctx, in->stream);

    /* The job is on its way; what comes of an error or RC_FULL is found at the next chunk. */
    (void)rc;
}

static struct stdin_source *stdin_free(struct stdin_source *in)
{
    if (in != NULL) {
        worker_free(in->worker);
        timer_free(in->quiet);
        timer_free(in->look);
        mem_free(in->job);
        mem_free(in);
    }
    return NULL;
}

static void on_look(void *ctx)
{
    struct stdin_source *in = ctx;

    if (in->on_closed != NULL) {
        void (*on_closed)(void *ctx) = in->on_closed;
        void *close_ctx = in->close_ctx;
        stdin_free(in);
        on_closed(close_ctx);
    } else if (in->state == ENDED || in->drain_left_ms <= DRAIN_LOOK_MS || would_wait(in)) {
        say_drained(in);
    } else {
        in->drain_left_ms -= DRAIN_LOOK_MS;
        timer_start(in->look, DRAIN_LOOK_MS, 0);
    }
}

static void stdin_resume(struct source *source)
{
    struct stdin_source *in = (struct stdin_source *)source;

    if (in->state == PAUSED) {
        submit(in);
    }
}

static void stdin_drain(struct source *source, uint32_t deadline_ms, void (*on_drained)(void *ctx),
                        void *ctx)
{
    struct stdin_source *in = (struct stdin_source *)source;

    in->draining = true;
    in->on_drained = on_drained;
    in->drain_ctx = ctx;
    in->drain_left_ms = deadline_ms;
    timer_start(in->look, in->state == ENDED ? 0 : DRAIN_LOOK_MS, 0);
}

static void stdin_close(struct source *source, void (*on_closed)(void *ctx), void *ctx)
{
    struct stdin_source *in = (struct stdin_source *)source;

    in->on_closed = on_closed;
    in->close_ctx = ctx;
    if (in->state == WAITING) {
        in->job = NULL; /* the worker disposes of it */
    }
    in->worker = worker_free(in->worker);
    if (in->state != ENDED) {
        in->ops->on_close(in->ctx, in->stream);
    }
    in->state = ENDED;
    timer_stop(in->quiet);
    timer_start(in->look, 0, 0); /* not from within the caller: it may hold the source still */
}

static const struct source_kind stdin_kind = {stdin_resume, stdin_drain, stdin_close};

static enum rc stdin_build(struct stdin_source *in, struct loop *loop,
                           const struct stdin_opts *opts)
{
    enum rc rc;

    in->job = mem_calloc(1, sizeof(*in->job));
    if (in->job == NULL) {
        return RC_NOMEM;
    }
    in->job->job = (struct worker_job){.run = on_run, .done = on_read, .dispose = on_dispose};
    in->job->source = in;
    in->job->fd = opts->fd;
    in->job->copy_to_fd = opts->copy_to_fd;
    rc = timer_new(loop, on_silence, in, &in->quiet);
    if (rc == RC_OK) {
        rc = timer_new(loop, on_look, in, &in->look);
    }
    if (rc == RC_OK) {
        rc = worker_new(loop, "stdin", &in->worker);
    }
    if (rc == RC_OK) {
        timer_keep_loop(in->quiet, false);
        rc = in->ops->on_open(in->ctx, &in->origin, 0, &in->stream);
    }
    return rc;
}

enum rc source_open_stdin(struct loop *loop, const struct stdin_opts *opts,
                          const struct source_ops *ops, void *ctx, struct source **ret_source,
                          struct err *err)
{
    struct stdin_source *in = mem_calloc(1, sizeof(*in));
    enum rc rc;

    if (in == NULL) {
        return err_set(err, RC_NOMEM, "cannot read %s: out of memory", opts->name);
    }
    in->source.kind = &stdin_kind;
    in->fd = opts->fd;
    in->passes_on = opts->copy_to_fd >= 0;
    in->ops = ops;
    in->ctx = ctx;
    in->origin =
        (struct origin){.type = opts->type, .path = span_str(opts->name), .rank = RANK_NONE};
    rc = stdin_build(in, loop, opts);
    if (rc != RC_OK) {
        stdin_free(in);
        return err_set(err, rc, "cannot read %s: %s", opts->name, rc_text(rc));
    }
    submit(in);
    *ret_source = &in->source;
    return RC_OK;
}
