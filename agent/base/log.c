/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each message is formatted into a fixed buffer and leaves by one write, so that lines of several
 * threads never mix. A log that cannot be written is nobody's problem: the work goes on.
 */
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Atomic int max_level = LOG_WARNING;
static const char *const level_names[] = {"error", "warning", "info", "debug"};

void log_set_level(enum log_level level)
{
    atomic_store(&max_level, (int)level);
}

enum rc log_level_parse(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return RC_OK;
        }
    }
    return RC_INVALID;
}

void log_write(enum log_level level, const char *format, ...)
{
    char line[2048];
    va_list args;
    size_t len;
    int n;

    if ((int)level > atomic_load_explicit(&max_level, memory_order_relaxed)) {
        return;
    }
    n = snprintf(line, sizeof(line), "gpuerr-agent: %s: ", level_names[level]);
    if (n < 0) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format,
                    args); /* an overlong text is cut */
    va_end(args);
    len = strlen(line);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c == 0x7f) {
            line[i] = '?';
        }
    }
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len); /* nowhere left to report that stderr is gone */
}

void log_err(enum log_level level, const struct err *err)
{
    char text[1500];

    log_write(level, "%s", err_format(err, text, sizeof(text)));
}
