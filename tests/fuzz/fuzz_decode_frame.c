/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any chunking of any bytes gives the same records, none longer than the limit. The first bytes of
 * the input choose the limit and the cuts, the rest is the stream.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash;
    uint64_t n;
    uint64_t end_offset;
    size_t max;
};

static void mix(struct seen *seen, const void *bytes, size_t len)
{
    seen->hash = seen->hash * 1099511628211u ^ hash_64(span_of(bytes, len));
}

static enum rc on_batch(void *ctx, const struct record_batch *batch)
{
    struct seen *seen = ctx;
    const char *at = batch->text.ptr;

    assert(batch->n_records > 0);
    assert(batch->end_offset >= seen->end_offset);
    seen->end_offset = batch->end_offset;
    for (size_t i = 0; i < batch->n_records; i++) {
        const struct record *record = &batch->records[i];
        assert(record->text.len > 0 && record->text.len <= seen->max);
        assert(i == 0 ? record->text.ptr == at : record->text.ptr > at);
        at = record->text.ptr + record->text.len;
        assert(at <= batch->text.ptr + batch->text.len);
        assert(record->rank >= RANK_NONE);
        mix(seen, record->text.ptr, record->text.len);
        mix(seen, &record->offset, sizeof(record->offset));
        mix(seen, &record->log_wall_ns, sizeof(record->log_wall_ns));
        mix(seen, &record->rank, sizeof(record->rank));
        seen->hash += (uint64_t)record->truncated + 2u * record->partial + 4u * record->kernel;
        seen->n++;
    }
    return RC_OK;
}

static enum rc decode(struct span text, size_t max, const uint8_t *cuts, size_t n_cuts,
                      struct seen *ret_seen)
{
    struct origin origin = {.path = SPAN_LIT("a"), .rank = RANK_NONE};
    struct decode_opts opts = {.max_record_bytes = max, .reference_wall_ns = CLOCK_NS_PER_S};
    struct decoder *decoder;
    size_t from = 0;
    enum rc rc;

    *ret_seen = (struct seen){.max = max};
    if (decoder_new(&opts, &origin, on_batch, ret_seen, &decoder) != RC_OK) {
        abort();
    }
    rc = RC_OK;
    for (size_t i = 0; i <= n_cuts && rc == RC_OK; i++) {
        size_t left = text.len - from;
        size_t n = i == n_cuts || cuts[i] > left ? left : cuts[i];
        char *bytes = malloc(n + 1); /* of its own, so that a read beyond it is seen */
        assert(bytes != NULL);
        memcpy(bytes, text.ptr + from, n);
        struct chunk chunk = {&origin, span_of(bytes, n), from};
        rc = decoder_push(decoder, &chunk);
        free(bytes);
        from += n;
    }
    if (rc == RC_OK) {
        rc = decoder_flush(decoder);
    }
    decoder_free(decoder);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole;
    struct seen cut;
    size_t n_cuts;

    if (size < 2 || size < 2u + data[1] % 32u) {
        return 0;
    }
    n_cuts = data[1] % 32u;
    struct span text = span_of((const char *)data + 2 + n_cuts, size - 2 - n_cuts);
    enum rc rc = decode(text, 1 + data[0], NULL, 0, &whole);
    enum rc rc_cut = decode(text, 1 + data[0], data + 2, n_cuts, &cut);
    assert(rc == rc_cut);
    assert(rc != RC_OK || (whole.hash == cut.hash && whole.n == cut.n));
    return 0;
}
