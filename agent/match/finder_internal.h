/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the literals of a set of patterns in text: the scans of prefilter_internal.h propose
 * places, an index tells which literals may stand there, and the bytes are compared. What it
 * reports is exact: this literal stands here.
 *
 * A literal that many patterns need (170 Xid entries begin with `NVRM: Xid (`) is *crowded*: it
 * then names only those of its patterns that have another of their literals in the same record,
 * which one walk over the record tells for all of them (a *crowd*).
 */
#ifndef GPUERR_MATCH_FINDER_INTERNAL_H
#define GPUERR_MATCH_FINDER_INTERNAL_H

#include "base/arena.h"
#include "match/literals_internal.h"
#include "match/prefilter_internal.h"

/* Patterns a literal may have before they are told apart. */
#define CROWD_MIN  5
#define CROWD_NONE UINT32_MAX

/* `gram` at `offset` of literal or check number `owner`, which is `len` bytes long and has the gram
 * `other` at `other_at`: comparing that first spares most of the trips to the literal itself. */
struct gram_use {
    uint32_t gram;
    uint32_t owner;
    uint32_t other;
    uint8_t offset;
    uint8_t other_at;
    uint8_t len;
};

/* Whether the literal of a use may stand around the place `at` of a text. */
static inline bool gram_use_fits(const struct gram_use *use, const uint8_t *text, size_t len,
                                 size_t at)
{
    return use->offset <= at && use->len <= len - (at - use->offset) &&
           gram_of(text + (at - use->offset) + use->other_at) == use->other;
}

/* A gram, and where its uses stand; n is 0 in an empty cell. */
struct gram_cell {
    uint32_t gram;
    uint32_t from;
    uint32_t n;
};

/* From a gram to its uses. */
struct gram_index {
    unsigned shift;
    uint32_t mask;
    struct gram_cell *cells;
    struct gram_use *uses;
    size_t n_uses;
    size_t n_grams; /* that differ */
};

/* The cell of a gram; its n is 0 when nobody uses it. */
static inline const struct gram_cell *gram_index_find(const struct gram_index *index, uint32_t gram)
{
    uint32_t at = gram_hash(gram) >> index->shift;

    while (index->cells[at].n > 0 && index->cells[at].gram != gram) {
        at = (at + 1) & index->mask;
    }
    return &index->cells[at];
}

/* A second literal that a pattern of a crowd needs. */
struct crowd_check {
    struct literal literal;
    uint32_t pattern;
};

struct crowd {
    struct sampler sampler; /* with a stride of 1 */
    struct gram_index index;
    struct crowd_check *checks;
    size_t n_checks;
    uint32_t *untold; /* patterns that have no second literal */
    size_t n_untold;
};

/* A literal of the shuffling scan: the folded bytes that it was entered with, three, or four if it
 * has as many from there on. */
struct short_literal {
    uint32_t gram;
    uint32_t mask;
    uint32_t literal;
    uint32_t offset;
};

struct finder_literal {
    struct literal bytes;
    uint32_t *patterns; /* ascending */
    uint32_t n_patterns;
    uint32_t crowd; /* number, or CROWD_NONE */
};

struct finder {
    const struct prefilter *prefilter;
    struct finder_literal *literals;
    uint32_t n_literals;
    bool has_sampler;
    bool has_shuffler;
    struct sampler sampler;
    struct gram_index index;
    struct shuffler shuffler;
    struct short_literal *buckets[8]; /* of the shuffler */
    size_t bucket_n[8];
    struct crowd *crowds;
    size_t n_crowds;
};

/* The places that the scans of one piece of text proposed. */
struct finder_hits {
    uint32_t *sampled;
    uint32_t *shuffled;
};

/* One literal of one pattern, as building takes it. */
struct finder_need {
    struct literal literal;
    uint32_t pattern;
};

/*
 * Builds from needs, at most one for each pair of literal and pattern; regex_of(ctx, pattern) is
 * asked for the patterns of crowds. Everything is allocated in arena. RC_NOMEM.
 */
typedef struct span finder_regex_fn(void *ctx, uint32_t pattern);
enum rc finder_build(struct finder *finder, struct arena *arena, const struct finder_need *needs,
                     size_t n_needs, finder_regex_fn *regex_of, void *ctx) GPUERR_MUSTCHECK;

/* A literal found: it begins at start of the text. Returns RC_OK to go on. */
typedef enum rc finder_fn(void *ctx, uint32_t literal, size_t start);

/* Reports every literal of the finder in text, at places of ascending order of their proposals. */
enum rc finder_run(const struct finder *finder, struct finder_hits *hits, struct span text,
                   finder_fn *on_literal, void *ctx) GPUERR_MUSTCHECK;

/* --- gram_index.c --- */

/* The use of the gram at `at` of a literal, with the one at `other`. */
struct gram_use gram_use_of(const struct literal *literal, uint32_t owner, size_t at, size_t other);
/* Makes an index of uses, which are copied. */
enum rc gram_index_build(struct gram_index *index, struct arena *arena, const struct gram_use *uses,
                         size_t n) GPUERR_MUSTCHECK;
/* A bitmap of the grams of an index, sparse enough to be asked often. */
enum rc sampler_build(struct sampler *sampler, struct arena *arena, const struct gram_index *index,
                      unsigned stride) GPUERR_MUSTCHECK;

/* --- crowd.c --- */

/* Makes crowds of all literals that need one. */
enum rc crowd_build_all(struct finder *finder, struct arena *arena, finder_regex_fn *regex_of,
                        void *ctx) GPUERR_MUSTCHECK;

/* Calls on_pattern for each pattern of the crowd that may match text, some more than once. */
typedef void crowd_fn(void *ctx, uint32_t pattern);
void crowd_run(const struct crowd *crowd, struct span text, crowd_fn *on_pattern, void *ctx);

#endif
