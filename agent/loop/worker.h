/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A named thread with a queue of jobs, for calls that may hang: file reads, stat, writes to a pipe.
 * A job is a struct of its owner with a `struct worker_job` as first member; it is moved to the
 * thread by worker_submit and moved back by its `done` callback on the loop thread. Between the two
 * nobody but `run` touches it.
 *
 * The end never waits: a job that hangs keeps its thread, and both go when the call comes back (or
 * the process ends). All functions are for the loop thread.
 */
#ifndef GPUERR_LOOP_WORKER_H
#define GPUERR_LOOP_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct worker;

struct worker_job {
    void (*run)(struct worker_job *job);  /* on the worker's thread */
    void (*done)(struct worker_job *job); /* on the loop thread, behind run, in order */
    /* In place of done, when the worker was freed meanwhile: frees the job and what it owns. May
     * come on either thread, must touch nothing else. */
    void (*dispose)(struct worker_job *job);
    struct worker_job *next; /* the queue's */
};

/* Starts a thread called name (at most 15 bytes are kept). All signals are blocked in it. */
enum rc worker_new(struct loop *loop, const char *name,
                   struct worker **ret_worker) GPUERR_MUSTCHECK;

/* Hands the job over; jobs run one after the other in this order. Submitted jobs keep loop_run from
 * returning until done was called. */
void worker_submit(struct worker *worker, struct worker_job *job);

/* Jobs submitted whose done was not called yet. */
size_t worker_pending(const struct worker *worker);

/* When the job that is running now was begun (monotonic), or 0 when none is: a file system that
 * hangs shows here. */
int64_t worker_busy_since_mono_ns(struct worker *worker);

/* Ends it without waiting; jobs that are not done are disposed. Wait for their done callbacks
 * before if they matter. */
struct worker *worker_free(struct worker *worker);

#endif
