/* SPDX-License-Identifier: Apache-2.0 */
/* The scans with AVX2. Built into every x86-64 program, called only where the processor has it. */
#include "match/prefilter_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

static inline int load_gram(const uint8_t *text)
{
    int gram;

    memcpy(&gram, text, sizeof(gram));
    return gram;
}

/* The places of eight samples that are in the bitmap, as the low eight bits. */
AVX2 static inline unsigned test_eight(const struct sampler *sampler, const uint8_t *text,
                                       __m128i shift)
{
    const __m256i low5 = _mm256_set1_epi32(31);
    size_t stride = sampler->stride;
    __m256i hash = _mm256_setr_epi32(load_gram(text), load_gram(text + stride),
                                     load_gram(text + 2 * stride), load_gram(text + 3 * stride),
                                     load_gram(text + 4 * stride), load_gram(text + 5 * stride),
                                     load_gram(text + 6 * stride), load_gram(text + 7 * stride));
    __m256i words;

    hash = _mm256_and_si256(hash, _mm256_set1_epi32((int)GRAM_FOLD));
    hash = _mm256_mullo_epi32(hash, _mm256_set1_epi32((int)GRAM_HASH));
    hash = _mm256_srl_epi32(hash, shift);
    words = _mm256_i32gather_epi32((const int *)(const void *)sampler->bits,
                                   _mm256_srli_epi32(hash, 5), 4);
    /* Shifts bit (hash & 31) of each word into its sign, which movemask collects. */
    words = _mm256_sllv_epi32(words, _mm256_andnot_si256(hash, low5));
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(words));
}

AVX2 static size_t sample(const struct sampler *sampler, const uint8_t *text, size_t n_places,
                          uint32_t *hits)
{
    const struct sampler local = *sampler;
    __m128i shift = _mm_cvtsi32_si128((int)local.shift);
    size_t n = 0;
    size_t i = 0;
    size_t rest;

    for (; i + 8 <= n_places; i += 8) {
        unsigned some = test_eight(&local, text + i * local.stride, shift);
        for (; some != 0; some &= some - 1) {
            hits[n++] = (uint32_t)((i + (unsigned)__builtin_ctz(some)) * local.stride);
        }
    }
    rest = prefilter_scalar.sample(sampler, text + i * local.stride, n_places - i, hits + n);
    for (size_t k = 0; k < rest; k++) {
        hits[n + k] += (uint32_t)(i * local.stride);
    }
    return n + rest;
}

/* The buckets of 32 places, by the halves of byte i of their four. */
AVX2 static inline __m256i buckets_of(const uint8_t tables[2][16], const uint8_t *text)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i low_table =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)tables[0]));
    __m256i high_table =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)tables[1]));
    __m256i low = _mm256_and_si256(bytes, nibble);
    /* Folding clears bit 5 of the byte, which is bit 1 of the high half. */
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(13));

    return _mm256_and_si256(_mm256_shuffle_epi8(low_table, low),
                            _mm256_shuffle_epi8(high_table, high));
}

AVX2 static size_t shuffle(const struct shuffler *shuffler, const uint8_t *text, size_t n_places,
                           uint32_t *hits)
{
    size_t n = 0;
    size_t at = 0;
    size_t rest;

    for (; at + 32 <= n_places; at += 32) {
        __m256i set = buckets_of(shuffler->halves[0], text + at);
        set = _mm256_and_si256(set, buckets_of(shuffler->halves[1], text + at + 1));
        set = _mm256_and_si256(set, buckets_of(shuffler->halves[2], text + at + 2));
        set = _mm256_and_si256(set, buckets_of(shuffler->halves[3], text + at + 3));
        uint32_t none =
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(set, _mm256_setzero_si256()));
        for (uint32_t some = ~none; some != 0; some &= some - 1) {
            hits[n++] = (uint32_t)at + (uint32_t)__builtin_ctz(some);
        }
    }
    rest = prefilter_scalar.shuffle(shuffler, text + at, n_places - at, hits + n);
    for (size_t i = 0; i < rest; i++) {
        hits[n + i] += (uint32_t)at;
    }
    return n + rest;
}

const struct prefilter prefilter_avx2 = {"avx2", sample, shuffle, 0.13};

#else

const struct prefilter prefilter_avx2 = {"avx2", NULL, NULL, 0};

#endif
