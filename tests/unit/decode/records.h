/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes text and writes its records down, one a line: `offset|rank|flags|text`, where flags are
 * of T (truncated), P (partial), K (kernel). Checks on the way what every batch must keep.
 */
#ifndef GPUERR_TESTS_UNIT_DECODE_RECORDS_H
#define GPUERR_TESTS_UNIT_DECODE_RECORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "decode/decode.h"

/* 2026-11-24 00:00:00 UTC: stamps without a year are of 2026. */
#define RECORDS_NOW_NS (INT64_C(1795478400) * CLOCK_NS_PER_S)

struct records {
    struct buf out;
    struct record last;
    char last_host[64];
    char last_unit[64];
    size_t n;
    size_t n_batches;
    uint64_t end_offset;
    bool broken;
    enum rc answer;
    struct decode_stats stats;
};

static inline void records_keep(char *to, size_t size, struct span text)
{
    (void)snprintf(to, size, "%.*s", (int)text.len, text.ptr != NULL ? text.ptr : "");
}

static inline enum rc records_on_batch(void *ctx, const struct record_batch *batch)
{
    struct records *records = ctx;
    const char *behind = batch->text.ptr;

    records->n_batches++;
    records->broken = records->broken || batch->end_offset < records->end_offset;
    records->end_offset = batch->end_offset;
    for (size_t i = 0; i < batch->n_records; i++) {
        const struct record *record = &batch->records[i];
        const char *end = record->text.ptr + record->text.len;
        bool apart = record->text.ptr > behind || (i == 0 && record->text.ptr == behind);
        records->broken = records->broken || !apart || record->text.len == 0 ||
                          end > batch->text.ptr + batch->text.len;
        behind = end;
        buf_printf(&records->out, "%llu|%d|%s%s%s|", (unsigned long long)record->offset,
                   (int)record->rank, record->truncated ? "T" : "", record->partial ? "P" : "",
                   record->kernel ? "K" : "");
        buf_add(&records->out, record->text);
        buf_add_char(&records->out, '\n');
        records->last = *record;
        records_keep(records->last_host, sizeof(records->last_host), record->host);
        records_keep(records->last_unit, sizeof(records->last_unit), record->unit);
        records->n++;
    }
    return records->answer;
}

/* Decodes text in chunks whose ends are given by cuts (ascending, below len), then flushes. */
static inline enum rc records_decode_cut(struct records *records, const struct decode_opts *opts,
                                         const char *path, struct span text, const size_t *cuts,
                                         size_t n_cuts)
{
    struct origin origin = {.type = SOURCE_FILE, .path = span_str(path), .rank = RANK_NONE};
    struct decode_opts with_now = *opts;
    struct decoder *decoder;
    size_t from = 0;
    enum rc rc;

    *records = (struct records){0};
    buf_init(&records->out, (size_t)64 << 20);
    with_now.reference_wall_ns = RECORDS_NOW_NS;
    rc = decoder_new(&with_now, &origin, records_on_batch, records, &decoder);
    for (size_t i = 0; i <= n_cuts && rc == RC_OK; i++) {
        size_t to = i < n_cuts ? cuts[i] : text.len;
        /* A copy of its own, so that a read beyond it is seen. */
        char *bytes = malloc(to - from + 1);
        if (to > from) {
            memcpy(bytes, text.ptr + from, to - from);
        }
        struct chunk chunk = {&origin, span_of(bytes, to - from), from};
        rc = decoder_push(decoder, &chunk);
        free(bytes);
        from = to;
    }
    if (rc == RC_OK) {
        rc = decoder_flush(decoder);
    }
    buf_add_char(&records->out, '\0');
    records->stats = *decoder_peek_stats(decoder);
    decoder_free(decoder);
    return rc;
}

static inline void records_fini(struct records *records)
{
    buf_fini(&records->out);
}

/* Decodes text in one piece and compares. */
static inline void records_expect_opts(const struct decode_opts *opts, const char *path,
                                       struct span text, const char *expected)
{
    struct records records;

    assert_int_equal(records_decode_cut(&records, opts, path, text, NULL, 0), RC_OK);
    assert_string_equal(records.out.ptr, expected);
    assert_false(records.broken);
    records_fini(&records);
}

static inline void records_expect(const char *text, const char *expected)
{
    records_expect_opts(&(struct decode_opts){0}, "train.log", span_str(text), expected);
}

#endif
