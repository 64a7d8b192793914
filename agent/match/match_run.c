/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matches batches. The fast engine has the finder report literals in ascending order of place, maps
 * each to its record, and collects the patterns that need it; when the literals have moved on to
 * another record, PCRE2 confirms what was collected. Patterns are numbered by specificity, so a bit
 * set of them is walked in the order in which they are reported.
 *
 * In the plain engine every pattern runs over every record: slow, obviously right, and the measure
 * for the other one.
 *
 * A run ends early when the caller's function or PCRE2 (out of memory) says so; the scratch is then
 * ready for the next batch.
 */
#include "match/match_internal.h"

#include "base/mem.h"

/* Room for a backtracking pattern over a long record; only touched pages cost memory. */
#define JIT_STACK_START_BYTES ((size_t)32 * 1024)
#define JIT_STACK_MAX_BYTES   ((size_t)1024 * 1024)
/* The interpreter's heap: frames of some hundred bytes for each open choice. */
#define HEAP_LIMIT_KIB 16384
/* Groups of a pattern that can be captures. */
#define CAPTURE_GROUPS_MAX 128

/* Before every item of a guarded code. */
static int on_callout(pcre2_callout_block *block, void *ctx)
{
    (void)block;
    return guard_step(ctx) ? 0 : PCRE2_ERROR_CALLOUT;
}

static enum rc context_new(struct match_scratch *scratch)
{
    const struct match_opts *opts = &scratch->set->opts;
    pcre2_general_context *memory = scratch->set->memory;

    scratch->context = pcre2_match_context_create(memory);
    scratch->match_data = pcre2_match_data_create(1, memory);
    scratch->capture_data = pcre2_match_data_create(CAPTURE_GROUPS_MAX, memory);
    if (scratch->context == NULL || scratch->match_data == NULL || scratch->capture_data == NULL) {
        return RC_NOMEM;
    }
    (void)pcre2_set_callout(scratch->context, on_callout, &scratch->guard);
    (void)pcre2_set_match_limit(scratch->context, opts->match_limit);
    (void)pcre2_set_depth_limit(scratch->context, opts->depth_limit);
    (void)pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
    if (!opts->no_jit) {
        /* NULL where such memory is refused; then nothing is compiled to machine code either. */
        scratch->jit_stack =
            pcre2_jit_stack_create(JIT_STACK_START_BYTES, JIT_STACK_MAX_BYTES, memory);
        pcre2_jit_stack_assign(scratch->context, NULL, scratch->jit_stack);
    }
    return RC_OK;
}

static enum rc candidates_new(struct match_scratch *scratch)
{
    const struct match_set *set = scratch->set;
    size_t n_words = set->n / 64 + 1;

    scratch->serial = 1;
    scratch->hits.sampled = mem_calloc(SCAN_HITS_MAX, sizeof(*scratch->hits.sampled));
    scratch->hits.shuffled = mem_calloc(SCAN_HITS_MAX, sizeof(*scratch->hits.shuffled));
    scratch->literal_seen = mem_calloc(set->finder.n_literals + 1, sizeof(*scratch->literal_seen));
    scratch->candidates = mem_calloc(n_words, sizeof(*scratch->candidates));
    scratch->words_used = mem_calloc(n_words / 64 + 1, sizeof(*scratch->words_used));
    return scratch->hits.sampled == NULL || scratch->hits.shuffled == NULL ||
                   scratch->literal_seen == NULL || scratch->candidates == NULL ||
                   scratch->words_used == NULL
               ? RC_NOMEM
               : RC_OK;
}

enum rc match_scratch_new(struct match_set *set, struct match_scratch **ret_scratch)
{
    struct match_scratch *scratch = mem_calloc(1, sizeof(*scratch));
    enum rc rc;

    if (scratch == NULL) {
        return RC_NOMEM;
    }
    scratch->set = match_set_ref(set);
    scratch->matched = mem_calloc(set->n + 1, sizeof(const struct kb_entry *));
    rc = scratch->matched == NULL ? RC_NOMEM : guard_init(&scratch->guard, set->n);
    if (rc == RC_OK) {
        rc = context_new(scratch);
    }
    if (rc == RC_OK && set->opts.engine == MATCH_ENGINE_FAST) {
        rc = candidates_new(scratch);
    }
    if (rc != RC_OK) {
        match_scratch_free(scratch);
        return rc;
    }
    *ret_scratch = scratch;
    return RC_OK;
}

struct match_scratch *match_scratch_free(struct match_scratch *scratch)
{
    if (scratch != NULL) {
        pcre2_match_data_free(scratch->capture_data);
        pcre2_match_data_free(scratch->match_data);
        pcre2_match_context_free(scratch->context);
        pcre2_jit_stack_free(scratch->jit_stack);
        mem_free(scratch->hits.sampled);
        mem_free(scratch->hits.shuffled);
        mem_free(scratch->literal_seen);
        mem_free(scratch->candidates);
        mem_free(scratch->words_used);
        guard_fini(&scratch->guard);
        mem_free((void *)scratch->matched);
        match_set_unref(scratch->set);
        mem_free(scratch);
    }
    return NULL;
}

void match_set_notice(struct match_scratch *scratch, match_notice_fn *on_notice, void *ctx)
{
    scratch->on_notice = on_notice;
    scratch->notice_ctx = ctx;
}

const struct match_stats *match_peek_stats(const struct match_scratch *scratch)
{
    return &scratch->stats;
}

/* --- candidates: the patterns to confirm on the record at hand --- */

static void add_candidate(void *ctx, uint32_t pattern)
{
    struct match_scratch *scratch = ctx;
    uint32_t word = pattern / 64;

    scratch->candidates[word] |= UINT64_C(1) << (pattern % 64);
    scratch->words_used[word / 64] |= UINT64_C(1) << (word % 64);
}

static enum rc confirm_one(struct match_scratch *scratch, size_t pattern, struct span text)
{
    enum rc rc = confirm_text(scratch, pattern, text);

    if (rc == RC_OK) {
        scratch->matched[scratch->n_matched++] = scratch->set->patterns[pattern].entry;
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc report(struct match_scratch *scratch, const struct record_batch *batch,
                      size_t record, match_fn *on_match, void *ctx)
{
    struct match_list list = {scratch->matched, scratch->n_matched};

    scratch->n_matched = 0;
    scratch->stats.matches += list.n;
    return list.n > 0 ? on_match(ctx, batch, record, &list) : RC_OK;
}

/* Confirms the candidates of one word of the set, most specific first, and empties it. */
static enum rc confirm_word(struct match_scratch *scratch, size_t word, struct span text)
{
    enum rc rc = RC_OK;

    while (rc == RC_OK && scratch->candidates[word] != 0) {
        unsigned bit = (unsigned)__builtin_ctzll(scratch->candidates[word]);
        scratch->candidates[word] &= scratch->candidates[word] - 1;
        rc = confirm_one(scratch, word * 64 + bit, text);
    }
    return rc;
}

static enum rc confirm_candidates(struct match_scratch *scratch, struct span text)
{
    size_t n_used = scratch->set->n / 4096 + 1;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < n_used; i++) {
        while (rc == RC_OK && scratch->words_used[i] != 0) {
            unsigned bit = (unsigned)__builtin_ctzll(scratch->words_used[i]);
            rc = confirm_word(scratch, i * 64 + bit, text);
            scratch->words_used[i] &= scratch->words_used[i] - 1;
        }
    }
    return rc;
}

static void forget_candidates(struct match_scratch *scratch)
{
    size_t n_words = scratch->set->n / 64 + 1;

    memset(scratch->candidates, 0, n_words * sizeof(*scratch->candidates));
    memset(scratch->words_used, 0, (n_words / 64 + 1) * sizeof(*scratch->words_used));
}

/* --- the fast engine --- */

/* A run over one batch: records are finished in order, as the literals found move on. */
struct fast_run {
    struct match_scratch *scratch;
    const struct record_batch *batch;
    match_fn *on_match;
    void *ctx;
    size_t record; /* the one at hand; all before it are finished */
};

static void next_serial(struct match_scratch *scratch)
{
    scratch->serial++;
    if (scratch->serial == 0) {
        memset(scratch->literal_seen, 0,
               scratch->set->finder.n_literals * sizeof(*scratch->literal_seen));
        scratch->serial = 1;
    }
}

static enum rc finish_record(struct fast_run *run)
{
    struct match_scratch *scratch = run->scratch;
    enum rc rc;

    for (size_t i = 0; i < scratch->set->n_always; i++) {
        add_candidate(scratch, scratch->set->always[i]);
    }
    rc = confirm_candidates(scratch, run->batch->records[run->record].text);
    if (rc == RC_OK) {
        rc = report(scratch, run->batch, run->record, run->on_match, run->ctx);
    }
    next_serial(scratch);
    run->record++;
    return rc;
}

static bool ends_behind(const struct record *record, const char *place)
{
    return record->text.ptr + record->text.len > place;
}

/* The first record from `from` on that ends behind place, or n_records: in steps that double, then
 * by halving, since literals are mostly far apart. */
static size_t find_record(const struct record_batch *batch, size_t from, const char *place)
{
    size_t low = from;
    size_t step = 1;
    size_t high;

    while (low < batch->n_records && !ends_behind(&batch->records[low], place)) {
        from = low + 1;
        low += step;
        step *= 2;
    }
    high = low < batch->n_records ? low : batch->n_records;
    while (from < high) {
        size_t middle = from + (high - from) / 2;
        if (ends_behind(&batch->records[middle], place)) {
            high = middle;
        } else {
            from = middle + 1;
        }
    }
    return from;
}

/* Makes `record` the one at hand, finishing what lies before it. */
static enum rc move_to(struct fast_run *run, size_t record)
{
    enum rc rc = RC_OK;

    if (record > run->record && run->scratch->set->n_always == 0) {
        rc = finish_record(run);
        run->record = record;
    }
    while (rc == RC_OK && run->record < record) {
        rc = finish_record(run);
    }
    return rc;
}

static enum rc on_literal(void *ctx, uint32_t number, size_t start)
{
    struct fast_run *run = ctx;
    struct match_scratch *scratch = run->scratch;
    const struct finder_literal *literal = &scratch->set->finder.literals[number];
    const char *place = run->batch->text.ptr + start;
    size_t record = find_record(run->batch, run->record, place);
    const struct span *text;
    enum rc rc;

    if (record == run->batch->n_records) {
        return RC_OK;
    }
    text = &run->batch->records[record].text;
    if (place < text->ptr || literal->bytes.len > (size_t)(text->ptr + text->len - place)) {
        return RC_OK; /* between records, or over an end */
    }
    rc = move_to(run, record);
    if (rc != RC_OK || scratch->literal_seen[number] == scratch->serial) {
        return rc;
    }
    scratch->literal_seen[number] = scratch->serial;
    if (literal->crowd != CROWD_NONE) {
        crowd_run(&scratch->set->finder.crowds[literal->crowd], *text, add_candidate, scratch);
    } else {
        for (uint32_t i = 0; i < literal->n_patterns; i++) {
            add_candidate(scratch, literal->patterns[i]);
        }
    }
    return RC_OK;
}

static enum rc run_fast(struct match_scratch *scratch, const struct record_batch *batch,
                        match_fn *on_match, void *ctx)
{
    struct fast_run run = {scratch, batch, on_match, ctx, 0};
    enum rc rc = finder_run(&scratch->set->finder, &scratch->hits, batch->text, on_literal, &run);

    if (rc == RC_OK && batch->n_records > 0) {
        rc = move_to(&run, batch->n_records);
    }
    if (rc != RC_OK) {
        forget_candidates(scratch);
    }
    next_serial(scratch);
    return rc;
}

/* --- the plain engine --- */

static enum rc run_plain(struct match_scratch *scratch, const struct record_batch *batch,
                         match_fn *on_match, void *ctx)
{
    enum rc rc = RC_OK;

    for (size_t record = 0; rc == RC_OK && record < batch->n_records; record++) {
        for (size_t i = 0; rc == RC_OK && i < scratch->set->n; i++) {
            rc = confirm_one(scratch, i, batch->records[record].text);
        }
        if (rc == RC_OK) {
            rc = report(scratch, batch, record, on_match, ctx);
        }
    }
    return rc;
}

enum rc match_run(struct match_scratch *scratch, const struct record_batch *batch,
                  match_fn *on_match, void *ctx)
{
    scratch->n_matched = 0;
    guard_begin_batch(&scratch->guard, batch->text.len);
    if (scratch->set->opts.engine == MATCH_ENGINE_PLAIN) {
        scratch->guard.batch_max_ns = INT64_MAX; /* slow by nature, and nobody waits for it */
    }
    scratch->stats.records += batch->n_records;
    scratch->stats.bytes += batch->text.len;
    return scratch->set->opts.engine == MATCH_ENGINE_PLAIN
               ? run_plain(scratch, batch, on_match, ctx)
               : run_fast(scratch, batch, on_match, ctx);
}
