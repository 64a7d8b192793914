/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inotify descriptor on the loop. Watches are added to it by worker threads (adding one touches
 * the file system); events arrive here.
 */
#ifndef GPUERR_SOURCE_TAIL_WATCH_H
#define GPUERR_SOURCE_TAIL_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct tail_watch;

/* name is "" where the event is about the watched thing itself. wd -1: events were lost. */
typedef void tail_watch_fn(void *ctx, int wd, uint32_t mask, const char *name);

/* Fails with RC_LIMIT when the user's inotify instances are used up: then everything is polled. */
enum rc tail_watch_new(struct loop *loop, tail_watch_fn *fn, void *ctx,
                       struct tail_watch **ret_watch) GPUERR_MUSTCHECK;

int tail_watch_fd(const struct tail_watch *watch);

/* keep_fd: a thread that hangs may use the descriptor still, so its number must not be reused. */
struct tail_watch *tail_watch_free(struct tail_watch *watch, bool keep_fd);

#endif
