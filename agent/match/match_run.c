/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matches batches. In the plain engine every pattern runs over every record: slow, obviously right,
 * and the measure for the other one.
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

enum rc match_scratch_new(struct match_set *set, struct match_scratch **ret_scratch)
{
    struct match_scratch *scratch = mem_calloc(1, sizeof(*scratch));
    enum rc rc;

    if (scratch == NULL) {
        return RC_NOMEM;
    }
    scratch->set = match_set_ref(set);
    scratch->matched = mem_calloc(set->n + 1, sizeof(const struct kb_entry *));
    scratch->strikes = mem_calloc(set->n + 1, sizeof(*scratch->strikes));
    rc = scratch->matched == NULL || scratch->strikes == NULL ? RC_NOMEM : context_new(scratch);
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
        mem_free(scratch->strikes);
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
    scratch->stats.records += batch->n_records;
    scratch->stats.bytes += batch->text.len;
    return run_plain(scratch, batch, on_match, ctx);
}
