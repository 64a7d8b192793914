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

/* `gram` at `offset` of literal or check number `owner`. */
struct gram_use {
    uint32_t gram;
    uint32_t owner;
    uint32_t offset;
};

/* From a gram to its uses: those of the grams whose hash begins with h stand together from heads[h]
 * to heads[h + 1]. */
struct gram_index {
    unsigned shift;
    uint32_t *heads;
    struct gram_use *uses;
    size_t n_uses;
};

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
    uint32_t *bucket_literals[8]; /* literals of each bucket of the shuffler */
    uint32_t *bucket_offsets[8];  /* where in the literal the three bytes begin */
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

/* Sorts uses into an index. */
enum rc gram_index_build(struct gram_index *index, struct arena *arena, struct gram_use *uses,
                         size_t n) GPUERR_MUSTCHECK;
/* A bitmap of the grams of uses, sparse enough to be asked often. */
enum rc sampler_build(struct sampler *sampler, struct arena *arena, const struct gram_use *uses,
                      size_t n, unsigned stride) GPUERR_MUSTCHECK;

/* --- crowd.c --- */

/* Makes crowds of all literals that need one. */
enum rc crowd_build_all(struct finder *finder, struct arena *arena, finder_regex_fn *regex_of,
                        void *ctx) GPUERR_MUSTCHECK;

/* Calls on_pattern for each pattern of the crowd that may match text, some more than once. */
typedef void crowd_fn(void *ctx, uint32_t pattern);
void crowd_run(const struct crowd *crowd, struct span text, crowd_fn *on_pattern, void *ctx);

#endif
