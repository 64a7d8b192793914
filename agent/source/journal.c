/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a journal. libsystemd reads files, so a worker thread does that (journal_read.h), one
 * batch a job. When a batch comes back empty the loop polls sd_journal_get_fd, and looks anyway
 * after a while, as on a network file system nothing wakes it.
 *
 * RC_FULL leaves the job unsubmitted until source_resume. A journal that cannot be read is told
 * once and opened anew with back-off. Closing leaves a thread that hangs behind with its job.
 */
#include "source/journal.h"

#include <uv.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/worker.h"
#include "source/journal_read.h"
#include "source/source_internal.h"

#define LOOK_MS        5000
#define REOPEN_MS      1000
#define REOPEN_MOST_MS 60000

struct journal_job {
    struct worker_job job;
    struct journal *source; /* not to be touched by run and dispose */
    struct journal_reader reader;
    enum rc rc;
    struct err err;
};

enum state { READING, IDLE, PAUSED, ENDED };

struct journal {
    struct source source;
    const struct source_ops *ops;
    void *ctx;
    struct loop *loop;
    void *stream;
    struct origin origin;
    struct worker *worker;
    struct journal_job *job; /* the worker's while reading */
    uv_poll_t *poll;         /* while idle */
    struct timer *timer;     /* the next look, and the close */
    struct timer *deadline;  /* of a drain */
    uint64_t reopen_ms;
    enum state state;
    bool ready; /* said, and not failed since */
    bool told;  /* that it failed */
    bool closing;
    void (*on_drained)(void *ctx);
    void *drain_ctx;
    void (*on_closed)(void *ctx);
    void *close_ctx;
};

static void on_run(struct worker_job *base)
{
    struct journal_job *job = (struct journal_job *)base;

    err_clear(&job->err);
    job->rc = journal_reader_read(&job->reader, &job->err);
}

static void on_dispose(struct worker_job *base)
{
    journal_reader_fini(&((struct journal_job *)base)->reader);
    mem_free(base);
}

static void on_poll_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static void stop_polling(struct journal *journal)
{
    if (journal->poll != NULL) {
        uv_close((uv_handle_t *)journal->poll, on_poll_closed);
        journal->poll = NULL;
    }
    timer_stop(journal->timer);
}

static void submit(struct journal *journal)
{
    stop_polling(journal);
    journal->state = READING;
    worker_submit(journal->worker, &journal->job->job);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)status; /* reading finds out */
    (void)events;
    submit(handle->data);
}

static void say_drained(struct journal *journal)
{
    void (*on_drained)(void *ctx) = journal->on_drained;

    if (on_drained != NULL) {
        journal->on_drained = NULL;
        timer_stop(journal->deadline);
        on_drained(journal->drain_ctx);
    }
}

/* Without the poll the timer alone looks. */
static void wait_for_more(struct journal *journal)
{
    int fd = journal->job->reader.lib.get_fd(journal->job->reader.journal);

    journal->state = IDLE;
    journal->poll = fd >= 0 ? mem_calloc(1, sizeof(*journal->poll)) : NULL;
    if (journal->poll != NULL && uv_poll_init(loop_uv(journal->loop), journal->poll, fd) != 0) {
        journal->poll = mem_free(journal->poll);
    }
    if (journal->poll != NULL) {
        journal->poll->data = journal;
        (void)uv_poll_start(journal->poll, UV_READABLE, on_poll); /* the handle is valid */
    }
    timer_start(journal->timer, LOOK_MS, 0);
    say_drained(journal);
}

static void notice(struct journal *journal, enum source_notice what, const struct err *err)
{
    journal->ops->on_notice(journal->ctx, what, &journal->origin, err, 0, 0);
}

static void fail(struct journal *journal, struct err *err)
{
    journal->state = IDLE;
    journal->ready = false;
    journal->source.stats.read_errors++;
    timer_start(journal->timer, journal->reopen_ms, 0);
    journal->reopen_ms =
        2 * journal->reopen_ms < REOPEN_MOST_MS ? 2 * journal->reopen_ms : REOPEN_MOST_MS;
    if (!journal->told) {
        journal->told = true;
        err_file(err, journal->origin.path.ptr);
        notice(journal, SOURCE_FAILED, err);
    }
    say_drained(journal);
}

static void end(struct journal *journal, enum rc rc)
{
    struct err err;

    journal->state = ENDED;
    (void)err_set(&err, rc, "%s", rc_text(rc));
    err_file(&err, journal->origin.path.ptr);
    notice(journal, SOURCE_FAILED, &err);
    say_drained(journal);
}

static void say_lost(struct journal *journal)
{
    struct err err;

    (void)err_set(
        &err, RC_NOT_FOUND,
        "the journal was vacuumed or replaced: entries behind the last one read are gone");
    err_file(&err, journal->origin.path.ptr);
    notice(journal, SOURCE_LOST, &err);
}

static enum rc push(struct journal *journal)
{
    struct journal_reader *reader = &journal->job->reader;

    for (size_t i = 0; i < reader->n_messages; i++) {
        journal->source.stats.bytes += reader->messages[i].text.len;
    }
    return journal->ops->on_messages(journal->ctx, journal->stream, reader->messages,
                                     reader->n_messages);
}

static void on_read(struct worker_job *base)
{
    struct journal_job *job = (struct journal_job *)base;
    struct journal *journal = job->source;
    enum rc rc = RC_OK;

    journal->state = PAUSED; /* the job is ours: the receiver may close us from within */
    if (job->rc == RC_OK && job->reader.lost) {
        say_lost(journal);
    }
    if (job->reader.n_messages > 0 && !journal->closing) {
        rc = push(journal);
    }
    if (journal->closing || journal->state != PAUSED) {
        return; /* closed, or resumed already */
    }
    if (rc != RC_OK && rc != RC_FULL) {
        end(journal, rc);
        return;
    }
    if (job->rc != RC_OK) {
        fail(journal, &job->err);
        return;
    }
    if (!journal->ready) {
        if (journal->ops->on_begin != NULL && job->reader.n_messages == 0) {
            journal->ops->on_begin(journal->ctx, journal->stream, span_str(job->reader.cursor));
        }
        journal->ready = true;
        journal->told = false;
        journal->reopen_ms = REOPEN_MS;
        notice(journal, SOURCE_READY, NULL);
    }
    if (rc == RC_OK && !journal->closing && job->reader.n_messages > 0) {
        submit(journal);
    } else if (rc == RC_OK && !journal->closing) {
        wait_for_more(journal);
    }
}

static struct journal *journal_free(struct journal *journal)
{
    if (journal != NULL) {
        worker_free(journal->worker);
        timer_free(journal->timer);
        timer_free(journal->deadline);
        if (journal->job != NULL) {
            on_dispose(&journal->job->job);
        }
        mem_free(journal);
    }
    return NULL;
}

static void on_timer(void *ctx)
{
    struct journal *journal = ctx;

    if (journal->closing) {
        void (*on_closed)(void *ctx) = journal->on_closed;
        void *close_ctx = journal->close_ctx;
        journal_free(journal);
        on_closed(close_ctx);
    } else if (journal->state == IDLE) {
        submit(journal);
    }
}

static void on_deadline(void *ctx)
{
    say_drained(ctx);
}

static void journal_resume(struct source *source)
{
    struct journal *journal = (struct journal *)source;

    if (journal->state == PAUSED && !journal->closing) {
        submit(journal);
    }
}

static void journal_drain(struct source *source, uint32_t deadline_ms,
                          void (*on_drained)(void *ctx), void *ctx)
{
    struct journal *journal = (struct journal *)source;

    journal->on_drained = on_drained;
    journal->drain_ctx = ctx;
    timer_start(journal->deadline, journal->state == ENDED ? 0 : deadline_ms, 0);
    if (journal->state == IDLE) {
        submit(journal);
    }
}

static void journal_close(struct source *source, void (*on_closed)(void *ctx), void *ctx)
{
    struct journal *journal = (struct journal *)source;

    journal->closing = true;
    journal->on_closed = on_closed;
    journal->close_ctx = ctx;
    if (journal->state == READING) {
        journal->job = NULL; /* the worker disposes of it */
    }
    stop_polling(journal);
    journal->worker = worker_free(journal->worker);
    journal->ops->on_close(journal->ctx, journal->stream);
    timer_start(journal->timer, 0, 0); /* not from within the caller: it may hold the source */
}

static const struct source_kind journal_kind = {journal_resume, journal_drain, journal_close};

static enum rc build(struct journal *journal, const struct journal_opts *opts,
                     const struct journal_lib *lib)
{
    struct journal_job *job = mem_calloc(1, sizeof(*job));
    enum rc rc;

    journal->job = job;
    if (job == NULL) {
        return RC_NOMEM;
    }
    job->job = (struct worker_job){.run = on_run, .done = on_read, .dispose = on_dispose};
    job->source = journal;
    job->reader.lib = *lib;
    job->reader.opts = *opts;
    rc = journal_reader_init(&job->reader);
    if (rc == RC_OK) {
        rc = timer_new(journal->loop, on_timer, journal, &journal->timer);
    }
    if (rc == RC_OK) {
        rc = timer_new(journal->loop, on_deadline, journal, &journal->deadline);
    }
    if (rc == RC_OK) {
        rc = worker_new(journal->loop, "journal", &journal->worker);
    }
    return rc == RC_OK ? journal->ops->on_open(journal->ctx, &journal->origin, 0, &journal->stream)
                       : rc;
}

struct span journal_name(const struct journal_opts *opts)
{
    return span_str(opts->dir != NULL          ? opts->dir
                    : opts->name_space != NULL ? opts->name_space
                                               : "journal");
}

enum rc source_open_journal(struct loop *loop, const struct journal_opts *opts,
                            const struct source_ops *ops, void *ctx, struct source **ret_source,
                            struct err *err)
{
    struct journal *journal;
    struct journal_lib lib;
    enum rc rc =
        journal_lib_load(opts->library != NULL ? opts->library : "libsystemd.so.0", &lib, err);

    if (rc != RC_OK) {
        return rc;
    }
    journal = mem_calloc(1, sizeof(*journal));
    if (journal == NULL) {
        return err_set(err, RC_NOMEM, "cannot read the journal: out of memory");
    }
    journal->source.kind = &journal_kind;
    journal->ops = ops;
    journal->ctx = ctx;
    journal->loop = loop;
    journal->reopen_ms = REOPEN_MS;
    journal->origin =
        (struct origin){.type = SOURCE_JOURNAL, .path = journal_name(opts), .rank = RANK_NONE};
    rc = build(journal, opts, &lib);
    if (rc != RC_OK) {
        journal_free(journal);
        return err_set(err, rc, "cannot read the journal: %s", rc_text(rc));
    }
    submit(journal);
    *ret_source = &journal->source;
    return RC_OK;
}
