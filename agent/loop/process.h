/* SPDX-License-Identifier: Apache-2.0 */
/* A program that the agent runs, with its output in pipes. All functions are for the loop thread.
 */
#ifndef GPUERR_LOOP_PROCESS_H
#define GPUERR_LOOP_PROCESS_H

#include "base/err.h"

struct loop;
struct process;

/* The program has ended: with an exit status, or by a signal (then signum is not 0). */
typedef void process_exit_fn(void *ctx, int status, int signum);

/*
 * Starts argv (NULL at its end; argv[0] is looked for in PATH) with the agent's stdin, environment
 * and directory, and default signal actions. ret_out and ret_err are the reading ends of its stdout
 * and stderr; the caller closes them. RC_NOT_FOUND or RC_DENIED when it cannot be run.
 */
enum rc process_spawn(struct loop *loop, const char *const *argv, process_exit_fn *on_exit,
                      void *ctx, struct process **ret_process, int *ret_out,
                      int *ret_err) GPUERR_MUSTCHECK;

int process_pid(const struct process *process);

/* Passes a signal on; one that has ended gets none. */
void process_signal(struct process *process, int signum);

/* Forgets it; if it still runs, it goes on. NULL is fine. */
struct process *process_free(struct process *process);

#endif
