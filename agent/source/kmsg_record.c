/* SPDX-License-Identifier: Apache-2.0 */
/* See Documentation/ABI/testing/dev-kmsg of the kernel. */
#include "source/kmsg_record.h"

/* A decimal number and the byte behind it. */
static bool take_number(struct span *in, char end, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t i = 0;

    for (; i < in->len && in->ptr[i] >= '0' && in->ptr[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(in->ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (i == 0 || i == in->len || in->ptr[i] != end) {
        return false;
    }
    *in = span_from(*in, i + 1);
    *ret_value = value;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t undo_escapes(char *text, size_t len)
{
    size_t to = 0;

    for (size_t i = 0; i < len; i++) {
        int high =
            i + 3 < len && text[i] == '\\' && text[i + 1] == 'x' ? hex_digit(text[i + 2]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 3]) : -1;
        if (low >= 0) {
            text[to++] = (char)(high * 16 + low);
            i += 3;
        } else {
            text[to++] = text[i];
        }
    }
    return to;
}

static bool parse(char *line, size_t len, struct kmsg_record *record)
{
    struct span in = span_of(line, len);
    const char *text = memchr(line, ';', len);
    uint64_t facility_priority;
    char *start;

    if (text == NULL || !take_number(&in, ',', &facility_priority) ||
        facility_priority > UINT32_MAX || !take_number(&in, ',', &record->sequence) ||
        !take_number(&in, ',', &record->mono_us)) {
        return false;
    }
    record->priority = (unsigned)facility_priority & 7U;
    record->facility = (unsigned)facility_priority >> 3;
    start = line + (text - line) + 1;
    record->text = span_of(start, undo_escapes(start, len - (size_t)(start - line)));
    return true;
}

enum rc kmsg_take_record(char *bytes, size_t len, size_t *ret_taken, struct kmsg_record *ret_record)
{
    const char *end = memchr(bytes, '\n', len);
    struct kmsg_record record;
    size_t taken;

    if (end == NULL) {
        return RC_AGAIN;
    }
    taken = (size_t)(end - bytes) + 1;
    while (taken < len && bytes[taken] == ' ') {
        const char *next = memchr(bytes + taken, '\n', len - taken);
        if (next == NULL) {
            break;
        }
        taken = (size_t)(next - bytes) + 1;
    }
    *ret_taken = taken;
    if (!parse(bytes, (size_t)(end - bytes), &record)) {
        return RC_INVALID;
    }
    *ret_record = record;
    return RC_OK;
}
