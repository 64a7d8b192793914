/* SPDX-License-Identifier: Apache-2.0 */
/* Finished logs, read once and straight through: files, directories and stdin, without a loop. */
#ifndef GPUERR_PIPELINE_SCAN_H
#define GPUERR_PIPELINE_SCAN_H

#include "base/err.h"

struct pipeline;

/*
 * Reads path ("-" is stdin; of a directory all regular files below it, in order of their names) to
 * its end through the pipeline. A problem with one file is handed to on_error and the others go on.
 * RC_OK; RC_CLOSED when nobody reads the output any more, or another failure that makes going on
 * pointless.
 */
enum rc scan_path(struct pipeline *pipeline, const char *path,
                  void (*on_error)(void *ctx, const struct err *err), void *ctx) GPUERR_MUSTCHECK;

#endif
