/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two scans over the text of a batch. They only propose places: each may say yes wrongly, never
 * no. Both see folded bytes (bit 5 gone), so that letters have no case.
 *
 *   sampling   Literals of at least stride + 3 bytes. A gram (four bytes) is looked at in every
 *              `stride` places only: of an occurrence of a literal exactly one sampled place falls
 *              among the first `stride` grams of its chosen window. Those grams are in a bitmap.
 *   shuffling  Shorter literals, of three bytes or more. Four bytes in a row are looked up by
 *              their halves in tables of 16 entries, each a set of eight buckets; a place is
 *              proposed when the sets of all eight halves have a bucket in common. A literal of
 *              three bytes takes any fourth.
 *
 * Each has a portable form and ones for AVX2 and NEON, with the same answers to the bit.
 */
#ifndef GPUERR_MATCH_PREFILTER_INTERNAL_H
#define GPUERR_MATCH_PREFILTER_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define STRIDE_MIN 3
#define STRIDE_MAX 8
#define SHORT_MIN  3 /* shorter literals are not looked for */

/* Bytes of text that are scanned at a time; what is found in them waits in the scratch. */
#define SCAN_BYTES ((size_t)16 * 1024)
/* Places that a scan can propose, with room for stores that run ahead. */
#define SCAN_HITS_MAX (SCAN_BYTES + 64)

#define GRAM_FOLD UINT32_C(0xDFDFDFDF)
#define GRAM_HASH UINT32_C(0x9E3779B1)

/* Four bytes of text or literal, folded. */
static inline uint32_t gram_of(const void *bytes)
{
    uint32_t gram;

    memcpy(&gram, bytes, sizeof(gram));
    return gram & GRAM_FOLD;
}

static inline uint32_t gram_hash(uint32_t gram)
{
    return gram * GRAM_HASH;
}

struct sampler {
    unsigned stride;
    unsigned shift; /* of a hash, down to the number of a bit */
    uint32_t *bits;
};

static inline uint32_t sampler_test(const struct sampler *sampler, const void *bytes)
{
    uint32_t bit = gram_hash(gram_of(bytes)) >> sampler->shift;

    return sampler->bits[bit >> 5] >> (bit & 31) & 1;
}

struct shuffler {
    /* [byte of four][low or high half][value of the half]: set of buckets */
    uint8_t halves[4][2][16];
    /* [byte of four][value of the byte, not folded]: what its halves say together */
    uint8_t bytes[4][256];
};

/* The set of buckets that the first three bytes of a place allow. */
static inline uint8_t shuffler_test(const struct shuffler *shuffler, const uint8_t *bytes)
{
    return shuffler->bytes[0][bytes[0]] & shuffler->bytes[1][bytes[1]] &
           shuffler->bytes[2][bytes[2]];
}

/*
 * Proposes the places p = 0, stride, 2 stride, ... below n_places * stride, in ascending order.
 * text has at least 4 bytes from each of them. Returns how many were written to hits (room for
 * SCAN_HITS_MAX).
 */
typedef size_t sample_fn(const struct sampler *sampler, const uint8_t *text, size_t n_places,
                         uint32_t *hits);

/* The same for each of the places 0 to n_places - 1; text has at least 4 bytes from each. */
typedef size_t shuffle_fn(const struct shuffler *shuffler, const uint8_t *text, size_t n_places,
                          uint32_t *hits);

/* What this processor runs best. */
struct prefilter {
    const char *name; /* "scalar", "avx2", "neon" */
    sample_fn *sample;
    shuffle_fn *shuffle;
    double shuffle_cost; /* of shuffling a byte, in sampled places */
};

extern const struct prefilter prefilter_scalar;
/* NULL fields where the program was built for another kind of processor. */
extern const struct prefilter prefilter_avx2;
extern const struct prefilter prefilter_neon;

/* The best that this processor has. */
const struct prefilter *prefilter_choose(void);

#endif
