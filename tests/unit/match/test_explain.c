/* SPDX-License-Identifier: Apache-2.0 */
/* Why a text is matched, or is not. */
#include "match/explain.h"
#include "match/match_source_internal.h"
#include "support/cmocka.h"

struct told {
    struct explain_entry items[8];
    char first_literal[8][65]; /* copied: it is only lent */
    size_t n;
};

static enum rc on_entry(void *ctx, const struct explain_entry *one)
{
    struct told *told = ctx;

    if (one->n_literals > 0) {
        memcpy(told->first_literal[told->n], one->literals[0].bytes.ptr,
               one->literals[0].bytes.len);
    }
    told->items[told->n++] = *one;
    return RC_OK;
}

/* Explains text by the regexes; checks that they come in the order given. */
static void explain(const char *const regexes[], size_t n, const char *text, struct told *told,
                    struct match_scratch **scratch)
{
    struct match_source sources[8] = {0};
    struct match_opts opts = {.match_limit = 1000};
    struct match_set *set;

    for (size_t i = 0; i < n; i++) {
        sources[i] = (struct match_source){
            .id = span_str(regexes[i]),
            .regex = span_str(regexes[i]),
            .entry = (const struct kb_entry *)(const void *)&regexes[i],
        };
    }
    *told = (struct told){0};
    assert_int_equal(match_set_build_from(sources, n, &opts, &set, NULL), RC_OK);
    assert_int_equal(match_scratch_new(set, scratch), RC_OK);
    match_set_unref(set);
    assert_int_equal(match_explain(*scratch, span_str(text), on_entry, told), RC_OK);
    assert_int_equal(told->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(told->items[i].entry, &regexes[i]);
    }
}

static void each_verdict_has_its_reason(void **state)
{
    static const char *const regexes[] = {"CUDA out of memory\\. Tried (?<tried>\\d+)",
                                          "out of memory on (?:host|node) [A-Z]\\d",
                                          "(?i)socket timed out", "\\d+"};
    struct told told;
    struct match_scratch *scratch;

    (void)state;
    explain(regexes, 4, "out of memory on host a1", &told, &scratch);
    assert_int_equal(told.items[0].verdict, EXPLAIN_LITERAL_MISSING);
    assert_int_equal(told.items[0].specificity, 26);
    assert_int_equal(told.items[0].n_literals, 1);
    assert_string_equal(told.first_literal[0], "CUDA out of memory. Tried ");
    assert_int_equal(told.items[1].verdict, EXPLAIN_REGEX_FAILED);
    assert_string_equal(told.first_literal[1], "out of memory on host ");
    assert_int_equal(told.items[2].verdict, EXPLAIN_LITERAL_MISSING);
    assert_true(told.items[2].literals[0].caseless);
    assert_int_equal(told.items[3].verdict, EXPLAIN_MATCHED);
    assert_true(told.items[3].always_tried);
    match_scratch_free(scratch);
}

static void a_match_tells_its_captures(void **state)
{
    static const char *const regexes[] = {"Tried (?<tried>\\d+)"};
    struct told told;
    struct match_scratch *scratch;

    (void)state;
    explain(regexes, 1, "x Tried 42", &told, &scratch);
    assert_int_equal(told.items[0].captures.n, 1);
    assert_true(span_eq_str(told.items[0].captures.items[0].name, "tried"));
    assert_true(span_eq_str(told.items[0].captures.items[0].value, "42"));
    match_scratch_free(scratch);
}

static void a_runaway_regex_is_told_as_stopped(void **state)
{
    static const char *const regexes[] = {"^(a+)+$"};
    struct told told;
    struct match_scratch *scratch;

    (void)state;
    explain(regexes, 1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", &told, &scratch);
    assert_int_equal(told.items[0].verdict, EXPLAIN_STOPPED);
    assert_string_equal(explain_verdict_name(told.items[0].verdict), "stopped");
    match_scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verdict_has_its_reason),
        cmocka_unit_test(a_match_tells_its_captures),
        cmocka_unit_test(a_runaway_regex_is_told_as_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
