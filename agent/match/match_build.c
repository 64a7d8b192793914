/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a match set: the entries of a KB in the order of their specificity, each with its regex.
 * Start-up with a thousand entries has 50 ms for everything, so
 * regexes that are known to compile wait for their first use (regex_code.c); the others are
 * compiled once to see that they do, and then wait as well.
 *
 * Fails with RC_INVALID (a regex that PCRE2 refuses; err has file, field and reason) or RC_NOMEM;
 * then nothing is left behind.
 */
#include "match/match_internal.h"

#include <stdlib.h>

#include "base/mem.h"

/* PCRE2's own default of 10,000,000 lets one pair run for a second. */
#define MATCH_LIMIT_DEFAULT 1000000
#define DEPTH_LIMIT_DEFAULT 100000
/* A longer compiled pattern is no log message but an attack. */
#define PATTERN_BYTES_MAX ((size_t)64 * 1024)

static void *on_malloc(size_t size, void *ctx)
{
    (void)ctx;
    return mem_calloc(1, size);
}

static void on_free(void *block, void *ctx)
{
    (void)ctx;
    mem_free(block);
}

struct ranked {
    const struct match_source *source;
    struct specificity rank;
    bool always;
};

/* The needs of all patterns, while they are gathered; the numbers in them are those of sources. */
struct needs {
    struct finder_need *items;
    size_t n;
    size_t cap;
};

static bool add_need(struct needs *needs, struct arena *arena, const struct literal *literal,
                     uint32_t source)
{
    uint8_t *bytes = arena_alloc(arena, 2, literal->len);

    if (needs->n == needs->cap) {
        size_t cap = needs->cap * 2 + 64;
        struct finder_need *items = mem_realloc(needs->items, cap, sizeof(*items));
        if (items == NULL) {
            return false;
        }
        needs->items = items;
        needs->cap = cap;
    }
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, literal->value, literal->len);
    memcpy(bytes + literal->len, literal->mask, literal->len);
    needs->items[needs->n++] =
        (struct finder_need){{bytes, bytes + literal->len, literal->len}, source};
    return true;
}

/* Adds the literals to look for on behalf of a pattern; *ret_always is true when there are none. */
static enum rc gather_literals(struct match_set *set, const struct regex_tree *tree,
                               uint32_t source, struct needs *needs, bool *ret_always)
{
    struct literal_analysis analysis;
    enum rc rc = literals_analyse(&analysis, tree);

    if (rc != RC_OK) {
        return rc;
    }
    *ret_always = analysis.n_covers == 0 || analysis.covers[0].cost >= COVER_COST_MAX;
    for (size_t i = 0; rc == RC_OK && !*ret_always && i < analysis.covers[0].n; i++) {
        if (!add_need(needs, &set->arena, &analysis.covers[0].literals[i], source)) {
            rc = RC_NOMEM;
        }
    }
    literals_fini(&analysis);
    return rc;
}

/* Reads a regex, once, for everything that is to be known of it. */
static enum rc read_regex(struct match_set *set, const struct match_source *source, uint32_t number,
                          struct needs *needs, struct ranked *ret_ranked)
{
    struct ranked ranked = {
        .source = source,
        .rank = {.role = source->role, .tier = source->tier, .id = source->id},
        .always = true,
    };
    struct regex_tree tree;
    enum rc rc = regex_tree_parse(&tree, source->regex);

    if (rc == RC_OK) {
        ranked.rank.literals = regex_tree_literals(&tree);
        if (set->opts.engine == MATCH_ENGINE_FAST) {
            rc = gather_literals(set, &tree, number, needs, &ranked.always);
        }
        regex_tree_fini(&tree);
    }
    *ret_ranked = ranked;
    return rc == RC_UNSUPPORTED ? RC_OK : rc;
}

static int compare_ranked(const void *a, const void *b)
{
    return specificity_cmp(&((const struct ranked *)a)->rank, &((const struct ranked *)b)->rank);
}

/* Fills the set's patterns, most specific first, and renumbers needs accordingly. */
static enum rc order_patterns(struct match_set *set, const struct match_source *sources,
                              struct ranked *ranked, struct needs *needs)
{
    uint32_t *numbers = mem_calloc(set->n, sizeof(*numbers));

    if (numbers == NULL) {
        return RC_NOMEM;
    }
    qsort(ranked, set->n, sizeof(*ranked), compare_ranked);
    for (size_t i = 0; i < set->n; i++) {
        set->patterns[i] = (struct match_pattern){
            .entry = ranked[i].source->entry,
            .regex = ranked[i].source->regex,
            .literals = ranked[i].rank.literals,
        };
        if (ranked[i].always) {
            set->always[set->n_always++] = (uint32_t)i;
        }
        numbers[ranked[i].source - sources] = (uint32_t)i;
    }
    for (size_t i = 0; i < needs->n; i++) {
        needs->items[i].pattern = numbers[needs->items[i].pattern];
    }
    mem_free(numbers);
    return RC_OK;
}

static struct span regex_of(void *ctx, uint32_t pattern)
{
    return ((const struct match_set *)ctx)->patterns[pattern].regex;
}

static enum rc build_patterns(struct match_set *set, const struct match_source *sources)
{
    struct ranked *ranked = mem_calloc(set->n, sizeof(*ranked));
    struct needs needs = {0};
    enum rc rc = ranked == NULL ? RC_NOMEM : RC_OK;

    for (size_t i = 0; rc == RC_OK && i < set->n; i++) {
        rc = read_regex(set, &sources[i], (uint32_t)i, &needs, &ranked[i]);
    }
    if (rc == RC_OK) {
        rc = order_patterns(set, sources, ranked, &needs);
    }
    if (rc == RC_OK && set->opts.engine == MATCH_ENGINE_FAST) {
        rc = finder_build(&set->finder, &set->arena, needs.items, needs.n, regex_of, set);
    }
    mem_free(needs.items);
    mem_free(ranked);
    return rc;
}

static int compare_entries(const void *a, const void *b, void *ctx)
{
    const struct match_pattern *patterns = ctx;
    uintptr_t left = (uintptr_t)patterns[*(const uint32_t *)a].entry;
    uintptr_t right = (uintptr_t)patterns[*(const uint32_t *)b].entry;

    return left < right ? -1 : left > right;
}

static void index_entries(struct match_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        set->by_entry[i] = (uint32_t)i;
    }
    qsort_r(set->by_entry, set->n, sizeof(*set->by_entry), compare_entries, set->patterns);
}

static enum rc check_untrusted(struct match_set *set, const struct match_source *sources,
                               struct err *err)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct match_source *source = &sources[i];
        enum rc rc = source->trusted ? RC_OK : regex_code_check(set, source->regex, err);
        if (rc != RC_OK) {
            err_wrap(err, "%.*s", (int)source->id.len, source->id.ptr);
            err_file(err, source->file);
            return rc;
        }
    }
    return RC_OK;
}

static enum rc set_new(size_t n, const struct match_opts *opts, struct match_set **ret_set)
{
    struct match_set *set = mem_calloc(1, sizeof(*set));

    if (set == NULL) {
        return RC_NOMEM;
    }
    atomic_init(&set->refs, 1);
    (void)pthread_mutex_init(&set->compiling, NULL);
    set->opts = *opts;
    if (set->opts.match_limit == 0) {
        set->opts.match_limit = MATCH_LIMIT_DEFAULT;
    }
    if (set->opts.depth_limit == 0) {
        set->opts.depth_limit = DEPTH_LIMIT_DEFAULT;
    }
    set->n = n;
    *ret_set = set;
    set->memory = pcre2_general_context_create(on_malloc, on_free, NULL);
    set->compile = set->memory != NULL ? pcre2_compile_context_create(set->memory) : NULL;
    /* A set of no patterns is legal, allocations of nothing are not. */
    set->patterns = arena_alloc(&set->arena, n + 1, sizeof(*set->patterns));
    set->by_entry = arena_alloc(&set->arena, n + 1, sizeof(*set->by_entry));
    set->always = arena_alloc(&set->arena, n + 1, sizeof(*set->always));
    if (set->compile == NULL || set->patterns == NULL || set->by_entry == NULL ||
        set->always == NULL) {
        return RC_NOMEM;
    }
    (void)pcre2_set_max_pattern_length(set->compile, PATTERN_BYTES_MAX);
    return RC_OK;
}

enum rc match_set_build_from(const struct match_source *sources, size_t n,
                             const struct match_opts *opts, struct match_set **ret_set,
                             struct err *err)
{
    struct match_set *set = NULL;
    enum rc rc = set_new(n, opts, &set);

    if (rc == RC_OK && n > 0) {
        rc = build_patterns(set, sources);
    }
    if (rc == RC_OK) {
        index_entries(set);
        rc = check_untrusted(set, sources, err);
    }
    if (rc != RC_OK) {
        if (rc == RC_NOMEM) {
            (void)err_set(err, rc, "building the match set");
        }
        match_set_unref(set);
        return rc;
    }
    *ret_set = set;
    return RC_OK;
}

enum rc match_set_build(struct kb *kb, const struct match_opts *opts, struct match_set **ret_set,
                        struct err *err)
{
    size_t n = kb_count(kb);
    struct match_source *sources = mem_calloc(n + 1, sizeof(*sources));
    struct match_set *set = NULL;
    enum rc rc;

    if (sources == NULL) {
        return err_set(err, RC_NOMEM, "building the match set");
    }
    for (size_t i = 0; i < n; i++) {
        const struct kb_entry *entry = kb_at(kb, i);
        sources[i] = (struct match_source){
            .id = entry->id,
            .regex = entry->regex,
            .role = entry->role,
            .tier = entry->tier,
            .entry = entry,
            .file = kb_file(kb, entry),
            .trusted = strcmp(kb_file(kb, entry), "builtin") == 0,
        };
    }
    rc = match_set_build_from(sources, n, opts, &set, err);
    if (rc == RC_OK) {
        set->kb = kb_ref(kb);
        *ret_set = set;
    }
    mem_free(sources);
    return rc;
}

struct match_set *match_set_ref(struct match_set *set)
{
    atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

struct match_set *match_set_unref(struct match_set *set)
{
    if (set == NULL || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1) {
        return NULL;
    }
    for (size_t i = 0; set->patterns != NULL && i < set->n; i++) {
        pcre2_code_free(atomic_load_explicit(&set->patterns[i].swift, memory_order_relaxed));
        pcre2_code_free(atomic_load_explicit(&set->patterns[i].guarded, memory_order_relaxed));
    }
    pcre2_compile_context_free(set->compile);
    pcre2_general_context_free(set->memory);
    (void)pthread_mutex_destroy(&set->compiling);
    arena_fini(&set->arena);
    kb_unref(set->kb);
    mem_free(set);
    return NULL;
}
