/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects records until there are BATCH_RECORDS, the memory of copies is full, or the chunk ends.
 * Lent and copied records never share a batch: their texts lie in different memory. The text of
 * copies is allocated once at its full size, so that spans into it stay valid.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "decode/decode_internal.h"

enum rc decode_scratch_new(struct decode_scratch **ret_scratch)
{
    struct decode_scratch *scratch = mem_calloc(1, sizeof(*scratch));

    if (scratch == NULL) {
        return RC_NOMEM;
    }
    scratch->records = mem_calloc(BATCH_RECORDS, sizeof(*scratch->records));
    if (scratch->records == NULL) {
        mem_free(scratch);
        return RC_NOMEM;
    }
    buf_init(&scratch->text, SIZE_MAX);
    *ret_scratch = scratch;
    return RC_OK;
}

struct decode_scratch *decode_scratch_free(struct decode_scratch *scratch)
{
    if (scratch != NULL) {
        buf_fini(&scratch->text);
        mem_free(scratch->records);
    }
    return mem_free(scratch);
}

void batch_note_rc(struct decoder *decoder, enum rc rc)
{
    if (rc != RC_OK && !batch_has_failed(decoder)) {
        decoder->rc = rc;
    }
}

bool batch_has_failed(const struct decoder *decoder)
{
    return decoder->rc != RC_OK && decoder->rc != RC_FULL;
}

/* What is being joined or held back has not been handed on: its beginning must be read again after
 * a restart. */
uint64_t batch_safe_end(const struct decoder *decoder)
{
    uint64_t end = decoder->end_offset;

    for (size_t i = 0; i < 2; i++) {
        if (decoder->joins[i].open && decoder->joins[i].offset < end) {
            end = decoder->joins[i].offset;
        }
    }
    if (decoder->group.kind != NULL && decoder->group.record.offset < end) {
        end = decoder->group.record.offset;
    }
    return end;
}

void batch_push(struct decoder *decoder)
{
    const struct record *first = decoder->scratch->records;
    size_t n = decoder->n_records;

    if (n > 0 && !batch_has_failed(decoder)) {
        const struct span last = first[n - 1].text;
        struct record_batch batch = {
            .origin = decoder->origin,
            .text = span_of(first->text.ptr, (size_t)(last.ptr + last.len - first->text.ptr)),
            .records = first,
            .n_records = n,
            .end_offset = batch_safe_end(decoder),
        };
        decoder->stats.records += n;
        batch_note_rc(decoder, decoder->next(decoder->ctx, &batch));
    }
    decoder->n_records = 0;
    buf_clear(&decoder->scratch->text);
}

/* The transport's word about a record; its unit and host are those of who wrote, whatever the text
 * says. */
static void note_message(const struct message *message, struct record *record)
{
    record->kernel = message->kernel;
    record->truncated = record->truncated || message->truncated;
    record->replayed = message->replayed;
    record->cursor = message->cursor;
    if (message->host.ptr != NULL) {
        record->host = message->host;
    }
    if (message->unit.ptr != NULL) {
        record->unit = message->unit;
    }
}

static void add_record(struct decoder *decoder, struct span text, const struct line *line,
                       const struct batch_note *note)
{
    size_t max = decoder->opts.max_record_bytes;
    uint64_t dropped = line->dropped + (text.len > max ? text.len - max : 0);
    struct record *record = &decoder->scratch->records[decoder->n_records];

    if (dropped > 0) {
        text.len = text.len > max ? max : text.len;
        decoder->stats.truncated_records++;
        decoder->stats.dropped_bytes += dropped;
    }
    *record = (struct record){
        .text = text,
        .offset = line->offset,
        .log_wall_ns = note->log_wall_ns,
        .rank = note->rank != RANK_NONE ? note->rank : decoder->rank,
        .truncated = dropped > 0,
        .partial = line->partial,
    };
    notes_find(&decoder->notes, record);
    if (decoder->message != NULL) {
        note_message(decoder->message, record);
    }
    if (record->log_wall_ns != CLOCK_NONE) {
        decoder->last_wall_ns = record->log_wall_ns;
    }
    record->near_wall_ns = decoder->last_wall_ns;
    if (!record->kernel || !group_take(decoder, record)) {
        decoder->n_records++;
    }
}

void batch_lend(struct decoder *decoder, const struct line *line)
{
    static const struct batch_note none = {CLOCK_NONE, RANK_NONE};
    struct span text = line->bytes;

    if (text.len == 0) {
        return;
    }
    if (decoder->n_records == BATCH_RECORDS) {
        batch_push(decoder);
    }
    add_record(decoder, text, line, &none);
}

static bool make_room(struct decoder *decoder, size_t need)
{
    struct buf *text = &decoder->scratch->text;

    if (decoder->n_records == BATCH_RECORDS || text->len + need > text->cap) {
        batch_push(decoder);
    }
    if (need > text->cap) {
        size_t size = 2 * (decoder->raw_max + 1);
        batch_note_rc(decoder, buf_reserve(text, size > need ? size : need));
    }
    return !batch_has_failed(decoder);
}

void batch_copy(struct decoder *decoder, struct span text, const struct line *line,
                const struct batch_note *note)
{
    struct buf *to = &decoder->scratch->text;
    char *at;
    size_t len;

    if (text.len == 0 || !make_room(decoder, text.len + 1)) {
        return;
    }
    at = to->ptr + to->len;
    len = ansi_strip(text, at);
    if (len > 0) {
        add_record(decoder, span_of(at, len), line, note); /* may push the records before it */
        at[len] = '\n';
        to->len = (size_t)(at - to->ptr) + len + 1;
    }
}
