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

#define RARITY_BITS    14
#define RARITY_ENTRIES (1U << RARITY_BITS)

/* log2 of the number of places in 2^24 bytes of log text, 0 for none. */
extern const uint8_t rarity_table[RARITY_ENTRIES];

/* The place of a folded gram in the table. All digits count as one: which of them stands in a log
 * is chance. */
static inline uint32_t rarity_hash(uint32_t gram)
{
    /* Bytes 0x10 to 0x19 are digits, folded; the other bytes of 0x10 to 0x1F are of no interest. */
    uint32_t high = gram & UINT32_C(0xF0F0F0F0);
    uint32_t other = high ^ UINT32_C(0x10101010); /* a zero byte where the byte is a digit */
    uint32_t digits =
        ~(((other & UINT32_C(0x7F7F7F7F)) + UINT32_C(0x7F7F7F7F)) | other) & UINT32_C(0x80808080);

    gram &= ~((digits >> 7) * 15);
    return gram_hash(gram) >> (32 - RARITY_BITS);
}

/* The expected share of text places with a gram of that place in the table, a little more than 0
 * even if none was seen. */
static inline double rarity_share(uint32_t place)
{
    return (double)(1U << rarity_table[place]) / (double)(1U << 24);
}

/* How many literals use a gram, by rarity_hash: where it stands all of them have to be compared. */
struct rarity_users {
    uint32_t n[RARITY_ENTRIES];
};

/* Grams of the longest literal. */
#define RARITY_PLACES_MAX 61

/* The places in the table of all grams of a literal of four bytes or more; returns how many. */
size_t rarity_places(const struct literal *literal, uint16_t places[RARITY_PLACES_MAX]);

/*
 * The n grams in a row of a literal (at least n + 3 bytes long) that cost least together: where
 * they begin, and the sum of their shares, each times a little more than one if it has users (which
 * may be NULL).
 */
size_t rarity_window_of(const uint16_t *places, size_t n_places, size_t n,
                        const struct rarity_users *users, double *ret_share);
size_t rarity_window(const struct literal *literal, size_t n, double *ret_share);

/* What a literal costs a byte of log text, in places to look at; COVER_COST_MAX: it cannot be
 * looked for. */
double rarity_cost(const struct literal *literal);

#endif
