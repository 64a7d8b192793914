/* SPDX-License-Identifier: Apache-2.0 */
/* What both engines must do, on small sets of plain regexes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "match/match_source_internal.h"
#include "support/cmocka.h"
#include "support/lines.h"

#define MAX_SOURCES 64

/* A set of regexes; the entry of regex i is the fake pointer entry_of(i), its id its own text. */
struct fixture {
    struct match_source sources[MAX_SOURCES];
    size_t n;
    struct match_set *set;
    struct match_scratch *scratch;
    char seen[4096]; /* "record:entry,entry record:entry " */
    unsigned notices;
};

static char entries[MAX_SOURCES];

static const struct kb_entry *entry_of(size_t i)
{
    return (const struct kb_entry *)(const void *)&entries[i];
}

static void add(struct fixture *f, const char *regex)
{
    f->sources[f->n] = (struct match_source){
        .id = span_str(regex), .regex = span_str(regex), .entry = entry_of(f->n)};
    f->n++;
}

static void build(struct fixture *f, struct match_opts opts)
{
    assert_int_equal(match_set_build_from(f->sources, f->n, &opts, &f->set, NULL), RC_OK);
    assert_int_equal(match_scratch_new(f->set, &f->scratch), RC_OK);
}

static void tear_down(struct fixture *f)
{
    f->scratch = match_scratch_free(f->scratch);
    f->set = match_set_unref(f->set);
}

static enum rc on_match(void *ctx, const struct record_batch *batch, size_t record,
                        const struct match_list *matches)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->seen);

    (void)batch;
    len += (size_t)snprintf(f->seen + len, sizeof(f->seen) - len, "%zu:", record);
    for (size_t i = 0; i < matches->n; i++) {
        len += (size_t)snprintf(f->seen + len, sizeof(f->seen) - len, "%s%td", i > 0 ? "," : "",
                                (const char *)matches->entries[i] - entries);
    }
    (void)snprintf(f->seen + len, sizeof(f->seen) - len, " ");
    return RC_OK;
}

static const char *run(struct fixture *f, struct span text)
{
    struct record_batch batch;

    lines_init(&batch, text);
    f->seen[0] = '\0';
    assert_int_equal(match_run(f->scratch, &batch, on_match, f), RC_OK);
    lines_fini(&batch);
    return f->seen;
}

static const struct match_opts all_opts[] = {
    {.engine = MATCH_ENGINE_PLAIN},
    {.engine = MATCH_ENGINE_FAST},
    {.engine = MATCH_ENGINE_FAST, .no_jit = true},
};
#define N_OPTS (sizeof(all_opts) / sizeof(all_opts[0]))

static void every_matching_entry_is_told_most_specific_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OPTS; i++) {
        struct fixture f = {0};
        add(&f, "CUDA error");
        add(&f, "CUDA error: out of memory");
        add(&f, "\\d+ of \\d+|out of mem");
        add(&f, "never there");
        f.sources[1].role = KB_ROLE_WRAPPER;
        build(&f, all_opts[i]);
        assert_string_equal(run(&f, span_str("quiet\nCUDA error: out of memory\n\nCUDA error\n"
                                             "3 of 4 and 5 of 6")),
                            "1:0,2,1 3:0 4:2 ");
        assert_int_equal(match_peek_stats(f.scratch)->records, 5);
        assert_int_equal(match_peek_stats(f.scratch)->matches, 5);
        tear_down(&f);
    }
}

static void records_are_told_in_order_across_literal_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OPTS; i++) {
        struct fixture f = {0};
        add(&f, "a literal of many bytes");
        add(&f, "Xid 79");
        add(&f, "zq");
        add(&f, "[0-9]$");
        build(&f, all_opts[i]);
        assert_string_equal(run(&f, span_str("7\nzq\nXid 79\na literal of many bytes\nXid 7\nzq\n"
                                             "a literal of many bytes Xid 79 zq 0")),
                            "0:3 1:2 2:1,3 3:0 4:3 5:2 6:0,1,2,3 ");
        tear_down(&f);
    }
}

static void no_match_reaches_over_a_record_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OPTS; i++) {
        struct fixture f = {0};
        struct record records[2];
        const char *text = "out of memory";
        struct record_batch batch = {.text = span_str(text), .records = records, .n_records = 2};
        add(&f, "out of memory");
        add(&f, "^memory$");
        build(&f, all_opts[i]);
        records[0] = (struct record){.text = span_of(text, 6)};
        records[1] = (struct record){.text = span_of(text + 7, 6)};
        assert_int_equal(match_run(f.scratch, &batch, on_match, &f), RC_OK);
        assert_string_equal(f.seen, "1:1 ");
        tear_down(&f);
    }
}

static void empty_sets_and_empty_batches_are_fine(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OPTS; i++) {
        struct fixture f = {0};
        struct record_batch none = {0};
        build(&f, all_opts[i]);
        assert_string_equal(run(&f, span_str("line\n")), "");
        tear_down(&f);
        add(&f, "^$");
        build(&f, all_opts[i]);
        assert_int_equal(match_run(f.scratch, &none, on_match, &f), RC_OK);
        assert_string_equal(run(&f, span_str("\nx\n\n")), "0:0 2:0 ");
        tear_down(&f);
    }
}

static enum rc refuse(void *ctx, const struct record_batch *batch, size_t record,
                      const struct match_list *matches)
{
    (void)batch;
    (void)record;
    (void)matches;
    (*(unsigned *)ctx)++;
    return RC_FULL;
}

static void the_callers_error_ends_the_run(void **state)
{
    struct record_batch batch;
    unsigned calls = 0;

    (void)state;
    for (size_t i = 0; i < N_OPTS; i++) {
        struct fixture f = {0};
        add(&f, "needle in here");
        build(&f, all_opts[i]);
        lines_init(&batch, span_str("needle in here\nneedle in here\n"));
        calls = 0;
        assert_int_equal(match_run(f.scratch, &batch, refuse, &calls), RC_FULL);
        assert_int_equal(calls, 1);
        assert_string_equal(run(&f, span_str("x\nneedle in here")), "1:0 ");
        lines_fini(&batch);
        tear_down(&f);
    }
}

static void a_refused_regex_names_its_file_field_and_reason(void **state)
{
    struct fixture f = {0};
    struct match_opts opts = {0};
    struct err err;
    char text[512];

    (void)state;
    add(&f, "fine");
    add(&f, "(open");
    f.sources[1].file = "kb/x/open.json";
    assert_int_equal(match_set_build_from(f.sources, f.n, &opts, &f.set, &err), RC_INVALID);
    assert_string_equal(err_format(&err, text, sizeof(text)),
                        "kb/x/open.json: regex: (open: missing closing parenthesis at byte 5");
    f.sources[1].regex = span_str("\\C");
    assert_int_equal(match_set_build_from(f.sources, f.n, &opts, &f.set, &err), RC_INVALID);
}

static void captures_are_the_named_groups_that_took_part(void **state)
{
    struct fixture f = {0};
    struct capture_list list;
    struct span text = span_str("Xid (0000:3b:00): 79, name=python");

    (void)state;
    add(&f,
        "Xid \\((?<gpu>[^)]+)\\): (?<code>\\d+)(?:, pid=(?<pid>\\d+))?(?:, name=(?<name>\\w+))?");
    build(&f, (struct match_opts){0});
    assert_int_equal(match_captures(f.scratch, entry_of(0), text, &list), RC_OK);
    assert_int_equal(list.n, 3);
    for (size_t i = 0; i < list.n; i++) {
        const char *want = span_eq_str(list.items[i].name, "gpu")    ? "0000:3b:00"
                           : span_eq_str(list.items[i].name, "code") ? "79"
                                                                     : "python";
        assert_true(span_eq_str(list.items[i].value, want));
    }
    assert_int_equal(match_captures(f.scratch, entry_of(0), span_str("other"), &list),
                     RC_NOT_FOUND);
    assert_int_equal(match_captures(f.scratch, entry_of(1), text, &list), RC_NOT_FOUND);
    tear_down(&f);
}

static void invalid_utf8_and_nul_do_not_hide_a_match(void **state)
{
    static const char text[] = "\xff\xfe\x00 out of memory \xc3";

    (void)state;
    for (size_t i = 0; i < N_OPTS; i++) {
        struct fixture f = {0};
        add(&f, "out of memory");
        build(&f, all_opts[i]);
        assert_string_equal(run(&f, span_of(text, sizeof(text) - 1)), "0:0 ");
        tear_down(&f);
    }
}

static void on_notice(void *ctx, const struct kb_entry *entry, const char *reason)
{
    struct fixture *f = ctx;

    f->notices += entry == entry_of(0) && reason != NULL;
}

static void a_pattern_that_hits_its_limits_is_counted_and_quarantined(void **state)
{
    char text[40 * 10 + 1];
    struct fixture f = {0};
    const struct match_stats *stats;

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        memset(text + i * 40, 'a', 39);
        text[i * 40 + 38] = i == 9 ? 'b' : '!';
        text[i * 40 + 39] = '\n';
    }
    add(&f, "^(a+)+$");
    add(&f, "aab$");
    build(&f, (struct match_opts){.match_limit = 2000});
    match_set_notice(f.scratch, on_notice, &f);
    assert_string_equal(run(&f, span_of(text, sizeof(text) - 1)), "9:1 ");
    stats = match_peek_stats(f.scratch);
    assert_int_equal(stats->limit_hits, 5);
    assert_int_equal(stats->quarantined, 1);
    assert_int_equal(stats->skipped, 5);
    assert_int_equal(f.notices, 1);
    tear_down(&f);
}

static void a_pattern_cannot_raise_its_own_limits(void **state)
{
    struct fixture f = {0};

    (void)state;
    add(&f, "(*LIMIT_MATCH=4000000000)^(a+)+$");
    build(&f, (struct match_opts){.match_limit = 2000});
    assert_string_equal(run(&f, span_str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")), "");
    assert_int_equal(match_peek_stats(f.scratch)->limit_hits, 1);
    tear_down(&f);
}

/* The second time, that is: codes are compiled at their first use. */
static void matching_allocates_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OPTS; i++) {
        struct fixture f = {0};
        struct record_batch batch;
        void *block;
        add(&f, "a literal of many bytes(?:x|yy)*$");
        add(&f, "[0-9]$");
        build(&f, all_opts[i]);
        lines_init(&batch, span_str("a literal of many bytesxyyx\n\n17\na literal of many bytes!"));
        assert_int_equal(match_run(f.scratch, &batch, on_match, &f), RC_OK);
        mem_fail_after(0);
        assert_int_equal(match_run(f.scratch, &batch, on_match, &f), RC_OK);
        block = mem_calloc(1, 1);
        mem_fail_after(-1);
        assert_null(block); /* the failure was still waiting */
        assert_string_equal(f.seen, "0:0 2:1 0:0 2:1 ");
        lines_fini(&batch);
        tear_down(&f);
    }
}

static void out_of_memory_while_building_leaves_nothing_behind(void **state)
{
    struct fixture f = {0};
    struct match_opts opts = {0};
    enum rc rc = RC_NOMEM;

    (void)state;
    add(&f, "first (?<n>\\d) literal");
    add(&f, "second|other literal");
    for (int64_t n = 0; rc == RC_NOMEM; n++) {
        assert_true(n < 1000);
        mem_fail_after(n);
        rc = match_set_build_from(f.sources, f.n, &opts, &f.set, NULL);
        if (rc == RC_OK) {
            rc = match_scratch_new(f.set, &f.scratch);
        }
        mem_fail_after(-1);
        if (rc == RC_NOMEM) {
            f.set = match_set_unref(f.set);
        }
    }
    assert_int_equal(rc, RC_OK);
    assert_string_equal(run(&f, span_str("first 1 literal")), "0:0 ");
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_matching_entry_is_told_most_specific_first),
        cmocka_unit_test(records_are_told_in_order_across_literal_lengths),
        cmocka_unit_test(no_match_reaches_over_a_record_end),
        cmocka_unit_test(empty_sets_and_empty_batches_are_fine),
        cmocka_unit_test(the_callers_error_ends_the_run),
        cmocka_unit_test(a_refused_regex_names_its_file_field_and_reason),
        cmocka_unit_test(captures_are_the_named_groups_that_took_part),
        cmocka_unit_test(invalid_utf8_and_nul_do_not_hide_a_match),
        cmocka_unit_test(a_pattern_that_hits_its_limits_is_counted_and_quarantined),
        cmocka_unit_test(a_pattern_cannot_raise_its_own_limits),
        cmocka_unit_test(matching_allocates_nothing),
        cmocka_unit_test(out_of_memory_while_building_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
