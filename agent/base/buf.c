/* SPDX-License-Identifier: Apache-2.0 */
/* Doubling growth up to the ceiling; the first failure sticks. See buf.h. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_fini(struct buf *buf)
{
    mem_free(buf->ptr);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->rc = RC_OK;
}

enum rc buf_reserve(struct buf *buf, size_t more)
{
    size_t want;
    size_t cap = buf->cap < 256 ? 256 : buf->cap;
    char *grown;

    if (buf->rc != RC_OK) {
        return buf->rc;
    }
    if (more > buf->max || buf->len > buf->max - more) {
        return buf->rc = RC_TOO_BIG;
    }
    want = buf->len + more;
    if (want <= buf->cap) {
        return RC_OK;
    }
    while (cap < want) {
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    }
    if (cap > buf->max) {
        cap = buf->max;
    }
    grown = mem_realloc(buf->ptr, cap, 1);
    if (grown == NULL) {
        return buf->rc = RC_NOMEM;
    }
    buf->ptr = grown;
    buf->cap = cap;
    return RC_OK;
}

void buf_add(struct buf *buf, struct span bytes)
{
    if (bytes.len > 0 && buf_reserve(buf, bytes.len) == RC_OK) {
        memcpy(buf->ptr + buf->len, bytes.ptr, bytes.len);
        buf->len += bytes.len;
    }
}

void buf_add_str(struct buf *buf, const char *text)
{
    buf_add(buf, span_str(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, span_of(&c, 1));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n <= 0 || buf_reserve(buf, (size_t)n + 1) != RC_OK) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(buf->ptr + buf->len, (size_t)n + 1, format, args); /* measured just above */
    va_end(args);
    buf->len += (size_t)n;
}

void buf_drop_front(struct buf *buf, size_t n)
{
    if (n >= buf->len) {
        buf->len = 0;
        return;
    }
    if (n > 0) {
        memmove(buf->ptr, buf->ptr + n, buf->len - n);
        buf->len -= n;
    }
}
