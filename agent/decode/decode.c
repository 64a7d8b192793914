/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames lines. A line ends at \n, at \r\n, or at a lone \r (progress bars redraw their line with
 * it; inside a CRI envelope \r is text, as the envelope ends at \n). Empty lines are no records:
 * nothing can match in them. NUL bytes, as the hole before a writer that kept its position over a
 * truncation shows them, are no part of a line.
 *
 * Two ways: `lend` batches point into the chunk itself, which costs no copy and is what a healthy
 * log takes; `copy` batches are built in the scratch, for lines that need a change (escapes, NUL,
 * envelopes) or that began in an earlier chunk. A chunk that has come upon the second way keeps to
 * it until its end, so that batches stay long.
 *
 * What is unfinished at the end of a chunk is kept in `pending`, at most raw_max bytes of it: what
 * a line has beyond that is dropped and counted, while framing goes on. As every decision depends
 * on a line's bytes and the lines before it alone, any cutting of the input gives the same records.
 */
#include "decode/decode.h"

#include "base/clock.h"
#include "base/mem.h"
#include "decode/decode_internal.h"

/* JSON may need several bytes for one of text, so a raw line may be longer than a record. */
#define RAW_PER_RECORD_BYTE 4

/* Room for an envelope around a short record. */
#define ENVELOPE_BYTES 1024

/* Enough of a line's start to see a CRI header in it. */
#define HEADER_BYTES 64

static void set_options(struct decoder *decoder, const struct decode_opts *opts)
{
    decoder->opts = *opts;
    if (decoder->opts.max_record_bytes == 0) {
        decoder->opts.max_record_bytes = DECODE_RECORD_BYTES_DEFAULT;
    }
    decoder->raw_max = decoder->opts.max_record_bytes * RAW_PER_RECORD_BYTE + ENVELOPE_BYTES;
    decoder->notes.zone.reference_wall_ns =
        opts->reference_wall_ns != 0 ? opts->reference_wall_ns : clock_wall_ns();
    buf_init(&decoder->pending, decoder->raw_max);
}

static bool is_utf16(struct span head)
{
    return head.len >= 2 &&
           (memcmp(head.ptr, "\xff\xfe", 2) == 0 || memcmp(head.ptr, "\xfe\xff", 2) == 0);
}

enum rc decoder_new(const struct decode_opts *opts, const struct origin *origin,
                    record_batch_fn *next, void *ctx, struct decoder **ret_decoder)
{
    struct decoder *decoder = mem_calloc(1, sizeof(*decoder));

    if (decoder == NULL) {
        return RC_NOMEM;
    }
    set_options(decoder, opts);
    decoder->scratch = opts->scratch;
    if (decoder->scratch == NULL) {
        decoder->own_scratch = true;
        if (decode_scratch_new(&decoder->scratch) != RC_OK) {
            decoder_free(decoder);
            return RC_NOMEM;
        }
    }
    decoder->origin = origin;
    decoder->last_wall_ns = CLOCK_NONE;
    decoder->next = next;
    decoder->ctx = ctx;
    decoder->rank = origin->rank != RANK_NONE ? origin->rank : decode_path_rank(origin->path);
    decoder->refused = is_utf16(origin->head); /* of a file that is not read from its start */
    *ret_decoder = decoder;
    return RC_OK;
}

struct decoder *decoder_free(struct decoder *decoder)
{
    if (decoder != NULL) {
        buf_fini(&decoder->pending);
        buf_fini(&decoder->joins[0].bytes);
        buf_fini(&decoder->joins[1].bytes);
        buf_fini(&decoder->group.text);
        buf_fini(&decoder->group.words);
        if (decoder->own_scratch) {
            decode_scratch_free(decoder->scratch);
        }
    }
    return mem_free(decoder);
}

static void take_line(struct decoder *decoder, struct line *line)
{
    if (line->bytes.len > decoder->raw_max) {
        line->dropped += line->bytes.len - decoder->raw_max;
        line->bytes.len = decoder->raw_max;
    }
    if (!decoder->copying && unwrap_is_needed(decoder, line->bytes)) {
        batch_push(decoder);
        decoder->copying = true;
    }
    if (decoder->copying) {
        unwrap_line(decoder, line);
    } else {
        batch_lend(decoder, line);
    }
}

/* Adds bytes of a line that does not end in this chunk, or that has NULs. */
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
    batch_note_rc(decoder, buf_rc(pending));
}

/* Pushes what is pending. Its bytes lie apart from the chunk's, so a lending chunk begins a new
 * batch behind it. */
static void take_pending(struct decoder *decoder, bool partial)
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
}

static void end_pending(struct decoder *decoder)
{
    take_pending(decoder, false);
    buf_clear(&decoder->pending);
    decoder->pending_raw = 0;
    decoder->pending_flushed = 0;
    decoder->pending_dropped = 0;
}

/* Whether the line that goes on with `bytes` began as a CRI line. */
static bool is_cri_line(const struct decoder *decoder, struct span bytes)
{
    char head[HEADER_BYTES];
    size_t n = decoder->pending.len < HEADER_BYTES ? decoder->pending.len : HEADER_BYTES;

    if ((decoder->opts.format != DECODE_AUTO && decoder->opts.format != DECODE_CRI) ||
        (n > 0 && decoder->pending.ptr[0] != '2')) {
        return false; /* no year of ours */
    }
    if (n == 0 && bytes.len > 0 && bytes.ptr[0] != '2' && bytes.ptr[0] != '\0') {
        return false;
    }
    memcpy(head, decoder->pending.ptr != NULL ? decoder->pending.ptr : "", n);
    for (size_t i = 0; i < bytes.len && n < HEADER_BYTES; i++) {
        if (bytes.ptr[i] != '\0') {
            head[n++] = bytes.ptr[i];
        }
    }
    return cri_begins(span_of(head, n));
}

/* The next \n and \r of a chunk, each looked for once only; NULL: there is no more. */
struct line_ends {
    const char *nl;
    const char *cr;
};

static const char *next_byte(const char *known, int c, const char *p, const char *end)
{
    return known != NULL && known < p ? memchr(p, c, (size_t)(end - p)) : known;
}

/* The first line end in [p, end), or NULL. */
static const char *find_end(const struct decoder *decoder, const char *p, const char *end,
                            struct line_ends *ends)
{
    ends->nl = next_byte(ends->nl, '\n', p, end);
    ends->cr = next_byte(ends->cr, '\r', p, end);
    if (ends->cr != NULL && (ends->nl == NULL || ends->cr < ends->nl) &&
        !is_cri_line(decoder, span_of(p, (size_t)(ends->cr - p)))) {
        return ends->cr;
    }
    return ends->nl;
}

/* Takes a line that ends in this chunk. True when its bytes lay apart from the chunk's, so that a
 * lending chunk has to begin a new batch behind it. */
static bool end_line(struct decoder *decoder, struct span bytes, uint64_t offset)
{
    struct line line = {.bytes = bytes, .offset = offset};

    if (decoder->pending_raw > 0 ||
        (decoder->copying && bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL)) {
        keep_pending(decoder, bytes, offset);
        end_pending(decoder);
        return true;
    }
    take_line(decoder, &line);
    return false;
}

static void take_chunk(struct decoder *decoder, const char *p, const char *end, uint64_t offset)
{
    const char *start = p;
    struct line_ends ends = {memchr(p, '\n', (size_t)(end - p)),
                             memchr(p, '\r', (size_t)(end - p))};

    while (p < end && !batch_has_failed(decoder)) {
        const char *stop = find_end(decoder, p, end, &ends);
        struct span bytes = span_of(p, (size_t)((stop != NULL ? stop : end) - p));

        if (stop == NULL) {
            keep_pending(decoder, bytes, offset + (uint64_t)(p - start));
            break;
        }
        bool apart = end_line(decoder, bytes, offset + (uint64_t)(p - start));
        p = stop + 1;
        if (*stop == '\r') {
            decoder->after_cr = p == end;
            p += p < end && *p == '\n';
        }
        decoder->end_offset = offset + (uint64_t)(p - start);
        if (apart && !decoder->copying) {
            batch_push(decoder);
        }
    }
}

/* Whether the stream turns out to be UTF-16; its mark may come in two pieces. */
static bool is_refused(struct decoder *decoder, const struct chunk *chunk)
{
    char mark[2] = {0};

    if (chunk->offset == 0) {
        memcpy(mark, chunk->bytes.ptr, chunk->bytes.len > 1 ? 2 : 1);
    } else if (chunk->offset == 1 && decoder->pending_raw == 1 && decoder->pending.len == 1) {
        mark[0] = decoder->pending.ptr[0];
        mark[1] = chunk->bytes.ptr[0];
    }
    decoder->refused = decoder->refused || is_utf16(span_of(mark, 2));
    return decoder->refused;
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
    if (is_refused(decoder, chunk)) {
        return RC_UNSUPPORTED;
    }
    if (decoder->after_cr) {
        decoder->after_cr = false;
        if (bytes.ptr[0] == '\n') {
            bytes = span_from(bytes, 1);
            offset++;
            decoder->end_offset = offset;
        }
    }
    decoder->copying =
        memchr(bytes.ptr, '\x1b', bytes.len) != NULL || memchr(bytes.ptr, '\0', bytes.len) != NULL;
    take_chunk(decoder, bytes.ptr, bytes.ptr + bytes.len, offset);
    batch_push(decoder);
    return decoder->rc;
}

enum rc decoder_flush(struct decoder *decoder)
{
    decoder->rc = RC_OK;
    decoder->copying = true;
    if (decoder->pending_raw > decoder->pending_flushed) {
        decoder->pending_flushed = decoder->pending_raw;
        take_pending(decoder, true);
    }
    unwrap_flush(decoder);
    batch_push(decoder);
    group_release(decoder);
    return decoder->rc;
}

enum rc decoder_release(struct decoder *decoder)
{
    decoder->rc = RC_OK;
    if (decoder->group.aged) {
        group_release(decoder);
    }
    decoder->group.aged = true;
    return decoder->rc;
}

bool decoder_is_holding(const struct decoder *decoder)
{
    return decoder->group.kind != NULL && !decoder->group.told;
}

uint64_t decoder_safe_offset(const struct decoder *decoder)
{
    uint64_t end = batch_safe_end(decoder);

    return decoder->pending_raw > 0 && decoder->pending_offset < end ? decoder->pending_offset
                                                                     : end;
}

size_t decoder_pending_bytes(const struct decoder *decoder)
{
    return (size_t)decoder->pending_raw + decoder->joins[0].bytes.len + decoder->joins[1].bytes.len;
}

const struct decode_stats *decoder_peek_stats(const struct decoder *decoder)
{
    return &decoder->stats;
}
