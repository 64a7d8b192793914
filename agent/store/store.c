/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop's side: collects what is put into a batch, hands batches to a worker one at a time, and
 * keeps the one that failed at the head of the queue, to be tried again with a growing pause. So
 * the order of what was put is the order on disk, whatever fails between.
 */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/timer.h"
#include "loop/worker.h"
#include "store/store_internal.h"

#define RETRY_MS     1000
#define RETRY_MS_MAX 30000

struct commit_job {
    struct worker_job job; /* first: worker.h hands this back */
    struct store *store;
    struct store_db *db;
    struct batch batch;
    enum rc rc;
};

struct store {
    struct store_opts opts;
    struct store_stats stats;
    struct store_db *db; /* the worker's while busy */
    char path[STORE_PATH_BYTES];
    int lock_fd;
    struct worker *worker;
    struct commit_job *job;
    struct timer *retry;
    uint64_t retry_ms;
    bool busy;
    bool failing; /* the job's batch has to be tried again */
    bool wanted;  /* commit what is collected when the job comes back */
    struct batch next;
    void (*on_flushed)(void *ctx);
    void *flush_ctx;
};

/* ---- batches ---- */

static void batch_fini(struct batch *batch)
{
    arena_fini(&batch->arena);
    *batch = (struct batch){.first = NULL};
}

static void tell(struct store *store, enum rc rc, const char *message)
{
    struct err err;

    (void)err_set(&err, rc, "%s", message);
    err_file(&err, store->path);
    if (store->opts.on_trouble != NULL) {
        store->opts.on_trouble(store->opts.ctx, &err);
    }
}

static struct op *add_op(struct store *store, enum op_kind kind)
{
    struct batch *batch = &store->next;
    struct op *op;

    if (store->stats.pending_bytes + batch->arena.used_bytes > STORE_PENDING_MAX) {
        return NULL;
    }
    op = arena_alloc(&batch->arena, 1, sizeof(*op));
    if (op != NULL) {
        op->kind = kind;
    }
    return op;
}

/* Only now is it a part of the batch: nothing of an operation that could not be copied is. */
static void link_op(struct store *store, struct op *op)
{
    struct batch *batch = &store->next;

    if (batch->end == NULL) {
        batch->end = &batch->first;
    }
    *batch->end = op;
    batch->end = &op->next;
}

static struct span keep(struct store *store, struct span text, bool *ok)
{
    struct span copy = arena_copy(&store->next.arena, text);

    *ok = *ok && (copy.ptr != NULL || text.ptr == NULL);
    return copy;
}

enum rc store_put_event(struct store *store, const struct store_event *event)
{
    struct op *op = add_op(store, OP_EVENT);
    bool ok = true;

    if (op == NULL) {
        store->stats.dropped++;
        return RC_LIMIT;
    }
    op->event = *event;
    op->event.id = keep(store, span_str(event->id), &ok).ptr;
    op->event.json = keep(store, event->json, &ok);
    if (!ok) {
        store->stats.dropped++;
        return RC_NOMEM;
    }
    link_op(store, op);
    store->stats.events++;
    return RC_OK;
}

enum rc store_put_position(struct store *store, const struct store_position *position)
{
    struct op *op = add_op(store, OP_POSITION);
    bool ok = true;

    if (op == NULL) {
        return RC_LIMIT;
    }
    op->position = *position;
    op->position.path = keep(store, position->path, &ok);
    op->position.head = keep(store, position->head, &ok);
    op->position.cursor = keep(store, position->cursor, &ok);
    if (ok) {
        link_op(store, op);
    }
    return ok ? RC_OK : RC_NOMEM;
}

enum rc store_put_state(struct store *store, const char *name, struct span value)
{
    struct op *op = value.len <= STORE_STATE_MAX ? add_op(store, OP_STATE) : NULL;
    bool ok = true;

    if (op == NULL) {
        return RC_LIMIT;
    }
    op->state.name = keep(store, span_str(name), &ok);
    op->state.value = keep(store, value, &ok);
    if (ok) {
        link_op(store, op);
    }
    return ok ? RC_OK : RC_NOMEM;
}

enum rc store_put_ack(struct store *store, const char *sink)
{
    struct op *op = add_op(store, OP_ACK);
    bool ok = true;

    if (op == NULL) {
        return RC_LIMIT;
    }
    op->sink = keep(store, span_str(sink), &ok);
    if (ok) {
        link_op(store, op);
    }
    return ok ? RC_OK : RC_NOMEM;
}

bool store_is_dirty(const struct store *store)
{
    return store->next.first != NULL;
}

/* ---- committing ---- */

static void on_run(struct worker_job *base)
{
    struct commit_job *job = (struct commit_job *)base;

    job->rc = store_db_apply(job->db, &job->batch);
}

static void free_job(struct commit_job *job)
{
    batch_fini(&job->batch);
    store_db_close(job->db);
    mem_free(job->db);
    mem_free(job);
}

/* The store has gone: the file is closed when the write has come back. */
static void on_dispose(struct worker_job *base)
{
    free_job((struct commit_job *)base);
}

static void submit(struct store *store)
{
    store->busy = true;
    worker_submit(store->worker, &store->job->job);
}

static void tell_flushed(struct store *store)
{
    void (*on_flushed)(void *ctx) = store->on_flushed;

    if (on_flushed != NULL && !store->busy &&
        (store->failing || (store->next.first == NULL && store->job->batch.first == NULL))) {
        store->on_flushed = NULL;
        on_flushed(store->flush_ctx);
    }
}

static void failed(struct store *store)
{
    char text[400];

    store->stats.failures++;
    if (!store->failing) {
        (void)snprintf(
            text, sizeof(text), "cannot be written, and is kept in memory until it can: %s",
            store->db->message[0] != '\0' ? store->db->message : rc_text(store->job->rc));
        tell(store, store->job->rc, text);
    }
    store->failing = true;
    timer_start(store->retry, store->retry_ms, 0);
    store->retry_ms = store->retry_ms * 2 < RETRY_MS_MAX ? store->retry_ms * 2 : RETRY_MS_MAX;
}

static void on_done(struct worker_job *base)
{
    struct commit_job *job = (struct commit_job *)base;
    struct store *store = job->store;

    store->busy = false;
    if (job->rc != RC_OK) {
        failed(store);
        tell_flushed(store);
        return;
    }
    store->stats.commits++;
    store->stats.dropped += store->db->dropped;
    if (store->db->dropped > 0) {
        tell(store, RC_LIMIT, "the outbox is full: its oldest events were dropped");
    }
    if (store->failing) {
        store->failing = false;
        store->retry_ms = RETRY_MS;
        tell(store, RC_OK, "is written again");
    }
    store->stats.pending_bytes = 0;
    batch_fini(&job->batch);
    if (store->wanted) {
        store_commit(store);
    }
    tell_flushed(store);
}

static void on_retry(void *ctx)
{
    struct store *store = ctx;

    if (!store->busy && store->failing) {
        submit(store);
    }
}

void store_commit(struct store *store)
{
    if (store->busy || store->failing) {
        store->wanted = true;
        return;
    }
    store->wanted = false;
    if (store->next.first == NULL) {
        return;
    }
    store->job->batch = store->next;
    store->next = (struct batch){.first = NULL};
    store->stats.pending_bytes = store->job->batch.arena.used_bytes;
    submit(store);
}

void store_flush(struct store *store, void (*on_flushed)(void *ctx), void *ctx)
{
    store->on_flushed = on_flushed;
    store->flush_ctx = ctx;
    if (store->failing && !store->busy) {
        timer_stop(store->retry);
        submit(store); /* once more before the end */
        store->wanted = true;
        return;
    }
    store_commit(store);
    tell_flushed(store);
}

/* ---- opening ---- */

/* A file that is not ours is not ours to delete. */
static enum rc put_aside(struct store *store, struct err *err)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char from[STORE_PATH_BYTES + 8];
    char to[STORE_PATH_BYTES + 64];
    char text[400];
    long long now = (long long)(clock_wall_ns() / CLOCK_NS_PER_S);

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        (void)snprintf(from, sizeof(from), "%s%s", store->path, suffixes[i]);
        (void)snprintf(to, sizeof(to), "%s.damaged-%lld%s", store->path, now, suffixes[i]);
        if (rename(from, to) != 0 && errno != ENOENT) {
            (void)err_set(err, rc_from_errno(errno), "is no state of ours and cannot be put aside");
            err_file(err, store->path);
            return err->rc;
        }
    }
    (void)snprintf(text, sizeof(text),
                   "was no state that can be read (%s): it is kept as %s.damaged-%lld, and a new "
                   "one is begun",
                   store->db->message, "state.db", now);
    tell(store, RC_INVALID, text);
    return RC_OK;
}

static enum rc open_file(struct store *store, struct err *err)
{
    mode_t mask = umask(077);
    enum rc rc = store_db_open(store->db, store->path);

    if (rc == RC_INVALID) {
        rc = put_aside(store, err);
        if (rc == RC_OK) {
            rc = store_db_open(store->db, store->path);
        }
    }
    (void)umask(mask);
    if (rc != RC_OK) {
        (void)err_set(err, rc, "cannot be opened: %s",
                      store->db->message[0] != '\0' ? store->db->message : rc_text(rc));
        err_file(err, store->path);
        err_hint(err, "the agent runs without --state-dir, too, and then forgets at its end");
    }
    return rc;
}

static enum rc start(struct store *store)
{
    enum rc rc = timer_new(store->opts.loop, on_retry, store, &store->retry);

    if (rc == RC_OK) {
        timer_keep_loop(store->retry, false);
        rc = worker_new(store->opts.loop, "state", &store->worker);
    }
    if (rc == RC_OK) {
        store->job->job =
            (struct worker_job){.run = on_run, .done = on_done, .dispose = on_dispose};
        store->job->store = store;
        store->job->db = store->db;
        store->retry_ms = RETRY_MS;
    }
    return rc;
}

enum rc store_open(const struct store_opts *opts, struct store **ret_store, struct err *err)
{
    struct store *store = mem_calloc(1, sizeof(*store));
    enum rc rc;

    if (store == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    store->opts = *opts;
    store->lock_fd = -1;
    store->db = mem_calloc(1, sizeof(*store->db));
    store->job = mem_calloc(1, sizeof(*store->job));
    if (store->db == NULL || store->job == NULL) {
        rc = err_set(err, RC_NOMEM, "out of memory");
    } else if (snprintf(store->path, sizeof(store->path), "%s/state.db", opts->dir) >=
               (int)sizeof(store->path) - 64) {
        rc = err_set(err, RC_TOO_BIG, "the name of the state directory is too long");
    } else {
        store->db->outbox_max_bytes = opts->outbox_max_bytes;
        rc = store_lock(opts->dir, &store->lock_fd, err);
    }
    if (rc == RC_OK) {
        rc = open_file(store, err);
    }
    if (rc == RC_OK && start(store) != RC_OK) {
        rc = err_set(err, RC_NOMEM, "out of memory");
    }
    if (rc != RC_OK) {
        store_close(store);
        return rc;
    }
    *ret_store = store;
    return RC_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    timer_free(store->retry);
    if (store->busy) {
        store->job = NULL; /* the worker disposes of it, and of the file */
    } else if (store->job != NULL) {
        batch_fini(&store->job->batch);
        if (store->db != NULL) {
            store_db_close(store->db);
        }
        mem_free(store->db);
        store->job = mem_free(store->job);
    } else {
        mem_free(store->db);
    }
    worker_free(store->worker);
    batch_fini(&store->next);
    if (store->lock_fd >= 0) {
        (void)close(store->lock_fd); /* gives the lock back */
    }
    mem_free(store);
}

/* ---- reading ---- */

enum rc store_each_position(struct store *store,
                            void (*fn)(void *ctx, const struct store_position *position), void *ctx)
{
    return store_db_each_position(store->db, clock_wall_ns(), fn, ctx);
}

enum rc store_load_state(struct store *store, const char *name, struct buf *out)
{
    return store_db_load_state(store->db, name, out);
}

enum rc store_each_unsent(struct store *store, const char *sink,
                          void (*fn)(void *ctx, struct span json), void *ctx)
{
    return store_db_each_unsent(store->db, sink, fn, ctx);
}

const struct store_stats *store_peek_stats(const struct store *store)
{
    return &store->stats;
}
