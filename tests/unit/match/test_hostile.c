/* SPDX-License-Identifier: Apache-2.0 */
/* Regexes and logs made to hurt: the time is bounded, nothing is missed in silence. */
#include <stdio.h>
#include <stdlib.h>

#include "match/guard_internal.h"
#include "match/match_source_internal.h"
#include "support/cmocka.h"
#include "support/lines.h"

static char entries[256];

static enum rc on_match(void *ctx, const struct record_batch *batch, size_t record,
                        const struct match_list *matches)
{
    (void)batch;
    (void)record;
    *(size_t *)ctx += matches->n;
    return RC_OK;
}

static struct match_scratch *open_scratch(const char *const regexes[], size_t n)
{
    struct match_source sources[200] = {0};
    struct match_opts opts = {0};
    struct match_scratch *scratch;
    struct match_set *set;

    for (size_t i = 0; i < n; i++) {
        sources[i] = (struct match_source){
            .id = span_str(regexes[i]),
            .regex = span_str(regexes[i]),
            .entry = (const struct kb_entry *)(const void *)&entries[i],
        };
    }
    assert_int_equal(match_set_build_from(sources, n, &opts, &set, NULL), RC_OK);
    assert_int_equal(match_scratch_new(set, &scratch), RC_OK);
    match_set_unref(set);
    return scratch;
}

static size_t run(struct match_scratch *scratch, struct span text)
{
    struct record_batch batch;
    size_t matches = 0;

    lines_init(&batch, text);
    assert_int_equal(match_run(scratch, &batch, on_match, &matches), RC_OK);
    lines_fini(&batch);
    return matches;
}

/* A text of len bytes c, to be freed. */
static char *text_of(char c, size_t len)
{
    char *text = malloc(len);

    assert_non_null(text);
    memset(text, c, len);
    return text;
}

static void exploding_regexes_on_long_lines_end_and_are_counted(void **state)
{
    static const char *const regexes[] = {"(a+)+$", "a*a*a*a*a*a*[xy]", "(?:a|aa)+[xy]$",
                                          "(?=(a+))a*b\\1[xy]"};
    size_t len = (size_t)64 * 1024;
    char *text = text_of('a', len);
    struct match_scratch *scratch = open_scratch(regexes, 4);
    const struct match_stats *stats = match_peek_stats(scratch);

    (void)state;
    text[len - 1] = '!';
    for (int i = 0; i < 6; i++) {
        assert_int_equal(run(scratch, span_of(text, len)), 0);
    }
    assert_true(stats->limit_hits >= GUARD_STRIKES);
    assert_true(stats->quarantined >= 1);
    assert_true(stats->skipped >= 1);
    match_scratch_free(scratch);
    free(text);
}

static void a_quarantined_regex_takes_no_other_with_it(void **state)
{
    static const char *const regexes[] = {"(a+)+$", "needle in the hay"};
    size_t len = (size_t)64 * 1024;
    char *text = text_of('a', len);
    struct match_scratch *scratch = open_scratch(regexes, 2);

    (void)state;
    memcpy(text + len - 20, "needle in the hay!!!", 20);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(run(scratch, span_of(text, len)), 1);
    }
    assert_int_equal(match_peek_stats(scratch)->quarantined, 1);
    match_scratch_free(scratch);
    free(text);
}

static void a_line_of_ten_mebibytes_is_matched(void **state)
{
    static const char *const regexes[] = {"needle in the hay", "(?i)^x+needle", "hay$"};
    size_t len = (size_t)10 << 20;
    char *text = text_of('x', len);
    struct match_scratch *scratch = open_scratch(regexes, 3);

    (void)state;
    memcpy(text + len - 17, "needle in the hay", 17);
    assert_int_equal(run(scratch, span_of(text, len)), 3);
    match_scratch_free(scratch);
    free(text);
}

static void lines_of_nothing_and_no_lines_at_all(void **state)
{
    static const char *const regexes[] = {"a literal of some length", "^$", "\\x00"};
    size_t len = (size_t)1 << 12; /* far from the time that a batch may take, sanitized, too */
    char *text = text_of('\n', len);
    struct match_scratch *scratch = open_scratch(regexes, 3);

    (void)state;
    assert_int_equal(run(scratch, span_of(text, len)), len);
    memset(text, 0, len);
    assert_int_equal(run(scratch, span_of(text, len)), 1);
    memset(text, 0xff, len);
    assert_int_equal(run(scratch, span_of(text, len)), 0);
    assert_int_equal(run(scratch, span_of(text, 0)), 0);
    assert_int_equal(match_peek_stats(scratch)->limit_hits, 0);
    match_scratch_free(scratch);
    free(text);
}

/* 170 patterns share a literal; each line is for one of them. PCRE2 must be asked about that one
 * and the few whose number begins alike, not about 170. */
static void a_storm_of_one_family_asks_few_patterns_a_line(void **state)
{
    static char regexes[170][64];
    static const char *list[170];
    char *text = text_of('\n', 1 << 20);
    size_t len = 0;
    size_t lines = 0;
    struct match_scratch *scratch;

    (void)state;
    for (unsigned i = 0; i < 170; i++) {
        (void)snprintf(regexes[i], sizeof(regexes[i]),
                       "NVRM: Xid \\((?:PCI:)?(?<gpu>[0-9a-f:.]+)\\): %u\\b", i + 1);
        list[i] = regexes[i];
    }
    while (len < (1 << 20) - 100) {
        len +=
            (size_t)snprintf(text + len, 100, "[%zu.1] NVRM: Xid (PCI:0000:3b:00): %zu, pid=%zu\n",
                             lines, lines % 170 + 1, lines);
        lines++;
    }
    scratch = open_scratch(list, 170);
    assert_int_equal(run(scratch, span_of(text, len)), lines);
    assert_true(match_peek_stats(scratch)->candidates < 16 * lines);
    match_scratch_free(scratch);
    free(text);
}

/* --- the guard alone --- */

static void steps_end_a_run(void **state)
{
    struct guard guard;
    uint64_t steps = 0;

    (void)state;
    assert_int_equal(guard_init(&guard, 1), RC_OK);
    guard_begin_text(&guard, 2000);
    while (guard_step(&guard)) {
        steps++;
    }
    assert_true(steps <= GUARD_STEPS + 2000 * 16 + 4096);
    guard_fini(&guard);
}

static void strikes_are_forgiven_after_quiet_runs(void **state)
{
    struct guard guard;

    (void)state;
    assert_int_equal(guard_init(&guard, 2), RC_OK);
    guard_begin_batch(&guard, 1000);
    for (int i = 0; i < GUARD_STRIKES - 1; i++) {
        assert_false(guard_strike(&guard, 1));
    }
    for (int i = 0; i < 1000; i++) {
        (void)guard_end_text(&guard, 1);
    }
    assert_false(guard_strike(&guard, 1));
    assert_true(guard_allows(&guard, 1));
    assert_true(guard_strike(&guard, 1));
    assert_false(guard_allows(&guard, 1));
    assert_true(guard_allows(&guard, 0));
    guard_fini(&guard);
}

static void a_slow_batch_leaves_out_its_slowest_pattern_until_the_next(void **state)
{
    struct guard guard;
    volatile unsigned long burnt = 0;
    size_t left_out = GUARD_NOBODY;

    (void)state;
    assert_int_equal(guard_init(&guard, 3), RC_OK);
    guard_begin_batch(&guard, 0);
    for (int i = 0; i < 100000 && left_out == GUARD_NOBODY; i++) {
        for (int k = 0; k < 1000000; k++) {
            burnt += (unsigned long)k;
        }
        left_out = guard_end_text(&guard, 2);
        if (left_out == GUARD_NOBODY) {
            left_out = guard_end_text(&guard, 1);
        }
    }
    assert_int_equal(left_out, 2);
    assert_false(guard_allows(&guard, 2));
    assert_true(guard_allows(&guard, 1));
    guard_begin_batch(&guard, 0);
    assert_true(guard_allows(&guard, 2));
    guard_fini(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exploding_regexes_on_long_lines_end_and_are_counted),
        cmocka_unit_test(a_quarantined_regex_takes_no_other_with_it),
        cmocka_unit_test(a_line_of_ten_mebibytes_is_matched),
        cmocka_unit_test(lines_of_nothing_and_no_lines_at_all),
        cmocka_unit_test(a_storm_of_one_family_asks_few_patterns_a_line),
        cmocka_unit_test(steps_end_a_run),
        cmocka_unit_test(strikes_are_forgiven_after_quiet_runs),
        cmocka_unit_test(a_slow_batch_leaves_out_its_slowest_pattern_until_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
