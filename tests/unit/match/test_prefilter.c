/* SPDX-License-Identifier: Apache-2.0 */
/* The scans of this processor against the portable ones, and the finder at every place. */
#include "match/finder_internal.h"
#include "support/cmocka.h"
#include "support/log_text.h"

#define TEXT_BYTES 5000

static uint8_t text[TEXT_BYTES];

static void fill_text(uint64_t seed)
{
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        text[i] = (uint8_t)log_text_random(&seed);
    }
}

static void assert_same_hits(const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b)
{
    assert_int_equal(n_a, n_b);
    if (n_a > 0) {
        assert_memory_equal(a, b, n_a * sizeof(*a));
    }
}

static void every_form_samples_alike(void **state)
{
    static uint32_t bits[1 << 12];
    static uint32_t hits[2][SCAN_HITS_MAX];
    const struct prefilter *best = prefilter_choose();
    uint64_t random = 5;

    (void)state;
    for (size_t i = 0; i < 1 << 12; i++) {
        bits[i] = (uint32_t)(log_text_random(&random) & log_text_random(&random));
    }
    for (unsigned stride = 1; stride <= STRIDE_MAX; stride++) {
        struct sampler sampler = {.stride = stride, .shift = 32 - 17, .bits = bits};
        for (size_t start = 0; start < 40; start++) {
            size_t places = (TEXT_BYTES - start - 4) / stride + 1 - start % 9;
            size_t n = prefilter_scalar.sample(&sampler, text + start, places, hits[0]);
            size_t m = best->sample(&sampler, text + start, places, hits[1]);
            assert_true(n > 0);
            assert_same_hits(hits[0], n, hits[1], m);
        }
    }
}

static void every_form_shuffles_alike(void **state)
{
    static uint32_t hits[2][SCAN_HITS_MAX];
    const struct prefilter *best = prefilter_choose();
    struct shuffler shuffler;
    uint64_t random = 6;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t half = 0; half < 16; half++) {
            shuffler.halves[i][0][half] = (uint8_t)log_text_random(&random);
            shuffler.halves[i][1][half] = (uint8_t)log_text_random(&random);
        }
        for (unsigned byte = 0; byte < 256; byte++) {
            unsigned folded = byte & 0xDF;
            shuffler.bytes[i][byte] =
                shuffler.halves[i][0][folded & 15] & shuffler.halves[i][1][folded >> 4];
        }
    }
    for (size_t start = 0; start < 70; start++) {
        size_t places = TEXT_BYTES - start - 3 - start % 33;
        size_t n = prefilter_scalar.shuffle(&shuffler, text + start, places, hits[0]);
        size_t m = best->shuffle(&shuffler, text + start, places, hits[1]);
        assert_true(n > 0);
        assert_same_hits(hits[0], n, hits[1], m);
    }
}

/* --- the finder --- */

struct seen {
    size_t place;
    unsigned times;
};

static enum rc on_literal(void *ctx, uint32_t literal, size_t start)
{
    struct seen *seen = ctx;

    (void)literal;
    seen->times += start == seen->place;
    return RC_OK;
}

static struct span no_regex(void *ctx, uint32_t pattern)
{
    (void)ctx;
    (void)pattern;
    return (struct span){0};
}

static void assert_found_at(const char *word, const size_t *places, size_t n, size_t text_len)
{
    static char page[2 * SCAN_BYTES + 64];
    static uint32_t hits[2][SCAN_HITS_MAX];
    uint8_t mask[64];
    struct arena arena = {0};
    struct finder finder;
    struct finder_hits room = {hits[0], hits[1]};
    struct finder_need need = {{(const uint8_t *)word, mask, strlen(word)}, 0};

    memset(mask, 0xFF, sizeof(mask));
    assert_int_equal(finder_build(&finder, &arena, &need, 1, no_regex, NULL), RC_OK);
    for (int form = 0; form < 2; form++) {
        finder.prefilter = form == 0 ? &prefilter_scalar : prefilter_choose();
        for (size_t i = 0; i < n; i++) {
            struct seen seen = {.place = places[i]};
            memset(page, '.', text_len);
            memcpy(page + places[i], word, strlen(word));
            assert_int_equal(finder_run(&finder, &room, span_of(page, text_len), on_literal, &seen),
                             RC_OK);
            if (seen.times == 0) {
                fail_msg("%s at %zu of %zu: not found (%s)", word, places[i], text_len,
                         finder.prefilter->name);
            }
        }
    }
    arena_fini(&arena);
}

static void literals_of_every_length_are_found_at_every_place(void **state)
{
    static const char *const words[] = {
        "abc",      "abcd",       "abcdef",      "abcdefg",
        "abcdefgh", "abcdefghij", "abcdefghijk", "abcdefghijklmnopqrstuvw"};

    (void)state;
    for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
        size_t len = strlen(words[w]);
        size_t places[200];
        for (size_t i = 0; i < 200; i++) {
            places[i] = i;
        }
        assert_found_at(words[w], places, 200, 200 + len);
        assert_found_at(words[w], places, 1, len);
        for (size_t i = 0; i < 60; i++) {
            places[i] = SCAN_BYTES - 40 + i; /* across the pieces in which text is scanned */
        }
        assert_found_at(words[w], places, 60, 2 * SCAN_BYTES);
        for (size_t end = SCAN_BYTES - 3; end < SCAN_BYTES + 6; end++) {
            places[0] = end - len;
            assert_found_at(words[w], places, 1, end);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    fill_text(4);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_samples_alike),
        cmocka_unit_test(every_form_shuffles_alike),
        cmocka_unit_test(literals_of_every_length_are_found_at_every_place),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
