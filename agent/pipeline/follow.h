/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main job: follows inputs on the loop until told to stop.
 *
 * The first SIGTERM or SIGINT stops in order: every source is read to its end once, unfinished
 * lines are taken, events are written, then it ends; all that within config->shutdown_ms. A second
 * signal, or the end of that time, ends it at once. The end of stdin, when it is the only input, is
 * a stop, too; and so is a reader of the output who has gone.
 */
#ifndef GPUERR_PIPELINE_FOLLOW_H
#define GPUERR_PIPELINE_FOLLOW_H

#include "base/err.h"
#include "deliver/sink.h"

struct config;
struct knowledge;

struct follow_output {
    int fd;
    format_fn *format;
    struct format_opts format_opts;
};

/* A program to run and to watch. Signals are passed on to it, and its end is the stop. */
struct follow_program {
    const char *const *argv; /* NULL at its end */
    int ret_status;          /* as it ended */
    int ret_signum;
};

/*
 * Runs until the stop; program may be NULL. RC_OK for an orderly one (also when the reader of the
 * output has gone); otherwise err says what could not be set up or written.
 */
enum rc follow_run(const struct config *config, const struct knowledge *knowledge,
                   const struct follow_output *output, struct span host,
                   struct follow_program *program, struct err *err) GPUERR_MUSTCHECK;

#endif
