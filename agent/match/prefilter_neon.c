/* SPDX-License-Identifier: Apache-2.0 */
/* The scans with NEON, which every arm64 processor has. */
#include "match/prefilter_internal.h"

#if defined(__aarch64__)

#include <arm_neon.h>

/* The buckets of 16 places, by the halves of byte i of their four. */
static inline uint8x16_t buckets_of(const uint8_t tables[2][16], const uint8_t *text)
{
    uint8x16_t bytes = vld1q_u8(text);
    uint8x16_t low = vandq_u8(bytes, vdupq_n_u8(15));
    /* Folding clears bit 5 of the byte, which is bit 1 of the high half. */
    uint8x16_t high = vandq_u8(vshrq_n_u8(bytes, 4), vdupq_n_u8(13));

    return vandq_u8(vqtbl1q_u8(vld1q_u8(tables[0]), low), vqtbl1q_u8(vld1q_u8(tables[1]), high));
}

static size_t shuffle(const struct shuffler *shuffler, const uint8_t *text, size_t n_places,
                      uint32_t *hits)
{
    size_t n = 0;
    size_t at = 0;
    size_t rest;

    for (; at + 16 <= n_places; at += 16) {
        uint8x16_t set = buckets_of(shuffler->halves[0], text + at);
        set = vandq_u8(set, buckets_of(shuffler->halves[1], text + at + 1));
        set = vandq_u8(set, buckets_of(shuffler->halves[2], text + at + 2));
        set = vandq_u8(set, buckets_of(shuffler->halves[3], text + at + 3));
        /* Four bits a place: the narrowing shift is NEON's movemask. */
        uint16x8_t some = vreinterpretq_u16_u8(vtstq_u8(set, set));
        uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(some, 4)), 0);
        for (mask &= UINT64_C(0x1111111111111111); mask != 0; mask &= mask - 1) {
            hits[n++] = (uint32_t)at + ((uint32_t)__builtin_ctzll(mask) >> 2);
        }
    }
    rest = prefilter_scalar.shuffle(shuffler, text + at, n_places - at, hits + n);
    for (size_t i = 0; i < rest; i++) {
        hits[n + i] += (uint32_t)at;
    }
    return n + rest;
}

/* Looking bits up in a table has no vector form on NEON: the portable one is what there is. */
static size_t sample(const struct sampler *sampler, const uint8_t *text, size_t n_places,
                     uint32_t *hits)
{
    return prefilter_scalar.sample(sampler, text, n_places, hits);
}

const struct prefilter prefilter_neon = {"neon", sample, shuffle, 0.13};

#else

const struct prefilter prefilter_neon = {"neon", NULL, NULL, 0};

#endif
