/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How common a sequence of four bytes is in training logs, and what it costs to look for a literal.
 * A poor guess here costs speed, never a match.
 */
#ifndef GPUERR_MATCH_RARITY_INTERNAL_H
#define GPUERR_MATCH_RARITY_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "match/prefilter_internal.h"

struct literal;

#define RARITY_BITS    13
#define RARITY_ENTRIES (1U << RARITY_BITS)

/* log2 of the number of places in 2^24 bytes of log text, 0 for none. */
extern const uint8_t rarity_table[RARITY_ENTRIES];

/* The place of a folded gram in the table. */
static inline uint32_t rarity_hash(uint32_t gram)
{
    return gram_hash(gram) >> (32 - RARITY_BITS);
}

/* The expected share of places at which a folded gram begins, a little more than 0 even if none was
 * seen. */
static inline double rarity_share(uint32_t gram)
{
    return (double)(1U << rarity_table[rarity_hash(gram)]) / (double)(1U << 24);
}

/*
 * The n grams in a row of a literal (at least n + 3 bytes long) that are rarest together: where
 * they begin, and the sum of their shares.
 */
size_t rarity_window(const struct literal *literal, size_t n, double *ret_share);

/* What a literal costs a byte of log text, in places to look at; 1 or more: not worth looking for.
 */
double rarity_cost(const struct literal *literal);

#endif
