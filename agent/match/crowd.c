/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the patterns apart that share a literal. Each pattern of a crowd that has another cover
 * puts one gram of each of its literals into the crowd's table, the gram that the fewest others of
 * the crowd have (of `): 79` it is `: 79`, since all have `): `). A record with the shared literal
 * is then walked over once, byte by byte: 170 patterns cost as much as one, and a storm of such
 * records stays linear.
 */
#include "match/finder_internal.h"

/* Counters for how many patterns of a crowd have a gram; one that two grams share only makes a gram
 * look commoner. */
#define SHARES 4096
/* Room for second literals. */
#define CHECKS_A_PATTERN 16

struct crowd_builder {
    struct crowd *crowd;
    struct arena *arena;
    struct gram_use *uses;
    size_t n_max; /* room for checks and uses */
    uint16_t shares[SHARES];
};

static size_t share_of(uint32_t gram)
{
    return gram_hash(gram) >> 20;
}

/* A cover that can tell its pattern apart: every literal has a gram. */
static bool is_usable(const struct cover *cover)
{
    for (size_t i = 0; i < cover->n; i++) {
        if (cover->literals[i].len < 4) {
            return false;
        }
    }
    return true;
}

static size_t rarest_gram(const struct crowd_builder *builder, const struct literal *literal)
{
    size_t best = 0;
    unsigned least = UINT16_MAX;

    for (size_t i = 0; i + 4 <= literal->len; i++) {
        unsigned share = builder->shares[share_of(gram_of(literal->value + i))];
        if (share < least) {
            least = share;
            best = i;
        }
    }
    return best;
}

static void count_grams(struct crowd_builder *builder, const struct literal_analysis *analysis)
{
    for (size_t c = 0; c < analysis->n_covers; c++) {
        const struct cover *cover = &analysis->covers[c];
        for (size_t i = 0; i < cover->n; i++) {
            const struct literal *literal = &cover->literals[i];
            for (size_t k = 0; k + 4 <= literal->len; k++) {
                uint16_t *share = &builder->shares[share_of(gram_of(literal->value + k))];
                *share = (uint16_t)(*share < UINT16_MAX ? *share + 1 : *share);
            }
        }
    }
}

/* How many patterns of the crowd a record with one of this cover's grams brings up, at worst. */
static unsigned cover_share(const struct crowd_builder *builder, const struct cover *cover)
{
    unsigned most = 0;

    for (size_t i = 0; i < cover->n; i++) {
        const struct literal *literal = &cover->literals[i];
        size_t at = rarest_gram(builder, literal);
        unsigned share = builder->shares[share_of(gram_of(literal->value + at))];
        most = share > most ? share : most;
    }
    return most;
}

static bool copy_literal(struct arena *arena, const struct literal *from, struct literal *copy)
{
    uint8_t *bytes = arena_alloc(arena, 2, from->len);

    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, from->value, from->len);
    memcpy(bytes + from->len, from->mask, from->len);
    *copy = (struct literal){bytes, bytes + from->len, from->len};
    return true;
}

static enum rc add_checks(struct crowd_builder *builder, const struct cover *cover,
                          uint32_t pattern)
{
    struct crowd *crowd = builder->crowd;

    for (size_t i = 0; i < cover->n; i++) {
        struct crowd_check *check = &crowd->checks[crowd->n_checks];
        size_t at;
        if (!copy_literal(builder->arena, &cover->literals[i], &check->literal)) {
            return RC_NOMEM;
        }
        check->pattern = pattern;
        at = rarest_gram(builder, &check->literal);
        builder->uses[crowd->n_checks] =
            gram_use_of(&check->literal, (uint32_t)crowd->n_checks, at, 0);
        crowd->n_checks++;
    }
    return RC_OK;
}

/* Chooses how a pattern is told apart. A cover that half of the crowd has tells nothing. */
static enum rc add_pattern(struct crowd_builder *builder, uint32_t pattern, uint32_t n_patterns,
                           const struct literal_analysis *analysis)
{
    const struct cover *best = NULL;
    unsigned least = n_patterns / 2;

    for (size_t c = 0; c < analysis->n_covers; c++) {
        const struct cover *cover = &analysis->covers[c];
        if (is_usable(cover) && builder->crowd->n_checks + cover->n <= builder->n_max) {
            unsigned share = cover_share(builder, cover);
            if (share < least) {
                least = share;
                best = cover;
            }
        }
    }
    if (best == NULL) {
        builder->crowd->untold[builder->crowd->n_untold++] = pattern;
        return RC_OK;
    }
    return add_checks(builder, best, pattern);
}

typedef enum rc pattern_fn(struct crowd_builder *builder, const struct finder_literal *literal,
                           uint32_t pattern, const struct literal_analysis *analysis);

static enum rc on_count(struct crowd_builder *builder, const struct finder_literal *literal,
                        uint32_t pattern, const struct literal_analysis *analysis)
{
    (void)literal;
    (void)pattern;
    count_grams(builder, analysis);
    return RC_OK;
}

static enum rc on_add(struct crowd_builder *builder, const struct finder_literal *literal,
                      uint32_t pattern, const struct literal_analysis *analysis)
{
    return add_pattern(builder, pattern, literal->n_patterns, analysis);
}

struct regex_source {
    finder_regex_fn *regex_of;
    void *ctx;
};

static enum rc for_each_pattern(struct crowd_builder *builder, const struct finder_literal *literal,
                                const struct regex_source *source, pattern_fn *fn)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && i < literal->n_patterns; i++) {
        struct regex_tree tree;
        struct literal_analysis analysis;
        rc = regex_tree_parse(&tree, source->regex_of(source->ctx, literal->patterns[i]));
        if (rc != RC_OK) {
            break;
        }
        rc = literals_analyse(&analysis, &tree);
        regex_tree_fini(&tree);
        if (rc == RC_OK) {
            rc = fn(builder, literal, literal->patterns[i], &analysis);
            literals_fini(&analysis);
        }
    }
    return rc;
}

static enum rc build_one(struct crowd *crowd, struct arena *arena,
                         const struct finder_literal *literal, const struct regex_source *source)
{
    struct arena work = {0};
    struct crowd_builder *builder = arena_alloc(&work, 1, sizeof(*builder));
    size_t n_max = (size_t)literal->n_patterns * CHECKS_A_PATTERN;
    enum rc rc = RC_NOMEM;

    crowd->checks = arena_alloc(arena, n_max, sizeof(*crowd->checks));
    crowd->untold = arena_alloc(arena, literal->n_patterns, sizeof(*crowd->untold));
    if (builder != NULL && crowd->checks != NULL && crowd->untold != NULL) {
        *builder = (struct crowd_builder){.crowd = crowd, .arena = arena, .n_max = n_max};
        builder->uses = arena_alloc(&work, n_max, sizeof(*builder->uses));
        rc =
            builder->uses == NULL ? RC_NOMEM : for_each_pattern(builder, literal, source, on_count);
    }
    if (rc == RC_OK) {
        rc = for_each_pattern(builder, literal, source, on_add);
    }
    if (rc == RC_OK) {
        rc = gram_index_build(&crowd->index, arena, builder->uses, crowd->n_checks);
    }
    if (rc == RC_OK) {
        rc = sampler_build(&crowd->sampler, arena, &crowd->index, 1);
    }
    arena_fini(&work);
    return rc;
}

enum rc crowd_build_all(struct finder *finder, struct arena *arena, finder_regex_fn *regex_of,
                        void *ctx)
{
    struct regex_source source = {regex_of, ctx};
    size_t n = 0;

    for (uint32_t i = 0; i < finder->n_literals; i++) {
        n += finder->literals[i].n_patterns >= CROWD_MIN;
    }
    finder->crowds = arena_alloc(arena, n + 1, sizeof(*finder->crowds));
    if (finder->crowds == NULL) {
        return RC_NOMEM;
    }
    for (uint32_t i = 0; i < finder->n_literals; i++) {
        struct finder_literal *literal = &finder->literals[i];
        literal->crowd = CROWD_NONE;
        if (literal->n_patterns >= CROWD_MIN) {
            enum rc rc = build_one(&finder->crowds[finder->n_crowds], arena, literal, &source);
            if (rc != RC_OK) {
                return rc;
            }
            literal->crowd = (uint32_t)finder->n_crowds++;
        }
    }
    return RC_OK;
}

static void check_place(const struct crowd *crowd, struct span text, size_t at,
                        crowd_fn *on_pattern, void *ctx)
{
    const uint8_t *bytes = (const uint8_t *)text.ptr;
    const struct gram_cell *cell = gram_index_find(&crowd->index, gram_of(bytes + at));

    for (uint32_t i = cell->from; i < cell->from + cell->n; i++) {
        const struct gram_use *use = &crowd->index.uses[i];
        const struct crowd_check *check = &crowd->checks[use->owner];
        if (gram_use_fits(use, bytes, text.len, at) &&
            literal_fits(&check->literal, bytes + at - use->offset)) {
            on_pattern(ctx, check->pattern);
        }
    }
}

void crowd_run(const struct crowd *crowd, struct span text, crowd_fn *on_pattern, void *ctx)
{
    const struct sampler sampler = crowd->sampler;

    for (size_t i = 0; i < crowd->n_untold; i++) {
        on_pattern(ctx, crowd->untold[i]);
    }
    for (size_t at = 0; crowd->n_checks > 0 && at + 4 <= text.len; at++) {
        if (sampler_test(&sampler, text.ptr + at)) {
            check_place(crowd, text, at, on_pattern, ctx);
        }
    }
}
