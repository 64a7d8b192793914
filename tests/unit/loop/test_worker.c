/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs go to the thread and come back; a job that hangs holds nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/worker.h"

struct log {
    int done[16];
    int n_done;
    _Atomic int n_disposed;
    struct worker *free_in_done;
};

struct job {
    struct worker_job job;
    struct log *log;
    int number;
    pthread_t thread;
    int wait_fd; /* -1: does not hang */
    int started_fd;
};

static void on_run(struct worker_job *base)
{
    struct job *job = (struct job *)base;
    char byte = 'x';

    job->thread = pthread_self();
    if (job->wait_fd >= 0) {
        (void)!write(job->started_fd, &byte, 1);
        (void)!read(job->wait_fd, &byte, 1);
    }
}

static void on_done(struct worker_job *base)
{
    struct job *job = (struct job *)base;
    struct log *log = job->log;

    log->done[log->n_done++] = pthread_equal(job->thread, pthread_self()) ? -1 : job->number;
    free(job);
    if (log->free_in_done != NULL) {
        log->free_in_done = worker_free(log->free_in_done);
    }
}

static void on_dispose(struct worker_job *base)
{
    struct job *job = (struct job *)base;

    atomic_fetch_add(&job->log->n_disposed, 1);
    free(job);
}

static struct job *job_new(struct log *log, int number)
{
    struct job *job = calloc(1, sizeof(*job));

    assert_non_null(job);
    job->job = (struct worker_job){.run = on_run, .done = on_done, .dispose = on_dispose};
    job->log = log;
    job->number = number;
    job->wait_fd = -1;
    return job;
}

static void jobs_run_in_order_on_another_thread(void **state)
{
    struct log log = {0};
    struct loop *loop;
    struct worker *worker;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_int_equal(worker_new(loop, "a name that is too long", &worker), RC_OK);
    for (int i = 0; i < 10; i++) {
        worker_submit(worker, &job_new(&log, i)->job);
    }
    assert_int_equal(worker_pending(worker), 10);
    assert_int_equal(loop_run(loop), RC_OK);
    assert_int_equal(log.n_done, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(log.done[i], i);
    }
    assert_int_equal(worker_pending(worker), 0);
    assert_null(worker_free(worker));
    assert_null(loop_free(loop));
}

static void idle_worker_does_not_keep_the_loop(void **state)
{
    struct loop *loop;
    struct worker *worker;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_int_equal(worker_new(loop, "idle", &worker), RC_OK);
    assert_int_equal(loop_run(loop), RC_OK); /* returns */
    worker_free(worker);
    loop_free(loop);
}

static void job_that_hangs_is_left_behind(void **state)
{
    struct log log = {0};
    struct loop *loop;
    struct worker *worker;
    struct job *job = job_new(&log, 0);
    int hang[2];
    int started[2];
    char byte = 'x';

    (void)state;
    assert_int_equal(pipe(hang), 0);
    assert_int_equal(pipe(started), 0);
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_int_equal(worker_new(loop, "hangs", &worker), RC_OK);
    job->wait_fd = hang[0];
    job->started_fd = started[1];
    worker_submit(worker, &job->job);
    worker_submit(worker, &job_new(&log, 1)->job);
    assert_int_equal(read(started[0], &byte, 1), 1);
    assert_true(worker_busy_since_mono_ns(worker) > 0);
    worker_free(worker);
    assert_int_equal(log.n_disposed, 1); /* the one that was not begun */
    loop_free(loop);
    assert_int_equal(log.n_done, 0);
    assert_int_equal(write(hang[1], &byte, 1), 1); /* now it comes back */
    while (atomic_load(&log.n_disposed) < 2) {
        (void)sched_yield();
    }
}

static void worker_may_be_freed_by_a_done_callback(void **state)
{
    struct log log = {0};
    struct loop *loop;
    struct worker *worker;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_int_equal(worker_new(loop, "freed", &worker), RC_OK);
    log.free_in_done = worker;
    for (int i = 0; i < 5; i++) {
        worker_submit(worker, &job_new(&log, i)->job);
    }
    assert_int_equal(loop_run(loop), RC_OK);
    assert_int_equal(log.n_done, 1);
    assert_int_equal(log.n_disposed, 4);
    loop_free(loop);
}

static void out_of_memory_is_an_answer(void **state)
{
    enum rc rc = RC_NOMEM;
    struct loop *loop;
    struct worker *worker = NULL;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    for (int64_t n = 0; rc != RC_OK; n++) {
        mem_fail_after(n);
        rc = worker_new(loop, "w", &worker);
        mem_fail_after(-1);
        assert_true(n < 10);
    }
    worker_free(worker);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_run_in_order_on_another_thread),
        cmocka_unit_test(idle_worker_does_not_keep_the_loop),
        cmocka_unit_test(job_that_hangs_is_left_behind),
        cmocka_unit_test(worker_may_be_freed_by_a_done_callback),
        cmocka_unit_test(out_of_memory_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
