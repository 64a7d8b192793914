/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A streaming JSON writer onto a buf: commas and quotes are its business, nesting is the caller's.
 * Output is always valid UTF-8: bytes of a log line that are not become U+FFFD, and every character
 * that could act on a terminal (utf8_is_unsafe) leaves as \u escape. Failures stay in the buf.
 */
#ifndef GPUERR_BASE_JSON_WRITE_H
#define GPUERR_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct json {
    struct buf *out;
    bool comma; /* something stands before the next value on this level */
};

static inline void json_init(struct json *json, struct buf *out)
{
    *json = (struct json){.out = out};
}

void json_object_begin(struct json *json);
void json_object_end(struct json *json);
void json_array_begin(struct json *json);
void json_array_end(struct json *json);

/* The name of the next value; plain ASCII names only, they are written as they are. */
void json_key(struct json *json, const char *name);
/* The same for a name that comes from outside. */
void json_key_span(struct json *json, struct span name);

/* An absent span is written as null. */
void json_string(struct json *json, struct span text);
void json_int(struct json *json, int64_t value);
void json_uint(struct json *json, uint64_t value);
/* The shortest form that reads back as the same double; NaN and infinities become null. */
void json_double(struct json *json, double value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* text that is JSON already. */
void json_raw(struct json *json, struct span text);

/* Key and value in one: what most of the writers need. */
void json_key_string(struct json *json, const char *name, struct span text);
void json_key_uint(struct json *json, const char *name, uint64_t value);
void json_key_int(struct json *json, const char *name, int64_t value);
void json_key_strings(struct json *json, const char *name, struct span_list list);
void json_key_bool(struct json *json, const char *name, bool value);

/* Appends text to out, escaped as inside a JSON string, without quotes. */
void json_escape(struct buf *out, struct span text);

#endif
