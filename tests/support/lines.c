/* SPDX-License-Identifier: Apache-2.0 */
/* See lines.h. */
#include "support/lines.h"

#include <stdlib.h>

#include "base/clock.h"

static size_t count_lines(struct span text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        n += text.ptr[i] == '\n';
    }
    return n + 1;
}

void lines_init(struct record_batch *batch, struct span text)
{
    struct record *records = calloc(count_lines(text), sizeof(*records));
    size_t n = 0;

    if (records == NULL) {
        abort();
    }
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t len = end != NULL ? (size_t)(end - text.ptr) - at : text.len - at;
        records[n++] = (struct record){
            .text = span_of(text.ptr + at, len),
            .offset = at,
            .log_wall_ns = CLOCK_NONE,
            .rank = RANK_NONE,
        };
        at += len + 1;
    }
    *batch = (struct record_batch){
        .text = text, .records = records, .n_records = n, .end_offset = text.len};
}

void lines_fini(struct record_batch *batch)
{
    free((void *)(uintptr_t)batch->records);
    *batch = (struct record_batch){0};
}
