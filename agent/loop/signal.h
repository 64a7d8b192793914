/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as calls on the loop thread. A watched signal does not keep loop_run from returning. */
#ifndef GPUERR_LOOP_SIGNAL_H
#define GPUERR_LOOP_SIGNAL_H

#include "base/err.h"

struct loop;
struct signal_watch;

/* From now on signum (SIGTERM, ...) calls fn(ctx, signum) in place of its default action. */
enum rc signal_watch_new(struct loop *loop, int signum, void (*fn)(void *ctx, int signum),
                         void *ctx, struct signal_watch **ret_watch) GPUERR_MUSTCHECK;

/* Gives the signal its default action back when no other watch has it. */
struct signal_watch *signal_watch_free(struct signal_watch *watch);

#endif
