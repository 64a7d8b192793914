/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the sources of messages that a configuration asks for: the journal, the kernel. */
#ifndef GPUERR_PIPELINE_INPUTS_H
#define GPUERR_PIPELINE_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct config;
struct loop;
struct source;
struct source_ops;

/* At most so many are opened. */
#define INPUTS_MAX 2

bool inputs_wanted(const struct config *config);

/* Adds them to sources, where *n are already; config must outlive them. On an error those that are
 * open stay there for the caller to close. */
enum rc inputs_open(const struct config *config, struct loop *loop, const struct source_ops *ops,
                    void *ctx, struct source **sources, size_t *n,
                    struct err *err) GPUERR_MUSTCHECK;

#endif
