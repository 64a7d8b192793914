/* SPDX-License-Identifier: Apache-2.0 */
/* `KEY=value\n`, or `KEY\n`, a 64-bit little-endian length, that many bytes and `\n`. */
#include "source/native_entry.h"

#include <stdbool.h>
#include <stdint.h>

static uint64_t read_le64(const char *bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8; i++) {
        value |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    }
    return value;
}

static bool take_field(struct span *in, struct span *ret_key, struct span *ret_value)
{
    const char *end = memchr(in->ptr, '\n', in->len);
    struct span line = span_of(in->ptr, end != NULL ? (size_t)(end - in->ptr) : in->len);
    const char *equals = line.len > 0 ? memchr(line.ptr, '=', line.len) : NULL;
    uint64_t len;

    if (equals != NULL || line.len == 0) {
        size_t key_len = equals != NULL ? (size_t)(equals - line.ptr) : 0;
        *ret_key = span_of(line.ptr, key_len);
        *ret_value = span_from(line, equals != NULL ? key_len + 1 : 0);
        *in = span_from(*in, line.len + 1);
        return true;
    }
    if (in->len < line.len + 9) {
        return false;
    }
    len = read_le64(line.ptr + line.len + 1);
    if (len >= in->len - line.len - 9 || in->ptr[line.len + 9 + len] != '\n') {
        return false;
    }
    *ret_key = line;
    *ret_value = span_of(line.ptr + line.len + 9, (size_t)len);
    *in = span_from(*in, line.len + 10 + (size_t)len);
    return true;
}

enum rc native_parse(struct span bytes, struct native_entry *ret_entry)
{
    struct native_entry entry = {0};
    struct span key;
    struct span value;

    while (bytes.len > 0) {
        if (!take_field(&bytes, &key, &value)) {
            return RC_INVALID;
        }
        if (span_eq_str(key, "MESSAGE")) {
            entry.message = value;
        } else if (span_eq_str(key, "SYSLOG_IDENTIFIER")) {
            entry.identifier = value;
        }
    }
    if (entry.message.ptr == NULL) {
        return RC_INVALID;
    }
    *ret_entry = entry;
    return RC_OK;
}
