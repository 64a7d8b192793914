/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own log: one line a message on stderr, `gpuerr-agent: level: text`. Diagnostics go
 * here, results never do. Only cmd/, pipeline/ and the entry points of stages log; everything below
 * returns its error.
 */
#ifndef GPUERR_BASE_LOG_H
#define GPUERR_BASE_LOG_H

#include "base/err.h"

enum log_level {
    LOG_ERROR,
    LOG_WARNING,
    LOG_INFO,
    LOG_DEBUG,
};

/* Messages above this level are dropped; LOG_WARNING at first. */
void log_set_level(enum log_level level);

/* The level of that name (error, warning, info, debug), or RC_INVALID. */
enum rc log_level_parse(const char *name, enum log_level *ret_level) GPUERR_MUSTCHECK;

/* Control characters in the formatted text are replaced: names of files are hostile too. */
void log_write(enum log_level level, const char *format, ...) GPUERR_PRINTF(2, 3);

/* Logs err in its `file:line:column: message` form. */
void log_err(enum log_level level, const struct err *err);

#define log_error(...)   log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_DEBUG, __VA_ARGS__)

#endif
