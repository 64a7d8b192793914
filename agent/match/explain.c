/* SPDX-License-Identifier: Apache-2.0 */
/* See explain.h. Each regex is analysed anew, and its literals are looked for one by one. */
#include "match/explain.h"

#include "match/match_internal.h"

static bool text_has(struct span text, const struct literal *literal)
{
    for (size_t at = 0; at + literal->len <= text.len; at++) {
        if (literal_fits(literal, (const uint8_t *)text.ptr + at)) {
            return true;
        }
    }
    return false;
}

static void add_literal(struct explain_entry *one, const struct literal *literal)
{
    struct explain_literal *added;

    if (one->n_literals == EXPLAIN_LITERALS_MAX) {
        return;
    }
    added = &one->literals[one->n_literals++];
    *added = (struct explain_literal){
        .bytes = span_of((const char *)literal->value, literal->len),
    };
    for (size_t i = 0; i < literal->len; i++) {
        added->caseless = added->caseless || literal->mask[i] != 0xFF;
    }
}

/* Adds the literals of a cover that stand in text, or all of them; returns how many stand there. */
static size_t add_cover(struct explain_entry *one, const struct cover *cover, struct span text,
                        bool all)
{
    size_t n = 0;

    for (size_t i = 0; i < cover->n; i++) {
        bool there = text_has(text, &cover->literals[i]);
        n += there;
        if (there || all) {
            add_literal(one, &cover->literals[i]);
        }
    }
    return n;
}

/* Whether some cover has nothing in text; then its literals are in *one. */
static bool is_literal_missing(const struct literal_analysis *analysis, struct span text,
                               struct explain_entry *one)
{
    for (size_t i = 0; i < analysis->n_covers; i++) {
        one->n_literals = 0;
        if (add_cover(one, &analysis->covers[i], text, true) == 0) {
            return true;
        }
    }
    one->n_literals = 0;
    if (analysis->n_covers > 0) {
        (void)add_cover(one, &analysis->covers[0], text, false);
    }
    return false;
}

static enum rc explain_one(struct match_scratch *scratch, const struct match_pattern *pattern,
                           const struct literal_analysis *analysis, struct span text,
                           struct explain_entry *one)
{
    bool missing = is_literal_missing(analysis, text, one);
    enum rc rc = match_captures(scratch, pattern->entry, text, &one->captures);

    one->always_tried = analysis->n_covers == 0 || analysis->covers[0].cost >= COVER_COST_MAX;
    if (rc == RC_OK) {
        one->verdict = EXPLAIN_MATCHED;
    } else if (rc == RC_LIMIT) {
        one->verdict = EXPLAIN_STOPPED;
    } else {
        one->verdict = missing ? EXPLAIN_LITERAL_MISSING : EXPLAIN_REGEX_FAILED;
    }
    return rc == RC_NOMEM ? RC_NOMEM : RC_OK;
}

enum rc match_explain(struct match_scratch *scratch, struct span text, explain_fn *fn, void *ctx)
{
    const struct match_set *set = scratch->set;
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < set->n; i++) {
        const struct match_pattern *pattern = &set->patterns[i];
        struct explain_entry one = {.entry = pattern->entry, .specificity = pattern->literals};
        struct literal_analysis analysis = {0};
        struct regex_tree tree;
        rc = regex_tree_parse(&tree, pattern->regex);
        if (rc == RC_OK) {
            rc = literals_analyse(&analysis, &tree);
            regex_tree_fini(&tree);
        }
        if (rc == RC_OK || rc == RC_UNSUPPORTED) {
            rc = explain_one(scratch, pattern, &analysis, text, &one);
        }
        if (rc == RC_OK) {
            rc = fn(ctx, &one);
        }
        literals_fini(&analysis);
    }
    return rc;
}

const char *explain_verdict_name(enum explain_verdict verdict)
{
    static const char *const names[] = {"matched", "literal missing", "regex failed", "stopped"};

    return names[verdict];
}
