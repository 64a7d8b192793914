/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames lines and collects them into batches. A line ends at \n, at \r\n, or at a lone \r
 * (progress bars redraw their line with it). Empty lines are no records: nothing can match in them.
 *
 * Two ways: `lend` batches point into the chunk itself, which costs no copy and is what a healthy
 * log takes; `copy` batches are built in `text`, for lines that need a change (escapes, NUL,
 * envelopes) or that began in an earlier chunk. A chunk that has come upon the second way keeps to
 * it until its end, so that batches stay long.
 *
 * What is unfinished at the end of a chunk is kept in `pending`, at most raw_max bytes of it: what
 * a line has beyond that is dropped and counted, while framing goes on. As every decision depends
 * on a line's bytes alone, any cutting of the input gives the same records.
 */
#include "decode/decode.h"

#include <assert.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "decode/decode_internal.h"

#define BATCH_RECORDS 512

/* JSON may need several bytes for one of text, so a raw line may be longer than a record. */
#define RAW_PER_RECORD_BYTE 4

struct decoder {
    struct decode_opts opts;
    const struct origin *origin;
    record_batch_fn *next;
    void *ctx;
    int32_t rank; /* of records that tell none */
    size_t raw_max;
    struct decode_stats stats;

    struct buf pending; /* the unfinished line, without its NULs */
    uint64_t pending_offset;
    uint64_t pending_dropped;
    uint64_t pending_raw; /* its length in the stream; 0: no line has begun */
    bool after_cr;        /* the last byte was a \r that ended a line: a \n belongs to it */
    bool refused;

    struct record *records; /* BATCH_RECORDS */
    size_t n_records;
    struct buf text; /* of a copy batch */
    bool copying;
    uint64_t end_offset; /* behind the last line end */
    enum rc rc;          /* what next answered in this push */
};

/* A line as it lies in the stream. */
struct line {
    struct span bytes;
    uint64_t offset;
    uint64_t dropped; /* bytes that were cut off already */
    bool partial;
};

enum rc decoder_new(const struct decode_opts *opts, const struct origin *origin,
                    record_batch_fn *next, void *ctx, struct decoder **ret_decoder)
{
    struct decoder *decoder = mem_calloc(1, sizeof(*decoder));

    if (decoder == NULL) {
        return RC_NOMEM;
    }
    decoder->records = mem_calloc(BATCH_RECORDS, sizeof(*decoder->records));
    if (decoder->records == NULL) {
        decoder_free(decoder);
        return RC_NOMEM;
    }
    decoder->opts = *opts;
    if (decoder->opts.max_record_bytes == 0) {
        decoder->opts.max_record_bytes = DECODE_RECORD_BYTES_DEFAULT;
    }
    decoder->raw_max = decoder->opts.max_record_bytes * RAW_PER_RECORD_BYTE;
    buf_init(&decoder->pending, decoder->raw_max);
    buf_init(&decoder->text, 2 * (decoder->raw_max + 1));
    decoder->origin = origin;
    decoder->next = next;
    decoder->ctx = ctx;
    decoder->rank = origin->rank != RANK_NONE ? origin->rank : decode_path_rank(origin->path);
    *ret_decoder = decoder;
    return RC_OK;
}

struct decoder *decoder_free(struct decoder *decoder)
{
    if (decoder != NULL) {
        buf_fini(&decoder->pending);
        buf_fini(&decoder->text);
        mem_free(decoder->records);
    }
    return mem_free(decoder);
}

static void note_rc(struct decoder *decoder, enum rc rc)
{
    if (rc != RC_OK && (decoder->rc == RC_OK || decoder->rc == RC_FULL)) {
        decoder->rc = rc;
    }
}

static bool has_failed(const struct decoder *decoder)
{
    return decoder->rc != RC_OK && decoder->rc != RC_FULL;
}

static void push_batch(struct decoder *decoder)
{
    const struct record *first = &decoder->records[0];
    const struct record *last = first + decoder->n_records;

    if (decoder->n_records > 0 && !has_failed(decoder)) {
        struct record_batch batch = {
            .origin = decoder->origin,
            .text = span_of(first->text.ptr,
                            (size_t)(last[-1].text.ptr + last[-1].text.len - first->text.ptr)),
            .records = decoder->records,
            .n_records = decoder->n_records,
            .end_offset = decoder->end_offset,
        };
        decoder->stats.records += batch.n_records;
        note_rc(decoder, decoder->next(decoder->ctx, &batch));
    }
    decoder->n_records = 0;
    buf_clear(&decoder->text);
}

static void add_record(struct decoder *decoder, struct span text, const struct line *line)
{
    size_t max = decoder->opts.max_record_bytes;
    uint64_t dropped = line->dropped + (text.len > max ? text.len - max : 0);

    if (text.len == 0) {
        return;
    }
    if (text.len > max) {
        text.len = max;
    }
    if (dropped > 0) {
        decoder->stats.truncated_records++;
        decoder->stats.dropped_bytes += dropped;
    }
    decoder->records[decoder->n_records++] = (struct record){
        .text = text,
        .offset = line->offset,
        .log_wall_ns = CLOCK_NONE,
        .rank = decoder->rank,
        .truncated = dropped > 0,
        .partial = line->partial,
    };
}

static size_t strip_nul(char *text, size_t len)
{
    char *first = memchr(text, '\0', len);
    size_t n;

    if (first == NULL) {
        return len;
    }
    n = (size_t)(first - text);
    for (size_t i = n; i < len; i++) {
        if (text[i] != '\0') {
            text[n++] = text[i];
        }
    }
    return n;
}

static void copy_line(struct decoder *decoder, const struct line *line)
{
    struct buf *text = &decoder->text;
    size_t need = line->bytes.len + 1;
    char *start;
    size_t len;

    if (text->ptr == NULL && buf_reserve(text, text->max) != RC_OK) {
        note_rc(decoder, RC_NOMEM);
        return;
    }
    if (text->len + need > text->cap) {
        push_batch(decoder);
    }
    start = text->ptr + text->len;
    len = ansi_strip(line->bytes, start);
    len = strip_nul(start, len);
    add_record(decoder, span_of(start, len), line);
    start[len] = '\n';
    text->len += len + 1;
}

static void take_line(struct decoder *decoder, struct line *line)
{
    if (line->bytes.len > decoder->raw_max) {
        line->dropped += line->bytes.len - decoder->raw_max;
        line->bytes.len = decoder->raw_max;
    }
    if (decoder->n_records == BATCH_RECORDS) {
        push_batch(decoder);
    }
    if (decoder->copying) {
        copy_line(decoder, line);
    } else {
        add_record(decoder, line->bytes, line);
    }
}

/* Adds bytes of a line that does not end in this chunk. */
static void keep_pending(struct decoder *decoder, struct span bytes, uint64_t offset)
{
    struct buf *pending = &decoder->pending;

    if (decoder->pending_raw == 0) {
        decoder->pending_offset = offset;
    }
    decoder->pending_raw += bytes.len;
    while (bytes.len > 0) {
        const char *nul = memchr(bytes.ptr, '\0', bytes.len);
        size_t n = nul != NULL ? (size_t)(nul - bytes.ptr) : bytes.len;
        size_t room = pending->max - pending->len;

        buf_add(pending, span_of(bytes.ptr, n < room ? n : room));
        decoder->pending_dropped += n < room ? 0 : n - room;
        bytes = span_from(bytes, n + (nul != NULL));
    }
    note_rc(decoder, buf_rc(pending));
}

/* The pending line is complete. It makes a batch of its own, as its bytes lie apart. */
static void end_pending(struct decoder *decoder, bool partial)
{
    struct line line = {
        .bytes = buf_span(&decoder->pending),
        .offset = decoder->pending_offset,
        .dropped = decoder->pending_dropped,
        .partial = partial,
    };
    bool copying = decoder->copying;

    decoder->copying = true;
    take_line(decoder, &line);
    decoder->copying = copying;
    if (!copying) {
        push_batch(decoder);
    }
    buf_clear(&decoder->pending);
    decoder->pending_raw = 0;
    decoder->pending_dropped = 0;
}

/* The first \n or \r of [p, end), or NULL. *cr caches where the next \r is. */
static const char *find_end(const char *p, const char *end, const char **cr)
{
    const char *nl = memchr(p, '\n', (size_t)(end - p));

    if (*cr != NULL && *cr < p) {
        *cr = memchr(p, '\r', (size_t)(end - p));
    }
    return *cr != NULL && (nl == NULL || *cr < nl) ? *cr : nl;
}

static void take_chunk(struct decoder *decoder, const char *p, const char *end, uint64_t offset)
{
    const char *start = p;
    const char *cr = memchr(p, '\r', (size_t)(end - p));

    while (p < end && !has_failed(decoder)) {
        const char *stop = find_end(p, end, &cr);
        struct span bytes = span_of(p, (size_t)((stop != NULL ? stop : end) - p));

        if (stop == NULL) {
            keep_pending(decoder, bytes, offset + (uint64_t)(p - start));
            break;
        }
        decoder->end_offset = offset + (uint64_t)(stop + 1 - start);
        if (decoder->pending_raw > 0) {
            keep_pending(decoder, bytes, offset);
            end_pending(decoder, false);
        } else {
            struct line line = {.bytes = bytes, .offset = offset + (uint64_t)(p - start)};
            take_line(decoder, &line);
        }
        p = stop + 1;
        decoder->after_cr = *stop == '\r';
        if (decoder->after_cr && p < end) {
            p += *p == '\n';
            decoder->after_cr = false;
        }
    }
}

static bool is_utf16(struct span head)
{
    return head.len >= 2 &&
           (memcmp(head.ptr, "\xff\xfe", 2) == 0 || memcmp(head.ptr, "\xfe\xff", 2) == 0);
}

enum rc decoder_push(struct decoder *decoder, const struct chunk *chunk)
{
    struct span bytes = chunk->bytes;
    uint64_t offset = chunk->offset;

    decoder->stats.bytes += bytes.len;
    decoder->rc = RC_OK;
    if (bytes.len == 0) {
        return RC_OK;
    }
    if (decoder->refused || (offset == 0 && is_utf16(bytes))) {
        decoder->refused = true;
        return RC_UNSUPPORTED;
    }
    if (decoder->after_cr) {
        decoder->after_cr = false;
        if (bytes.ptr[0] == '\n') {
            bytes = span_from(bytes, 1);
            offset++;
        }
    }
    decoder->copying =
        memchr(bytes.ptr, '\x1b', bytes.len) != NULL || memchr(bytes.ptr, '\0', bytes.len) != NULL;
    take_chunk(decoder, bytes.ptr, bytes.ptr + bytes.len, offset);
    push_batch(decoder);
    return decoder->rc;
}

enum rc decoder_flush(struct decoder *decoder)
{
    decoder->rc = RC_OK;
    if (decoder->pending_raw > 0) {
        decoder->end_offset = decoder->pending_offset + decoder->pending_raw;
        decoder->copying = true;
        end_pending(decoder, true);
        push_batch(decoder);
    }
    return decoder->rc;
}

size_t decoder_pending_bytes(const struct decoder *decoder)
{
    return (size_t)decoder->pending_raw;
}

const struct decode_stats *decoder_peek_stats(const struct decoder *decoder)
{
    return &decoder->stats;
}
