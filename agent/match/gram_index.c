/* SPDX-License-Identifier: Apache-2.0 */
/* Tables from grams to who uses them, made once by counting sort. See finder_internal.h. */
#include "match/finder_internal.h"

/* Bits of the bitmap for each gram in it: one place in 16 is proposed by chance, no more. */
#define BITS_A_GRAM     16
#define BITMAP_LOG2_MIN 12
#define BITMAP_LOG2_MAX 19

static unsigned log2_at_least(size_t n)
{
    unsigned log2 = 0;

    while (((size_t)1 << log2) < n) {
        log2++;
    }
    return log2;
}

enum rc gram_index_build(struct gram_index *index, struct arena *arena, struct gram_use *uses,
                         size_t n)
{
    unsigned log2 = log2_at_least(n + 2);
    size_t n_heads = (size_t)1 << log2;
    uint32_t *heads = arena_alloc(arena, n_heads + 1, sizeof(*heads));
    struct gram_use *sorted = arena_alloc(arena, n + 1, sizeof(*sorted));

    if (heads == NULL || sorted == NULL) {
        return RC_NOMEM;
    }
    index->shift = 32 - log2;
    for (size_t i = 0; i < n; i++) {
        heads[gram_hash(uses[i].gram) >> index->shift]++;
    }
    for (size_t i = 1; i <= n_heads; i++) {
        heads[i] += heads[i - 1];
    }
    /* Each head now is the end of its uses; filling from behind makes it the start. */
    for (size_t i = n; i-- > 0;) {
        sorted[--heads[gram_hash(uses[i].gram) >> index->shift]] = uses[i];
    }
    index->heads = heads;
    index->uses = sorted;
    index->n_uses = n;
    return RC_OK;
}

enum rc sampler_build(struct sampler *sampler, struct arena *arena, const struct gram_use *uses,
                      size_t n, unsigned stride)
{
    unsigned log2 = log2_at_least(n * BITS_A_GRAM);

    log2 = log2 < BITMAP_LOG2_MIN ? BITMAP_LOG2_MIN : log2;
    log2 = log2 > BITMAP_LOG2_MAX ? BITMAP_LOG2_MAX : log2;
    sampler->stride = stride;
    sampler->shift = 32 - log2;
    sampler->bits = arena_alloc(arena, (size_t)1 << (log2 - 5), sizeof(*sampler->bits));
    if (sampler->bits == NULL) {
        return RC_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t bit = gram_hash(uses[i].gram) >> sampler->shift;
        sampler->bits[bit >> 5] |= UINT32_C(1) << (bit & 31);
    }
    return RC_OK;
}
