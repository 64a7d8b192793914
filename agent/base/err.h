/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How things fail. Every fallible function returns an `enum rc`; where a person has to act on it
 * (KB, rules, configuration, start-up) the last parameter is a caller-owned `struct err` that
 * carries file, place and message, and is wrapped with context on the way up. Nothing here
 * allocates.
 */
#ifndef GPUERR_BASE_ERR_H
#define GPUERR_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define GPUERR_RC_MAP(X)                                                                           \
    X(RC_OK, "ok")                                                                                 \
    X(RC_FULL, "taken, send no more for now")                                                      \
    X(RC_EOF, "end of input")                                                                      \
    X(RC_AGAIN, "nothing yet")                                                                     \
    X(RC_NOMEM, "out of memory")                                                                   \
    X(RC_IO, "input/output error")                                                                 \
    X(RC_NOT_FOUND, "not found")                                                                   \
    X(RC_DENIED, "permission denied")                                                              \
    X(RC_INVALID, "invalid input")                                                                 \
    X(RC_TOO_BIG, "too large")                                                                     \
    X(RC_CLOSED, "closed")                                                                         \
    X(RC_UNSUPPORTED, "not supported")                                                             \
    X(RC_LIMIT, "limit reached")

enum rc {
#define X(name, text) name,
    GPUERR_RC_MAP(X)
#undef X
};

#define GPUERR_MUSTCHECK    __attribute__((warn_unused_result))
#define GPUERR_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* A short English text for rc; never NULL. */
const char *rc_text(enum rc rc);

/* The rc for an errno value (a positive number). */
enum rc rc_from_errno(int err_no);

/*
 * What went wrong, for a person: `file:line:column: message` plus a hint. line and column count
 * from 1, 0 is "not known"; `field` is the place inside a structured file
 * (`workarounds[0].action`). Empty strings are left out when printed.
 */
struct err {
    enum rc rc;
    unsigned line;
    unsigned column;
    char file[512];
    char field[128];
    char message[512];
    char hint[256];
};

void err_clear(struct err *err);

/* Sets rc and message (printf), clears the rest. err may be NULL. Returns rc, so that one can
 * `return err_set(...)`. */
enum rc err_set(struct err *err, enum rc rc, const char *format, ...) GPUERR_PRINTF(3, 4);

/* Add to an error already set; a text that does not fit is cut. err may be NULL. */
void err_file(struct err *err, const char *file);
void err_place(struct err *err, unsigned line, unsigned column);
void err_field(struct err *err, const char *format, ...) GPUERR_PRINTF(2, 3);
void err_hint(struct err *err, const char *format, ...) GPUERR_PRINTF(2, 3);

/* Puts "context: " in front of the message. */
void err_wrap(struct err *err, const char *format, ...) GPUERR_PRINTF(2, 3);

/*
 * Writes `file:line:column: field: message (hint)` into out, always terminated, and returns out.
 * Control characters from hostile input are already replaced when the parts are set.
 */
const char *err_format(const struct err *err, char *out, size_t out_size);

#endif
