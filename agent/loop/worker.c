/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two halves: `worker` belongs to the loop thread, `shared` to both and is counted, so that a
 * thread that hangs in a system call when the worker is freed finds its half alive when it comes
 * back.
 *
 * Happy path: submit puts a job into `todo` and wakes the thread; the thread runs it, puts it into
 * `finished` and wakes the loop (uv_async); the loop takes the whole finished list and calls done.
 * While jobs are pending the async handle keeps the loop alive, otherwise it does not.
 * At the end: `stop` is set under the lock. An idle thread is joined (it needs no time to end), a
 * busy one is detached; it disposes of its job and drops its half. The thread touches the async
 * handle only under the lock and never after stop.
 */
#include "loop/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"

struct queue {
    struct worker_job *first;
    struct worker_job **end;
};

struct shared {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct queue todo;
    struct queue finished;
    struct worker *worker;      /* valid until stop */
    int64_t busy_since_mono_ns; /* 0: no job is running */
    unsigned refs;
    bool stop;
    char name[16];
};

struct worker {
    uv_async_t async;
    struct shared *shared;
    pthread_t thread;
    size_t pending;
    bool freed; /* by a done callback, while its siblings were still to be called */
    bool delivering;
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_add(struct queue *queue, struct worker_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct worker_job *queue_take(struct queue *queue)
{
    struct worker_job *job = queue->first;

    if (job != NULL) {
        queue->first = job->next;
        if (queue->first == NULL) {
            queue->end = &queue->first;
        }
    }
    return job;
}

static void queue_dispose(struct queue *queue)
{
    for (struct worker_job *job = queue_take(queue); job != NULL; job = queue_take(queue)) {
        job->dispose(job);
    }
}

/* Called with the lock held; releases it. */
static void shared_unref_unlock(struct shared *shared)
{
    bool last = --shared->refs == 0;

    pthread_mutex_unlock(&shared->lock);
    if (last) {
        pthread_cond_destroy(&shared->wake);
        pthread_mutex_destroy(&shared->lock);
        mem_free(shared);
    }
}

/* Waits for a job; NULL when the worker ends. Called with the lock held. */
static struct worker_job *next_job(struct shared *shared)
{
    while (!shared->stop && shared->todo.first == NULL) {
        pthread_cond_wait(&shared->wake, &shared->lock);
    }
    return shared->stop ? NULL : queue_take(&shared->todo);
}

static void *thread_main(void *arg)
{
    struct shared *shared = arg;

    (void)pthread_setname_np(pthread_self(), shared->name); /* only for people who debug */
    pthread_mutex_lock(&shared->lock);
    for (struct worker_job *job = next_job(shared); job != NULL; job = next_job(shared)) {
        shared->busy_since_mono_ns = clock_mono_ns();
        pthread_mutex_unlock(&shared->lock);
        job->run(job);
        pthread_mutex_lock(&shared->lock);
        shared->busy_since_mono_ns = 0;
        if (shared->stop) {
            job->dispose(job);
            break;
        }
        queue_add(&shared->finished, job);
        (void)uv_async_send(&shared->worker->async); /* fails only for a closed handle */
    }
    shared_unref_unlock(shared);
    return NULL;
}

static void on_close(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void on_finished(uv_async_t *async)
{
    struct worker *worker = async->data;
    struct shared *shared = worker->shared;
    struct queue finished;

    queue_init(&finished);
    pthread_mutex_lock(&shared->lock);
    if (shared->finished.first != NULL) {
        finished.first = shared->finished.first;
        finished.end = shared->finished.end;
        queue_init(&shared->finished);
    }
    pthread_mutex_unlock(&shared->lock);
    worker->delivering = true;
    for (struct worker_job *job = queue_take(&finished); job != NULL; job = queue_take(&finished)) {
        if (worker->freed) {
            job->dispose(job);
            continue;
        }
        if (--worker->pending == 0) {
            uv_unref((uv_handle_t *)&worker->async);
        }
        job->done(job);
    }
    worker->delivering = false;
    if (worker->freed) {
        uv_close((uv_handle_t *)&worker->async, on_close);
    }
}

/* A thread that leaves all signals to the loop's. */
static int start_thread(struct worker *worker)
{
    sigset_t all;
    sigset_t before;
    int err_no;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err_no = pthread_create(&worker->thread, NULL, thread_main, worker->shared);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err_no;
}

static struct shared *shared_new(struct worker *worker, const char *name)
{
    struct shared *shared = mem_calloc(1, sizeof(*shared));

    if (shared != NULL) {
        pthread_mutex_init(&shared->lock, NULL); /* default ones: cannot fail on Linux */
        pthread_cond_init(&shared->wake, NULL);
        queue_init(&shared->todo);
        queue_init(&shared->finished);
        shared->worker = worker;
        shared->refs = 2;
        (void)snprintf(shared->name, sizeof(shared->name), "%s", name); /* a long name is cut */
    }
    return shared;
}

enum rc worker_new(struct loop *loop, const char *name, struct worker **ret_worker)
{
    struct worker *worker = mem_calloc(1, sizeof(*worker));
    int status;

    if (worker == NULL) {
        return RC_NOMEM;
    }
    worker->shared = shared_new(worker, name);
    if (worker->shared == NULL) {
        mem_free(worker);
        return RC_NOMEM;
    }
    status = uv_async_init(loop_uv(loop), &worker->async, on_finished);
    if (status != 0) {
        mem_free(worker->shared);
        mem_free(worker);
        return loop_rc(status);
    }
    worker->async.data = worker;
    uv_unref((uv_handle_t *)&worker->async);
    status = start_thread(worker);
    if (status != 0) {
        mem_free(worker->shared);
        uv_close((uv_handle_t *)&worker->async, on_close);
        return rc_from_errno(status);
    }
    *ret_worker = worker;
    return RC_OK;
}

void worker_submit(struct worker *worker, struct worker_job *job)
{
    struct shared *shared = worker->shared;

    if (worker->pending++ == 0) {
        uv_ref((uv_handle_t *)&worker->async);
    }
    pthread_mutex_lock(&shared->lock);
    queue_add(&shared->todo, job);
    pthread_cond_signal(&shared->wake);
    pthread_mutex_unlock(&shared->lock);
}

size_t worker_pending(const struct worker *worker)
{
    return worker->pending;
}

int64_t worker_busy_since_mono_ns(struct worker *worker)
{
    int64_t since;

    pthread_mutex_lock(&worker->shared->lock);
    since = worker->shared->busy_since_mono_ns;
    pthread_mutex_unlock(&worker->shared->lock);
    return since;
}

/* Stops the thread and drops our half. What a hanging job leaves is the thread's to clean up. */
static void shared_end(struct shared *shared, pthread_t thread)
{
    struct queue todo = {0};
    struct queue finished = {0};
    bool busy;

    pthread_mutex_lock(&shared->lock);
    shared->stop = true;
    busy = shared->busy_since_mono_ns != 0;
    todo.first = shared->todo.first;
    finished.first = shared->finished.first;
    pthread_cond_signal(&shared->wake);
    if (busy) {
        pthread_detach(thread);
    } else {
        pthread_mutex_unlock(&shared->lock);
        pthread_join(thread, NULL);
        pthread_mutex_lock(&shared->lock);
    }
    shared_unref_unlock(shared);
    queue_dispose(&todo);
    queue_dispose(&finished);
}

struct worker *worker_free(struct worker *worker)
{
    if (worker == NULL) {
        return NULL;
    }
    shared_end(worker->shared, worker->thread);
    worker->freed = true;
    if (!worker->delivering) {
        uv_close((uv_handle_t *)&worker->async, on_close);
    }
    return NULL;
}
