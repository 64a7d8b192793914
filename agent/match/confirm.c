/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pattern over one text, with PCRE2: the last word on every candidate.
 *
 * A pattern is compiled, and given machine code, when it is first needed: most of a KB never is,
 * and a thousand JIT compilations would cost start-up half a second. The code is published with one
 * atomic store, so that the threads that share a set take the lock only while something is being
 * compiled. Where the system forbids memory that is writable and executable PCRE2 refuses machine
 * code, and the same code is interpreted: same matches, slower.
 *
 * Every run has limits (match_opts). A pattern that hits them on STRIKES_MAX texts is taken out of
 * service in this scratch, with a notice: better one entry silent, and said so, than all late.
 */
#include "match/match_internal.h"

#define STRIKES_MAX 5

static enum rc compile(const struct match_set *set, struct span regex, struct err *err,
                       pcre2_code **ret_code)
{
    int error;
    PCRE2_SIZE offset;
    PCRE2_UCHAR message[128];
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex.ptr, regex.len,
                                     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                                     &error, &offset, set->compile);

    if (code != NULL) {
        *ret_code = code;
        return RC_OK;
    }
    if (error == PCRE2_ERROR_HEAP_FAILED) {
        return RC_NOMEM;
    }
    (void)pcre2_get_error_message(error, message, sizeof(message));
    (void)err_set(err, RC_INVALID, "%s at byte %zu", (const char *)message, offset);
    err_field(err, "regex");
    return RC_INVALID;
}

enum rc confirm_check(const struct match_set *set, struct span regex, struct err *err)
{
    pcre2_code *code = NULL;
    enum rc rc = compile(set, regex, err, &code);

    pcre2_code_free(code);
    return rc;
}

/* Makes the code of a pattern, for all threads. */
static enum rc prepare(struct match_scratch *scratch, struct match_pattern *pattern,
                       pcre2_code **ret_code)
{
    struct match_set *set = scratch->set;
    pcre2_code *code;
    enum rc rc = RC_OK;

    (void)pthread_mutex_lock(&set->compiling);
    code = atomic_load_explicit(&pattern->code, memory_order_relaxed);
    if (code == NULL) {
        rc = compile(set, pattern->regex, NULL, &code);
        if (rc == RC_OK) {
            if (set->opts.no_jit || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0) {
                scratch->stats.interpreted++;
            }
            atomic_store_explicit(&pattern->code, code, memory_order_release);
        }
    }
    (void)pthread_mutex_unlock(&set->compiling);
    *ret_code = code;
    return rc;
}

static void strike(struct match_scratch *scratch, size_t pattern)
{
    scratch->stats.limit_hits++;
    scratch->strikes[pattern]++;
    if (scratch->strikes[pattern] < STRIKES_MAX) {
        return;
    }
    scratch->stats.quarantined++;
    if (scratch->on_notice != NULL) {
        scratch->on_notice(scratch->notice_ctx, scratch->set->patterns[pattern].entry,
                           "its regex keeps hitting the match limits");
    }
}

/* PCRE2's answer in our words. */
static enum rc judge(struct match_scratch *scratch, size_t pattern, int answer)
{
    if (answer >= 0) {
        return RC_OK;
    }
    if (answer == PCRE2_ERROR_NOMATCH) {
        return RC_NOT_FOUND;
    }
    if (answer == PCRE2_ERROR_NOMEMORY) {
        return RC_NOMEM;
    }
    strike(scratch, pattern);
    return RC_LIMIT;
}

static enum rc run(struct match_scratch *scratch, size_t pattern, struct span text,
                   pcre2_match_data *data)
{
    struct match_pattern *self = &scratch->set->patterns[pattern];
    pcre2_code *code = atomic_load_explicit(&self->code, memory_order_acquire);
    enum rc rc = code != NULL ? RC_OK : prepare(scratch, self, &code);

    if (rc != RC_OK) {
        return rc;
    }
    return judge(scratch, pattern,
                 pcre2_match(code, (PCRE2_SPTR)(text.ptr != NULL ? text.ptr : ""), text.len, 0, 0,
                             data, scratch->context));
}

enum rc confirm_text(struct match_scratch *scratch, size_t pattern, struct span text)
{
    enum rc rc;

    if (scratch->strikes[pattern] >= STRIKES_MAX) {
        scratch->stats.skipped++;
        return RC_NOT_FOUND;
    }
    scratch->stats.candidates++;
    rc = run(scratch, pattern, text, scratch->match_data);
    return rc == RC_LIMIT ? RC_NOT_FOUND : rc;
}

/* The pattern of an entry, or n. */
static size_t find_pattern(const struct match_set *set, const struct kb_entry *entry)
{
    size_t low = 0;
    size_t high = set->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct kb_entry *there = set->patterns[set->by_entry[middle]].entry;
        if (there == entry) {
            return set->by_entry[middle];
        }
        if ((uintptr_t)there < (uintptr_t)entry) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return set->n;
}

/* A row of PCRE2's name table: two bytes of group number, then the name. */
static void add_capture(const PCRE2_UCHAR *row, pcre2_match_data *data, struct span text,
                        struct capture_list *list)
{
    size_t group = (size_t)row[0] << 8 | row[1];
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data) + 2 * group;

    if (list->n == MATCH_CAPTURES_MAX || group >= pcre2_get_ovector_count(data) ||
        ends[0] == PCRE2_UNSET || ends[1] < ends[0]) {
        return;
    }
    list->items[list->n++] = (struct capture){
        .name = span_str((const char *)row + 2),
        .value = span_of(text.ptr + ends[0], ends[1] - ends[0]),
    };
}

enum rc match_captures(struct match_scratch *scratch, const struct kb_entry *entry,
                       struct span text, struct capture_list *ret_captures)
{
    size_t pattern = find_pattern(scratch->set, entry);
    struct capture_list list = {.n = 0};
    pcre2_code *code;
    PCRE2_SPTR row = NULL;
    uint32_t rows = 0;
    uint32_t row_bytes = 0;
    enum rc rc;

    if (pattern == scratch->set->n) {
        return RC_NOT_FOUND;
    }
    rc = run(scratch, pattern, text, scratch->capture_data);
    if (rc != RC_OK) {
        return rc;
    }
    code = atomic_load_explicit(&scratch->set->patterns[pattern].code, memory_order_acquire);
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &rows);
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &row_bytes);
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &row);
    for (uint32_t i = 0; i < rows; i++, row += row_bytes) {
        add_capture(row, scratch->capture_data, text, &list);
    }
    *ret_captures = list;
    return RC_OK;
}
