/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pattern over one text, with PCRE2: the last word on every candidate. guard.c says whether a
 * pattern may run at all, and is told how each run ended.
 */
#include "match/match_internal.h"

/* Longer texts are given to the guarded code. A pattern that backtracks three deep passes so many
 * bytes within some milliseconds, which the guard sees between texts. */
#define SWIFT_TEXT_MAX ((size_t)1024)

/* PCRE2's answer in our words. */
static enum rc judge(int answer)
{
    if (answer >= 0) {
        return RC_OK;
    }
    if (answer == PCRE2_ERROR_NOMATCH) {
        return RC_NOT_FOUND;
    }
    return answer == PCRE2_ERROR_NOMEMORY ? RC_NOMEM : RC_LIMIT;
}

enum rc confirm_run(struct match_scratch *scratch, size_t pattern, struct span text,
                    pcre2_match_data *data)
{
    bool guarded = text.len > SWIFT_TEXT_MAX;
    pcre2_code *code;
    enum rc rc = regex_code_get(scratch, pattern, guarded, &code);

    if (rc != RC_OK) {
        return rc;
    }
    guard_begin_text(&scratch->guard, text.len);
    return judge(pcre2_match(code, (PCRE2_SPTR)(text.ptr != NULL ? text.ptr : ""), text.len, 0, 0,
                             data, scratch->context));
}

static void strike(struct match_scratch *scratch, size_t pattern)
{
    if (!guard_strike(&scratch->guard, pattern)) {
        return;
    }
    scratch->stats.quarantined++;
    if (scratch->on_notice != NULL) {
        scratch->on_notice(scratch->notice_ctx, scratch->set->patterns[pattern].entry,
                           "its regex keeps hitting the limits of time or steps");
    }
}

enum rc confirm_text(struct match_scratch *scratch, size_t pattern, struct span text)
{
    size_t left_out;
    enum rc rc;

    if (!guard_allows(&scratch->guard, pattern)) {
        scratch->stats.skipped++;
        return RC_NOT_FOUND;
    }
    scratch->stats.candidates++;
    rc = confirm_run(scratch, pattern, text, scratch->match_data);
    left_out = guard_end_text(&scratch->guard, pattern);
    if (left_out != GUARD_NOBODY) {
        scratch->stats.left_out++;
        strike(scratch, left_out);
    }
    if (rc == RC_LIMIT) {
        scratch->stats.limit_hits++;
        strike(scratch, pattern);
        return RC_NOT_FOUND;
    }
    return rc;
}
