/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer with a ceiling. Appending remembers the first failure, so that a writer of
 * many pieces checks once at the end: after a failure nothing more is appended and buf_rc tells
 * why.
 */
#ifndef GPUERR_BASE_BUF_H
#define GPUERR_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct buf {
    char *ptr;
    size_t len;
    size_t cap;
    size_t max; /* never longer than this many bytes */
    enum rc rc; /* RC_OK, RC_NOMEM or RC_TOO_BIG */
};

/* An empty buffer that will hold at most max bytes; nothing is allocated yet. */
void buf_init(struct buf *buf, size_t max);
void buf_fini(struct buf *buf);

/* Empties it and forgets a failure; the memory stays. */
void buf_clear(struct buf *buf);

/* Makes room for `more` bytes behind len. */
enum rc buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, struct span bytes);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) GPUERR_PRINTF(2, 3);

/* Drops the first n bytes (at most len), moving the rest to the front. */
void buf_drop_front(struct buf *buf, size_t n);

static inline enum rc buf_rc(const struct buf *buf)
{
    return buf->rc;
}

/* What is in it; valid until the next change. */
static inline struct span buf_span(const struct buf *buf)
{
    return span_of(buf->ptr, buf->len);
}

#endif
