/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the sources of messages that a configuration asks for: the journal, the kernel, syslog. */
#ifndef GPUERR_PIPELINE_INPUTS_H
#define GPUERR_PIPELINE_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct config;
struct loop;
struct resume;
struct source;
struct source_ops;

/* At most so many are opened. */
#define INPUTS_SYSLOG_MAX 8
#define INPUTS_MAX        (3 + INPUTS_SYSLOG_MAX)

bool inputs_wanted(const struct config *config);

/* Where they are opened, and the list that they are added to. */
struct inputs {
    struct loop *loop;
    const struct source_ops *ops;
    void *ctx;
    struct source **sources;
    size_t n; /* in sources */
};

/* config and resume must outlive them. On an error those that are open stay in the list for the
 * caller to close. */
enum rc inputs_open(const struct config *config, const struct resume *resume, struct inputs *inputs,
                    struct err *err) GPUERR_MUSTCHECK;

#endif
