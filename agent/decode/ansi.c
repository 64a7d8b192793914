/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes escape sequences as ECMA-48 has them: CSI (colours, cursor), the strings OSC, DCS, SOS,
 * PM and APC up to their terminator, and two- or three-byte escapes. Every ESC goes, with what
 * belongs to it where that can be told, so that a second pass finds nothing. A colour code inside a
 * message would otherwise hide it from the matcher.
 */
#include "decode/decode_internal.h"

#define ESC '\x1b'
#define BEL '\a'

static bool in_range(char c, int low, int high)
{
    unsigned char byte = (unsigned char)c;

    return byte >= low && byte <= high;
}

/* Parameters, intermediates, one final byte; a foreign byte ends it early and stays. */
static const char *skip_csi(const char *p, const char *end)
{
    while (p < end && in_range(*p, 0x30, 0x3f)) {
        p++;
    }
    while (p < end && in_range(*p, 0x20, 0x2f)) {
        p++;
    }
    return p < end && in_range(*p, 0x40, 0x7e) ? p + 1 : p;
}

/* Up to BEL or ESC \; without a terminator only the introducer goes. */
static const char *skip_string(const char *p, const char *end)
{
    for (const char *q = p; q < end; q++) {
        if (*q == BEL) {
            return q + 1;
        }
        if (*q == ESC) {
            return q + 1 < end && q[1] == '\\' ? q + 2 : p;
        }
    }
    return p;
}

/* p is behind an ESC; returns where the text goes on. */
static const char *skip_escape(const char *p, const char *end)
{
    if (p == end) {
        return p;
    }
    switch (*p) {
    case '[':
        return skip_csi(p + 1, end);
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
        return skip_string(p + 1, end);
    default:
        while (p < end && in_range(*p, 0x20, 0x2f)) {
            p++;
        }
        return p < end && in_range(*p, 0x30, 0x7e) ? p + 1 : p;
    }
}

size_t ansi_strip(struct span text, char *out)
{
    const char *p = text.ptr;
    const char *end = p + text.len;
    char *to = out;

    while (p < end) {
        const char *escape = memchr(p, ESC, (size_t)(end - p));
        size_t n = (size_t)((escape != NULL ? escape : end) - p);

        memmove(to, p, n);
        to += n;
        p = escape != NULL ? skip_escape(escape + 1, end) : end;
    }
    return (size_t)(to - out);
}
