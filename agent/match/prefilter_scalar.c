/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable scans. Proposals are written without a branch (the place is stored always, the count
 * moves only on a hit), because a mispredicted branch costs as much as looking at eight places.
 */
#include "match/prefilter_internal.h"

static size_t sample(const struct sampler *sampler, const uint8_t *text, size_t n_places,
                     uint32_t *hits)
{
    const struct sampler local = *sampler;
    size_t n = 0;
    size_t at = 0;

    for (size_t i = 0; i < n_places; i++) {
        hits[n] = (uint32_t)at;
        n += sampler_test(&local, text + at);
        at += local.stride;
    }
    return n;
}

static size_t shuffle(const struct shuffler *shuffler, const uint8_t *text, size_t n_places,
                      uint32_t *hits)
{
    size_t n = 0;

    for (size_t i = 0; i < n_places; i++) {
        hits[n] = (uint32_t)i;
        n += (shuffler_test(shuffler, text + i) & shuffler->bytes[3][text[i + 3]]) != 0;
    }
    return n;
}

const struct prefilter prefilter_scalar = {"scalar", sample, shuffle, 0.7};
