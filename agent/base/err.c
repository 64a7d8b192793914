/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors for people: fixed-size parts, joined at the end into the `file:line:column: message` form
 * that editors and compilers share. Parts come from hostile files, so bytes that a terminal would
 * act on become '?' on the way in; whoever prints an err needs no second thought.
 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void strip_controls(char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == 0x7f) {
            *s = '?';
        }
    }
}

static void set_part(char *part, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void set_part(char *part, size_t size, const char *format, va_list args)
{
    (void)vsnprintf(part, size, format,
                    args); /* a part that does not fit is cut, as the header says */
    strip_controls(part);
}

const char *rc_text(enum rc rc)
{
    static const char *const texts[] = {
#define X(name, text) [name] = (text),
        GPUERR_RC_MAP(X)
#undef X
    };

    return (size_t)rc < sizeof(texts) / sizeof(texts[0]) ? texts[rc] : "unknown error";
}

enum rc rc_from_errno(int err_no)
{
    switch (err_no) {
    case 0:
        return RC_OK;
    case ENOMEM:
        return RC_NOMEM;
    case ENOENT:
    case ENOTDIR:
        return RC_NOT_FOUND;
    case EACCES:
    case EPERM:
        return RC_DENIED;
    case EAGAIN:
        return RC_AGAIN;
    case EPIPE:
    case ECONNRESET:
        return RC_CLOSED;
    case EFBIG:
    case EOVERFLOW:
        return RC_TOO_BIG;
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
        return RC_LIMIT;
    case ENOSYS:
    case ENOTSUP:
        return RC_UNSUPPORTED;
    default:
        return RC_IO;
    }
}

void err_clear(struct err *err)
{
    if (err != NULL) {
        memset(err, 0, sizeof(*err));
    }
}

enum rc err_set(struct err *err, enum rc rc, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return rc;
    }
    err_clear(err);
    err->rc = rc;
    va_start(args, format);
    set_part(err->message, sizeof(err->message), format, args);
    va_end(args);
    return rc;
}

void err_file(struct err *err, const char *file)
{
    if (err != NULL) {
        (void)snprintf(err->file, sizeof(err->file), "%s", file);
        strip_controls(err->file);
    }
}

void err_place(struct err *err, unsigned line, unsigned column)
{
    if (err != NULL) {
        err->line = line;
        err->column = column;
    }
}

void err_field(struct err *err, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return;
    }
    va_start(args, format);
    set_part(err->field, sizeof(err->field), format, args);
    va_end(args);
}

void err_hint(struct err *err, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return;
    }
    va_start(args, format);
    set_part(err->hint, sizeof(err->hint), format, args);
    va_end(args);
}

void err_wrap(struct err *err, const char *format, ...)
{
    char context[256];
    char whole[sizeof(err->message) + sizeof(context) + 3];
    va_list args;

    if (err == NULL) {
        return;
    }
    va_start(args, format);
    set_part(context, sizeof(context), format, args);
    va_end(args);
    (void)snprintf(whole, sizeof(whole), "%s: %s", context, err->message);
    memcpy(err->message, whole, sizeof(err->message) - 1);
    err->message[sizeof(err->message) - 1] = '\0';
}

const char *err_format(const struct err *err, char *out, size_t out_size)
{
    char place[32] = "";

    if (err->line > 0 && err->column > 0) {
        (void)snprintf(place, sizeof(place), ":%u:%u", err->line, err->column);
    } else if (err->line > 0) {
        (void)snprintf(place, sizeof(place), ":%u", err->line);
    }
    (void)snprintf(out, out_size, "%s%s%s%s%s%s%s%s%s", err->file, place,
                   err->file[0] != '\0' ? ": " : "", err->field, err->field[0] != '\0' ? ": " : "",
                   err->message[0] != '\0' ? err->message : rc_text(err->rc),
                   err->hint[0] != '\0' ? " (" : "", err->hint, err->hint[0] != '\0' ? ")" : "");
    return out;
}
