/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random PCRE2 patterns over the whole syntax that the matcher's literal analysis has to
 * understand, each with a text that it probably matches. Not every pattern compiles: the caller
 * drops those.
 */
#ifndef GPUERR_TESTS_SUPPORT_REGEX_GEN_H
#define GPUERR_TESTS_SUPPORT_REGEX_GEN_H

#include <stddef.h>
#include <stdint.h>

#define REGEX_GEN_MAX 600

struct regex_gen {
    uint64_t random;
    unsigned depth;
    char regex[REGEX_GEN_MAX];
    size_t regex_len;
    char sample[REGEX_GEN_MAX];
    size_t sample_len;
};

/* Makes the next pattern and its sample (both may hold any byte). */
void regex_gen_next(struct regex_gen *gen);

/* A line of noise, words of the same vocabulary and pieces of sample; no '\n' in it. Returns its
 * length, at most size. */
size_t regex_gen_line(struct regex_gen *gen, const char *sample, size_t sample_len, char *out,
                      size_t size);

#endif
