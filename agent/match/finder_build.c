/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a finder: equal literals of several patterns become one, each goes to the scan that suits
 * its length, and grams are entered into tables. See finder_internal.h.
 *
 * The step of the sampling scan is the one that makes both scans together cheapest: one literal of
 * ten bytes is no reason to look at more places for a thousand longer ones, but neither is it worth
 * a second scan of its own. A narrower step also has shorter windows, which avoid common words.
 */
#include "match/finder_internal.h"

#include <stdlib.h>

#include "match/rarity_internal.h"

/* Costs in sampled places, measured: looking at a place that was proposed, and what each literal of
 * the shuffling scan adds to a byte's cost by that. */
#define HIT_COST             30
#define SHUFFLE_LITERAL_COST 0.002

static int compare_literals(const struct literal *a, const struct literal *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int c = memcmp(a->value, b->value, n);

    if (c == 0 && a->len != b->len) {
        c = a->len < b->len ? -1 : 1;
    }
    return c != 0 ? c : memcmp(a->mask, b->mask, n);
}

static int compare_needs(const void *a, const void *b)
{
    const struct finder_need *left = a;
    const struct finder_need *right = b;
    int c = compare_literals(&left->literal, &right->literal);

    if (c != 0) {
        return c;
    }
    return left->pattern < right->pattern ? -1 : left->pattern > right->pattern;
}

/* Makes literals of needs that are sorted; those of one literal stand together. */
static void merge_needs(struct finder *finder, uint32_t *patterns, const struct finder_need *needs,
                        size_t n)
{
    struct finder_literal *literal = NULL;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || compare_literals(&needs[i - 1].literal, &needs[i].literal) != 0) {
            literal = &finder->literals[finder->n_literals++];
            *literal = (struct finder_literal){
                .bytes = needs[i].literal, .patterns = &patterns[i], .crowd = CROWD_NONE};
        } else if (needs[i - 1].pattern == needs[i].pattern) {
            continue;
        }
        literal->patterns[literal->n_patterns++] = needs[i].pattern;
    }
}

static enum rc take_needs(struct finder *finder, struct arena *arena,
                          const struct finder_need *needs, size_t n)
{
    struct arena work = {0};
    struct finder_need *sorted = arena_alloc(&work, n + 1, sizeof(*sorted));
    uint32_t *patterns = arena_alloc(arena, n + 1, sizeof(*patterns));

    finder->literals = arena_alloc(arena, n + 1, sizeof(*finder->literals));
    if (sorted == NULL || patterns == NULL || finder->literals == NULL) {
        arena_fini(&work);
        return RC_NOMEM;
    }
    if (n > 0) {
        memcpy(sorted, needs, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), compare_needs);
    }
    merge_needs(finder, patterns, sorted, n);
    arena_fini(&work);
    return RC_OK;
}

static bool is_sampled(const struct finder *finder, uint32_t literal)
{
    return finder->literals[literal].bytes.len >= finder->sampler.stride + 3;
}

/* What building the sampling scan works with. */
struct sampling {
    uint16_t (*places)[RARITY_PLACES_MAX]; /* of each literal's grams */
    struct rarity_users *users;
    struct gram_use *uses; /* STRIDE_MAX of each literal */
    size_t n_uses;
};

/* Makes the uses: the grams of each sampled literal's window. */
static void choose_windows(const struct finder *finder, const struct rarity_users *users,
                           struct sampling *sampling)
{
    unsigned stride = finder->sampler.stride;
    double share;

    sampling->n_uses = 0;
    for (uint32_t i = 0; i < finder->n_literals; i++) {
        const struct literal *literal = &finder->literals[i].bytes;
        const uint16_t *places = sampling->places[i];
        if (is_sampled(finder, i)) {
            size_t n_places = literal->len - 3;
            size_t window = rarity_window_of(places, n_places, stride, users, &share);
            size_t rarest = rarity_window_of(places, n_places, 1, NULL, &share);
            for (size_t at = window; at < window + stride; at++) {
                sampling->uses[sampling->n_uses++] = gram_use_of(literal, i, at, rarest);
            }
        }
    }
}

/* The share of text places that the uses propose: that of each different gram once. Counts users.
 */
static double share_of_uses(struct sampling *sampling)
{
    struct rarity_users *users = sampling->users;
    double share = 0;

    memset(users, 0, sizeof(*users));
    for (size_t i = 0; i < sampling->n_uses; i++) {
        uint32_t place = rarity_hash(sampling->uses[i].gram);
        share += users->n[place]++ == 0 ? rarity_share(place) : 0;
    }
    return share;
}

static size_t count_short(const struct finder *finder)
{
    size_t n = 0;

    for (uint32_t i = 0; i < finder->n_literals; i++) {
        n += !is_sampled(finder, i);
    }
    return n;
}

/* Sets the stride that costs least a byte. */
static void choose_stride(struct finder *finder, struct sampling *sampling)
{
    unsigned best = STRIDE_MAX;
    double least = 0;

    for (unsigned stride = STRIDE_MAX; stride >= STRIDE_MIN; stride--) {
        size_t n_short;
        double cost;
        finder->sampler.stride = stride;
        choose_windows(finder, NULL, sampling);
        n_short = count_short(finder);
        cost = (1 + HIT_COST * share_of_uses(sampling)) / stride;
        if (n_short > 0) {
            cost += finder->prefilter->shuffle_cost + SHUFFLE_LITERAL_COST * (double)n_short;
        }
        if (stride == STRIDE_MAX || cost < least) {
            least = cost;
            best = stride;
        }
    }
    finder->sampler.stride = best;
}

static bool sampling_init(struct sampling *sampling, struct arena *work,
                          const struct finder *finder)
{
    size_t n = finder->n_literals;

    sampling->places = arena_alloc(work, n + 1, sizeof(*sampling->places));
    sampling->users = arena_alloc(work, 1, sizeof(*sampling->users));
    sampling->uses = arena_alloc(work, n * STRIDE_MAX + 1, sizeof(*sampling->uses));
    if (sampling->places == NULL || sampling->users == NULL || sampling->uses == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        (void)rarity_places(&finder->literals[i].bytes, sampling->places[i]);
    }
    return true;
}

/* Windows are chosen twice: what is rare in logs first, then again knowing what many literals of
 * this set have in common. */
static enum rc build_sampling(struct finder *finder, struct arena *arena)
{
    struct arena work = {0};
    struct sampling sampling = {0};
    enum rc rc = RC_NOMEM;

    if (sampling_init(&sampling, &work, finder)) {
        choose_stride(finder, &sampling);
        choose_windows(finder, NULL, &sampling);
        (void)share_of_uses(&sampling);
        choose_windows(finder, sampling.users, &sampling);
        finder->has_sampler = sampling.n_uses > 0;
        rc = gram_index_build(&finder->index, arena, sampling.uses, sampling.n_uses);
    }
    if (rc == RC_OK) {
        rc = sampler_build(&finder->sampler, arena, &finder->index, finder->sampler.stride);
    }
    arena_fini(&work);
    return rc;
}

/* Enters the bytes at `at` of a literal into a bucket. */
static void enter_bucket(struct finder *finder, unsigned bucket, uint32_t literal, size_t at)
{
    const struct literal *bytes = &finder->literals[literal].bytes;
    struct short_literal *entry = &finder->buckets[bucket][finder->bucket_n[bucket]++];
    size_t n = bytes->len - at < 4 ? 3 : 4;

    *entry = (struct short_literal){.literal = literal, .offset = (uint32_t)at};
    memcpy(&entry->gram, bytes->value + at, n);
    memset(&entry->mask, 0xDF, n);
    entry->gram &= entry->mask;
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = bytes->value[at + i] & 0xDF;
        finder->shuffler.halves[i][0][byte & 15] |= (uint8_t)(1U << bucket);
        finder->shuffler.halves[i][1][byte >> 4] |= (uint8_t)(1U << bucket);
    }
    for (size_t half = 0; n == 3 && half < 16; half++) {
        finder->shuffler.halves[3][0][half] |= (uint8_t)(1U << bucket);
        finder->shuffler.halves[3][1][half] |= (uint8_t)(1U << bucket);
    }
}

static void fill_bytes(struct shuffler *shuffler)
{
    for (size_t i = 0; i < 4; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            unsigned folded = byte & 0xDF;
            shuffler->bytes[i][byte] =
                shuffler->halves[i][0][folded & 15] & shuffler->halves[i][1][folded >> 4];
        }
    }
}

/* Literals stand sorted by their bytes, so that neighbours share a bucket's first halves. */
static enum rc build_shuffling(struct finder *finder, struct arena *arena)
{
    size_t n = 0;
    size_t each;
    size_t taken = 0;

    for (uint32_t i = 0; i < finder->n_literals; i++) {
        n += !is_sampled(finder, i);
    }
    finder->has_shuffler = n > 0;
    each = n / 8 + 1;
    for (unsigned bucket = 0; bucket < 8; bucket++) {
        finder->buckets[bucket] = arena_alloc(arena, each, sizeof(*finder->buckets[bucket]));
        if (finder->buckets[bucket] == NULL) {
            return RC_NOMEM;
        }
    }
    for (uint32_t i = 0; i < finder->n_literals; i++) {
        const struct literal *literal = &finder->literals[i].bytes;
        if (!is_sampled(finder, i)) {
            double share;
            size_t at = literal->len > 3 ? rarity_window(literal, 1, &share) : 0;
            enter_bucket(finder, (unsigned)(taken++ / each), i, at);
        }
    }
    fill_bytes(&finder->shuffler);
    return RC_OK;
}

enum rc finder_build(struct finder *finder, struct arena *arena, const struct finder_need *needs,
                     size_t n_needs, finder_regex_fn *regex_of, void *ctx)
{
    enum rc rc;

    *finder = (struct finder){.prefilter = prefilter_choose()};
    rc = take_needs(finder, arena, needs, n_needs);
    if (rc == RC_OK) {
        rc = build_sampling(finder, arena);
    }
    if (rc == RC_OK) {
        rc = build_shuffling(finder, arena);
    }
    return rc == RC_OK ? crowd_build_all(finder, arena, regex_of, ctx) : rc;
}
