/* SPDX-License-Identifier: Apache-2.0 */
/* A timer on the loop. All functions and the callback run on the loop thread. */
#ifndef GPUERR_LOOP_TIMER_H
#define GPUERR_LOOP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct timer;

/* A timer that is not running; fn(ctx) is called when it fires. */
enum rc timer_new(struct loop *loop, void (*fn)(void *ctx), void *ctx,
                  struct timer **ret_timer) GPUERR_MUSTCHECK;

/* Stops it for good; fn is not called any more. The memory goes with a later turn of the loop. */
struct timer *timer_free(struct timer *timer);

/* Fires after after_ms, and then each repeat_ms (0: once). A running timer starts anew. */
void timer_start(struct timer *timer, uint64_t after_ms, uint64_t repeat_ms);
void timer_stop(struct timer *timer);

/* Whether a running timer alone keeps loop_run from returning; it does at first. */
void timer_keep_loop(struct timer *timer, bool keep);

#endif
