/* SPDX-License-Identifier: Apache-2.0 */
/* Tables from grams to who uses them, made once. See finder_internal.h. */
#include "match/finder_internal.h"

#include <stdlib.h>

/* Bits of the bitmap for each gram in it, so that hardly a place is proposed by chance; a larger
 * bitmap than the maximum leaves the fastest cache. */
#define BITS_A_GRAM     128
#define BITMAP_LOG2_MIN 16
#define BITMAP_LOG2_MAX 18

static unsigned log2_at_least(size_t n)
{
    unsigned log2 = 0;

    while (((size_t)1 << log2) < n) {
        log2++;
    }
    return log2;
}

static int compare_uses(const void *a, const void *b)
{
    const struct gram_use *left = a;
    const struct gram_use *right = b;

    if (left->gram != right->gram) {
        return left->gram < right->gram ? -1 : 1;
    }
    return left->owner < right->owner ? -1 : left->owner > right->owner;
}

struct gram_use gram_use_of(const struct literal *literal, uint32_t owner, size_t at, size_t other)
{
    return (struct gram_use){
        .gram = gram_of(literal->value + at),
        .owner = owner,
        .other = gram_of(literal->value + other),
        .offset = (uint8_t)at,
        .other_at = (uint8_t)other,
        .len = (uint8_t)literal->len,
    };
}

static size_t count_grams(const struct gram_use *sorted, size_t n)
{
    size_t n_grams = 0;

    for (size_t i = 0; i < n; i++) {
        n_grams += i == 0 || sorted[i].gram != sorted[i - 1].gram;
    }
    return n_grams;
}

/* Open addressing, half full at most: a gram that is not there costs one look. */
enum rc gram_index_build(struct gram_index *index, struct arena *arena, const struct gram_use *uses,
                         size_t n)
{
    struct gram_use *sorted = arena_alloc(arena, n + 1, sizeof(*sorted));
    struct gram_cell *cells;
    size_t n_cells;
    unsigned log2;

    if (sorted == NULL) {
        return RC_NOMEM;
    }
    if (n > 0) {
        memcpy(sorted, uses, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), compare_uses);
    }
    *index = (struct gram_index){.uses = sorted, .n_uses = n, .n_grams = count_grams(sorted, n)};
    log2 = log2_at_least(2 * index->n_grams + 2);
    n_cells = (size_t)1 << log2;
    cells = arena_alloc(arena, n_cells, sizeof(*cells));
    if (cells == NULL) {
        return RC_NOMEM;
    }
    index->shift = 32 - log2;
    index->mask = (uint32_t)n_cells - 1;
    index->cells = cells;
    for (size_t from = 0; from < n;) {
        uint32_t gram = sorted[from].gram;
        uint32_t at = gram_hash(gram) >> index->shift;
        size_t to = from;
        while (to < n && sorted[to].gram == gram) {
            to++;
        }
        while (cells[at].n > 0) {
            at = (at + 1) & index->mask;
        }
        cells[at] = (struct gram_cell){gram, (uint32_t)from, (uint32_t)(to - from)};
        from = to;
    }
    return RC_OK;
}

enum rc sampler_build(struct sampler *sampler, struct arena *arena, const struct gram_index *index,
                      unsigned stride)
{
    unsigned log2 = log2_at_least(index->n_grams * BITS_A_GRAM);

    log2 = log2 < BITMAP_LOG2_MIN ? BITMAP_LOG2_MIN : log2;
    log2 = log2 > BITMAP_LOG2_MAX ? BITMAP_LOG2_MAX : log2;
    sampler->stride = stride;
    sampler->shift = 32 - log2;
    sampler->bits = arena_alloc(arena, (size_t)1 << (log2 - 5), sizeof(*sampler->bits));
    if (sampler->bits == NULL) {
        return RC_NOMEM;
    }
    for (size_t i = 0; i < index->n_uses; i++) {
        uint32_t bit = gram_hash(index->uses[i].gram) >> sampler->shift;
        sampler->bits[bit >> 5] |= UINT32_C(1) << (bit & 31);
    }
    return RC_OK;
}
