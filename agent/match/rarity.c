/* SPDX-License-Identifier: Apache-2.0 */
/* Which literals, and which parts of them, are worth looking for. See rarity_internal.h. */
#include "match/rarity_internal.h"

#include "match/literals_internal.h"
#include "match/prefilter_internal.h"

/* Handicaps, in places a byte: literals that force narrower steps, or the shuffle filter. */
#define COST_NARROW_STEP 2e-4
#define COST_SHORT       2e-3

size_t rarity_window(const struct literal *literal, size_t n, double *ret_share)
{
    size_t best = 0;
    double least = 0;

    for (size_t at = 0; at + n + 3 <= literal->len; at++) {
        double share = 0;
        for (size_t i = at; i < at + n; i++) {
            share += rarity_share(gram_of(literal->value + i));
        }
        if (at == 0 || share < least) {
            least = share;
            best = at;
        }
    }
    *ret_share = least;
    return best;
}

double rarity_cost(const struct literal *literal)
{
    size_t stride = STRIDE_MAX;
    double share;

    if (literal->len < SHORT_MIN) {
        return 1;
    }
    if (literal->len < STRIDE_MIN + 3) {
        if (literal->len == 3) {
            return 2 * COST_SHORT;
        }
        (void)rarity_window(literal, 1, &share);
        return share + COST_SHORT;
    }
    stride = literal->len - 3 < stride ? literal->len - 3 : stride;
    (void)rarity_window(literal, stride, &share);
    return share / (double)stride +
           COST_NARROW_STEP * (double)(STRIDE_MAX - stride) / (STRIDE_MAX - STRIDE_MIN);
}
