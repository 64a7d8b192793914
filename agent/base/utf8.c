/* SPDX-License-Identifier: Apache-2.0 */
/* A plain decoder by the table of well-formed byte sequences (Unicode 15.0, table 3-7). See utf8.h.
 */
#include "base/utf8.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_decode(struct span s, uint32_t *ret_code)
{
    const unsigned char *p = (const unsigned char *)s.ptr;

    if (s.len == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        *ret_code = p[0];
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf && s.len >= 2 && is_tail(p[1])) {
        *ret_code = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if ((p[0] & 0xf0) == 0xe0 && s.len >= 3 && is_tail(p[1]) && is_tail(p[2])) {
        uint32_t code =
            (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        if (code >= 0x800 && (code < 0xd800 || code > 0xdfff)) {
            *ret_code = code;
            return 3;
        }
        return 0;
    }
    if ((p[0] & 0xf8) == 0xf0 && s.len >= 4 && is_tail(p[1]) && is_tail(p[2]) && is_tail(p[3])) {
        uint32_t code = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
                        (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
        if (code >= 0x10000 && code <= 0x10ffff) {
            *ret_code = code;
            return 4;
        }
    }
    return 0;
}

bool utf8_valid(struct span s)
{
    uint32_t code;

    while (s.len > 0) {
        size_t n = utf8_decode(s, &code);
        if (n == 0) {
            return false;
        }
        s = span_from(s, n);
    }
    return true;
}

struct span utf8_cut(struct span s, size_t max)
{
    if (s.len <= max) {
        return s;
    }
    size_t end = max;
    /* Step back over at most three tail bytes to a character's start; bytes that are no UTF-8 are
     * cut where they are. */
    for (size_t back = 0; back < 4 && end > 0 && is_tail((unsigned char)s.ptr[end]); back++) {
        end--;
    }
    if (is_tail((unsigned char)s.ptr[end])) {
        end = max;
    }
    return span_of(s.ptr, end);
}

bool utf8_is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0xad || code == 0x61c ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
           (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}
