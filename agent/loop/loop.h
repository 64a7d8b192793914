/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: one thread, on libuv. Rooms that do I/O get a loop and open handles on it;
 * nothing ever blocks it. This header is what rooms share; those that may include uv.h reach the
 * uv_loop_t through loop_uv.
 */
#ifndef GPUERR_LOOP_LOOP_H
#define GPUERR_LOOP_LOOP_H

#include <stdint.h>

#include "base/err.h"

struct loop;
struct uv_loop_s;

enum rc loop_new(struct loop **ret_loop) GPUERR_MUSTCHECK;

/* All handles must be closed before. */
struct loop *loop_free(struct loop *loop);

/* Runs until nothing is left to wait for, or loop_stop. */
enum rc loop_run(struct loop *loop) GPUERR_MUSTCHECK;

/* Has loop_run return after the turn it is in; it may be called again. */
void loop_stop(struct loop *loop);

struct uv_loop_s *loop_uv(struct loop *loop);

/* The rc for a libuv status (a negative number, or 0). */
enum rc loop_rc(int status);

#endif
