/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans text piece by piece, and looks at the proposed places in ascending order. See
 * finder_internal.h.
 */
#include "match/finder_internal.h"

struct finding {
    const struct finder *finder;
    const uint8_t *text;
    size_t len;
    finder_fn *on_literal;
    void *ctx;
};

/* Reports literal `number` if it has its byte `offset` at place `at`. */
static enum rc try_literal(const struct finding *finding, uint32_t number, size_t offset, size_t at)
{
    const struct literal *literal = &finding->finder->literals[number].bytes;
    size_t start = at - offset;

    if (offset > at || literal->len > finding->len - start ||
        !literal_fits(literal, finding->text + start)) {
        return RC_OK;
    }
    return finding->on_literal(finding->ctx, number, start);
}

static enum rc try_sampled(const struct finding *finding, size_t at)
{
    const struct gram_index *index = &finding->finder->index;
    const struct gram_cell *cell = gram_index_find(index, gram_of(finding->text + at));
    enum rc rc = RC_OK;

    for (uint32_t i = cell->from; rc == RC_OK && i < cell->from + cell->n; i++) {
        const struct gram_use *use = &index->uses[i];
        if (gram_use_fits(use, finding->text, finding->len, at)) {
            rc = try_literal(finding, use->owner, use->offset, at);
        }
    }
    return rc;
}

static enum rc try_shuffled(const struct finding *finding, size_t at)
{
    const struct finder *finder = finding->finder;
    uint32_t bytes = 0;
    enum rc rc = RC_OK;

    memcpy(&bytes, finding->text + at, finding->len - at < 4 ? 3 : 4);
    for (unsigned set = shuffler_test(&finder->shuffler, finding->text + at); set != 0;
         set &= set - 1) {
        unsigned bucket = (unsigned)__builtin_ctz(set);
        for (size_t i = 0; rc == RC_OK && i < finder->bucket_n[bucket]; i++) {
            const struct short_literal *entry = &finder->buckets[bucket][i];
            if ((bytes & entry->mask) == entry->gram) {
                rc = try_literal(finding, entry->literal, entry->offset, at);
            }
        }
    }
    return rc;
}

/* Scans the piece that begins at base, and tries what is proposed. */
static enum rc run_piece(const struct finding *finding, struct finder_hits *hits, size_t base)
{
    const struct finder *finder = finding->finder;
    size_t left = finding->len - base;
    size_t piece = left < SCAN_BYTES ? left : SCAN_BYTES;
    size_t n_sampled = 0;
    size_t n_shuffled = 0;
    size_t s = 0;
    enum rc rc = RC_OK;

    if (finder->has_sampler && left >= 4) {
        size_t last = piece - 1 < left - 4 ? piece - 1 : left - 4;
        n_sampled = finder->prefilter->sample(&finder->sampler, finding->text + base,
                                              last / finder->sampler.stride + 1, hits->sampled);
    }
    if (finder->has_shuffler && left >= 4) {
        n_shuffled =
            finder->prefilter->shuffle(&finder->shuffler, finding->text + base,
                                       piece < left - 3 ? piece : left - 3, hits->shuffled);
    }
    if (finder->has_shuffler && left >= 3 && left - 3 < SCAN_BYTES) {
        hits->shuffled[n_shuffled++] =
            (uint32_t)left - 3; /* no four bytes from here: always tried */
    }
    for (size_t i = 0; rc == RC_OK && (i < n_shuffled || s < n_sampled);) {
        if (i == n_shuffled || (s < n_sampled && hits->sampled[s] <= hits->shuffled[i])) {
            rc = try_sampled(finding, base + hits->sampled[s++]);
        } else {
            rc = try_shuffled(finding, base + hits->shuffled[i++]);
        }
    }
    return rc;
}

enum rc finder_run(const struct finder *finder, struct finder_hits *hits, struct span text,
                   finder_fn *on_literal, void *ctx)
{
    struct finding finding = {finder, (const uint8_t *)text.ptr, text.len, on_literal, ctx};
    enum rc rc = RC_OK;

    for (size_t base = 0; rc == RC_OK && base < text.len; base += SCAN_BYTES) {
        rc = run_piece(&finding, hits, base);
    }
    return rc;
}
