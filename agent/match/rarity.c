/* SPDX-License-Identifier: Apache-2.0 */
/* Which literals, and which parts of them, are worth looking for. See rarity_internal.h. */
#include "match/rarity_internal.h"

#include "match/literals_internal.h"
#include "match/prefilter_internal.h"

/* Handicaps, in places a byte: literals that force narrower steps, or the shuffle filter. */
#define COST_NARROW_STEP 1e-3
#define COST_SHORT       0.5

size_t rarity_window(const struct literal *literal, size_t n, const struct rarity_users *users,
                     double *ret_share)
{
    double shares[LITERAL_BYTES_MAX];
    size_t n_grams = literal->len - 3;
    size_t best = 0;
    double sum = 0;
    double least = 0;

    for (size_t i = 0; i < n_grams; i++) {
        uint32_t place = rarity_hash(gram_of(literal->value + i));
        shares[i] = rarity_share(place) * (users != NULL ? 1 + users->n[place] / 64.0 : 1);
    }
    for (size_t i = 0; i < n_grams; i++) {
        sum += shares[i] - (i >= n ? shares[i - n] : 0);
        if (i + 1 == n || (i >= n && sum < least)) {
            least = sum;
            best = i + 1 - n;
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
        return COVER_COST_MAX;
    }
    if (literal->len < STRIDE_MIN + 3) {
        if (literal->len == 3) {
            return 2 * COST_SHORT;
        }
        (void)rarity_window(literal, 1, NULL, &share);
        return share + COST_SHORT;
    }
    stride = literal->len - 3 < stride ? literal->len - 3 : stride;
    (void)rarity_window(literal, stride, NULL, &share);
    return share / (double)stride + COST_NARROW_STEP * (double)(STRIDE_MAX - stride);
}
