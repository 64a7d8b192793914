/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of plain characters are copied whole; only what needs escaping is looked at one by one.
 * Doubles try 15, 16 and 17 significant digits and take the first that reads back the same, as
 * cJSON and Python do.
 */
#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

static void before_value(struct json *json)
{
    if (json->comma) {
        buf_add_char(json->out, ',');
    }
    json->comma = true;
}

static void open_level(struct json *json, char c)
{
    before_value(json);
    buf_add_char(json->out, c);
    json->comma = false;
}

static void close_level(struct json *json, char c)
{
    buf_add_char(json->out, c);
    json->comma = true;
}

void json_object_begin(struct json *json)
{
    open_level(json, '{');
}

void json_object_end(struct json *json)
{
    close_level(json, '}');
}

void json_array_begin(struct json *json)
{
    open_level(json, '[');
}

void json_array_end(struct json *json)
{
    close_level(json, ']');
}

void json_key(struct json *json, const char *name)
{
    before_value(json);
    buf_add_char(json->out, '"');
    buf_add_str(json->out, name);
    buf_add(json->out, (struct span)SPAN_LIT("\":"));
    json->comma = false;
}

void json_key_span(struct json *json, struct span name)
{
    json_string(json, name.ptr != NULL ? name : span_str(""));
    buf_add_char(json->out, ':');
    json->comma = false;
}

static void escape_code(struct buf *out, uint32_t code)
{
    switch (code) {
    case '\n':
        buf_add_str(out, "\\n");
        return;
    case '\r':
        buf_add_str(out, "\\r");
        return;
    case '\t':
        buf_add_str(out, "\\t");
        return;
    case '"':
        buf_add_str(out, "\\\"");
        return;
    case '\\':
        buf_add_str(out, "\\\\");
        return;
    default:
        break;
    }
    if (code >= 0x10000) {
        code -= 0x10000;
        buf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + (code >> 10),
                   0xdc00 + (code & 0x3ff));
    } else {
        buf_printf(out, "\\u%04" PRIx32, code);
    }
}

void json_escape(struct buf *out, struct span text)
{
    size_t start = 0;
    size_t i = 0;

    while (i < text.len) {
        unsigned char c = (unsigned char)text.ptr[i];
        uint32_t code = c;
        size_t n = 1;

        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            i++;
            continue;
        }
        if (c >= 0x80) {
            n = utf8_decode(span_from(text, i), &code);
            if (n > 0 && !utf8_is_unsafe(code)) {
                i += n;
                continue;
            }
        }
        buf_add(out, span_of(text.ptr + start, i - start));
        if (n == 0) {
            buf_add_str(out, "\xef\xbf\xbd"); /* U+FFFD for a byte that is not UTF-8 */
            n = 1;
        } else {
            escape_code(out, code);
        }
        i += n;
        start = i;
    }
    buf_add(out, span_of(text.ptr + start, i - start));
}

void json_string(struct json *json, struct span text)
{
    if (text.ptr == NULL) {
        json_null(json);
        return;
    }
    before_value(json);
    buf_add_char(json->out, '"');
    json_escape(json->out, text);
    buf_add_char(json->out, '"');
}

void json_int(struct json *json, int64_t value)
{
    before_value(json);
    buf_printf(json->out, "%" PRId64, value);
}

void json_uint(struct json *json, uint64_t value)
{
    before_value(json);
    buf_printf(json->out, "%" PRIu64, value);
}

void json_double(struct json *json, double value)
{
    char text[40];

    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (!(back < value) && !(back > value)) {
            break;
        }
    }
    before_value(json);
    buf_add_str(json->out, text);
}

void json_bool(struct json *json, bool value)
{
    before_value(json);
    buf_add_str(json->out, value ? "true" : "false");
}

void json_null(struct json *json)
{
    before_value(json);
    buf_add_str(json->out, "null");
}

void json_raw(struct json *json, struct span text)
{
    before_value(json);
    buf_add(json->out, text);
}

void json_key_string(struct json *json, const char *name, struct span text)
{
    json_key(json, name);
    json_string(json, text);
}

void json_key_uint(struct json *json, const char *name, uint64_t value)
{
    json_key(json, name);
    json_uint(json, value);
}

void json_key_int(struct json *json, const char *name, int64_t value)
{
    json_key(json, name);
    json_int(json, value);
}

void json_key_bool(struct json *json, const char *name, bool value)
{
    json_key(json, name);
    json_bool(json, value);
}

void json_key_strings(struct json *json, const char *name, struct span_list list)
{
    json_key(json, name);
    json_array_begin(json);
    for (size_t i = 0; i < list.n; i++) {
        json_string(json, list.items[i]);
    }
    json_array_end(json);
}
