/* SPDX-License-Identifier: Apache-2.0 */
/* Which literals, and which parts of them, are worth looking for. See rarity_internal.h. */
#include "match/rarity_internal.h"

#include "match/literals_internal.h"
#include "match/prefilter_internal.h"

/* Handicaps, in places a byte: literals that force narrower steps, or the shuffle filter. */
#define COST_NARROW_STEP 1e-3
#define COST_SHORT       0.5

size_t rarity_places(const struct literal *literal, uint16_t places[RARITY_PLACES_MAX])
{
    size_t n = literal->len - 3;

    for (size_t i = 0; i < n; i++) {
        places[i] = (uint16_t)rarity_hash(gram_of(literal->value + i));
    }
    return n;
}

size_t rarity_window_of(const uint16_t *places, size_t n_places, size_t n,
                        const struct rarity_users *users, double *ret_share)
{
    double shares[RARITY_PLACES_MAX];
    size_t best = 0;
    double sum = 0;
    double least = 0;

    for (size_t i = 0; i < n_places; i++) {
        shares[i] = rarity_share(places[i]) * (users != NULL ? 1 + users->n[places[i]] / 64.0 : 1);
        sum += shares[i] - (i >= n ? shares[i - n] : 0);
        if (i + 1 == n || (i >= n && sum < least)) {
            least = sum;
            best = i + 1 - n;
        }
    }
    *ret_share = least;
    return best;
}

size_t rarity_window(const struct literal *literal, size_t n, double *ret_share)
{
    uint16_t places[RARITY_PLACES_MAX];
    size_t n_places = rarity_places(literal, places);

    return rarity_window_of(places, n_places, n, NULL, ret_share);
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
        (void)rarity_window(literal, 1, &share);
        return share + COST_SHORT;
    }
    stride = literal->len - 3 < stride ? literal->len - 3 : stride;
    (void)rarity_window(literal, stride, &share);
    return share / (double)stride + COST_NARROW_STEP * (double)(STRIDE_MAX - stride);
}
