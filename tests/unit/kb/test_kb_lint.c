/* SPDX-License-Identifier: Apache-2.0 */
/* Each fault that an entry can have is told once, with field and reason; an entry without fault is
 * let alone. */
#include <stdio.h>
#include <stdlib.h>

#include "support/cmocka.h"
#include "support/kb_text.h"
#include "support/tmpdir.h"

#include "base/mem.h"
#include "kb/kb_lint.h"

static char dir[256];
static char told[8192];

static void on_fault(void *ctx, const struct err *err)
{
    char text[1500];
    const char *line = err_format(err, text, sizeof(text));
    size_t used = strlen(told);

    (void)ctx;
    if (strncmp(line, dir, strlen(dir)) == 0) {
        line += strlen(dir) + 1;
    }
    (void)snprintf(told + used, sizeof(told) - used, "%s%s", used > 0 ? "\n" : "", line);
}

static struct kb *build(void)
{
    const char *const paths[] = {dir};
    struct kb *kb = NULL;
    struct err err;

    told[0] = '\0';
    assert_int_equal(
        kb_build(&(struct kb_opts){.paths = paths, .n_paths = 1, .on_refused = on_fault}, &kb,
                 &err),
        RC_OK);
    assert_string_equal(told, "");
    return kb;
}

static const char *lint(void)
{
    struct kb *kb = build();

    assert_int_equal(kb_lint(kb, on_fault, NULL), RC_OK);
    kb_unref(kb);
    return told;
}

/* What is said of the entry with one piece of it replaced. */
static const char *fault_of(const char *find, const char *replace)
{
    kb_text_write(dir, "a/a", find, replace);
    return lint();
}

static int setup(void **state)
{
    (void)state;
    tmpdir_make(dir, sizeof(dir));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmpdir_remove(dir);
    return 0;
}

static void entry_without_fault_is_let_alone(void **state)
{
    (void)state;
    assert_string_equal(fault_of(NULL, NULL), "");
}

static void missing_fields_are_told(void **state)
{
    (void)state;
    assert_string_equal(fault_of("\"severity\": \"error\",", ""), "a/a.json: severity: is missing");
    assert_string_equal(fault_of("\"scope\": \"gpu\",", ""), "a/a.json: scope: is missing");
    assert_string_equal(fault_of("\"node_action\": \"none\",", ""),
                        "a/a.json: node_action: is missing");
    assert_string_equal(fault_of("\"job_action\": \"restart\",", ""),
                        "a/a.json: job_action: is missing");
    assert_string_equal(fault_of("\"role\": \"cause\",", ""), "a/a.json: role: is missing");
    assert_string_equal(fault_of("\"dead_ends_zh\": [\"摇晃无用。\"],", ""),
                        "a/a.json: dead_ends_zh: has 0 texts for 1");
    assert_string_equal(fault_of("\"captures\": {\"code\": {\"kind\": \"code\", \"what\": \"which "
                                 "one\"}},",
                                 ""),
                        "a/a.json: captures: says nothing of group code\n"
                        "a/a.json: workarounds.when: \"code\" is not a capture of this entry");
}

static void tier_above_generated_needs_a_source(void **state)
{
    const char *sources = "\"sources\": [{\"url\": \"brown/emmett lab.c:88\", \"supports\": "
                          "\"all\", \"checked\": \"2026-01-01\"}],";

    (void)state;
    assert_string_equal(fault_of(sources, ""),
                        "a/a.json: sources: tier source_confirmed needs a source");
    assert_string_equal(fault_of("source_confirmed", "ai_generated"), "");
}

static void words_outside_the_vocabulary_are_told(void **state)
{
    (void)state;
    assert_string_equal(fault_of("\"scope\": \"gpu\"", "\"scope\": \"moon\""),
                        "a/a.json: scope: \"moon\" is none of the words of the format");
    assert_string_equal(fault_of("\"node_action\": \"none\"", "\"node_action\": \"kick\""),
                        "a/a.json: node_action: \"kick\" is none of the words of the format");
    assert_string_equal(fault_of("\"job_action\": \"restart\"", "\"job_action\": \"pray\""),
                        "a/a.json: job_action: \"pray\" is none of the words of the format");
    assert_string_equal(fault_of("\"kind\": \"code\"", "\"kind\": \"mood\""),
                        "a/a.json: captures: \"mood\" is none of the words of the format");
}

static void place_and_id_agree(void **state)
{
    (void)state;
    assert_string_equal(fault_of("\"id\": \"a/a\"", "\"id\": \"a/b\""),
                        "a/a.json: id: is not the path of its file: a/b.json is wanted");
    assert_string_equal(fault_of("\"domain\": \"a\"", "\"domain\": \"b\""),
                        "a/a.json: domain: is not the first part of the id");
}

static void chinese_texts_are_chinese_and_as_many_as_the_english(void **state)
{
    (void)state;
    assert_string_equal(fault_of("磁通电容耗尽", "Flux：drained"),
                        "a/a.json: signature_zh: is not Chinese");
    assert_string_equal(fault_of("电荷已耗尽。", "No charge."),
                        "a/a.json: root_cause_zh: is not Chinese");
    assert_string_equal(fault_of("\"更换。\"", "\"Swap\""),
                        "a/a.json: workarounds_zh: [1] is not Chinese");
    assert_string_equal(fault_of(", \"更换。\"", ""),
                        "a/a.json: workarounds_zh: has 1 texts for 2");
    assert_string_equal(fault_of("\"摇晃无用。\"", "\"No use\""),
                        "a/a.json: dead_ends_zh: [0] is not Chinese");
    assert_string_equal(fault_of("[\"摇晃无用。\"]", "[\"摇晃无用。\", \"敲打无用。\"]"),
                        "a/a.json: dead_ends_zh: has 2 texts for 1");
}

static void advice_is_no_dead_end(void **state)
{
    (void)state;
    assert_string_equal(fault_of("\"Swap it\"", "\"Shake it\""),
                        "a/a.json: workarounds: [1] is a dead end, too");
    assert_string_equal(fault_of("\"Swap it\"", "\" shake IT. \""),
                        "a/a.json: workarounds: [1] is a dead end, too");
    assert_string_equal(fault_of("\"Swap it\"", "\"Shake it twice\""), "");
}

static void conditions_must_parse_and_name_captures(void **state)
{
    (void)state;
    assert_string_equal(fault_of("code > 4", "cod > 4"),
                        "a/a.json: workarounds.when: \"cod\" is not a capture of this entry");
    assert_string_equal(fault_of("code > 4", "code"),
                        "a/a.json: workarounds.when: < <= > >= == or != is missing at byte 4");
}

static void regex_shape_is_judged(void **state)
{
    (void)state;
    assert_string_equal(fault_of("flux capacitor (?<code>\\\\d+) drained",
                                 "r (?<code>\\\\d+) drained|flux capacitor \\\\d+ drained"),
                        "");
    assert_string_equal(fault_of("flux capacitor (?<code>\\\\d+) drained",
                                 "flux capacitor (?<code>\\\\d+) drained|flux \\\\S+ \\\\d+ drain"),
                        "a/a.json: regex: has a branch without 8 literal characters in a row");
    assert_string_equal(fault_of("flux capacitor (?<code>", "(?:.*)flux capacitor (?<code>"),
                        "a/a.json: regex: begins with an unbounded wildcard");
    assert_string_equal(fault_of("(?<code>\\\\d+) drained", "(?<code>(?:\\\\d+)+) drained"),
                        "a/a.json: regex: repeats a repeat without bound, as (a+)+ does");
    assert_string_equal(
        fault_of("flux capacitor (?<", "\\\\Qflux capacitor \\\\E(?<"),
        "a/a.json: regex: cannot be judged: (?x), \\Q and conditions are not read here");
}

static void samples_are_run(void **state)
{
    (void)state;
    assert_string_equal(fault_of("\"flux capacitor 1 drained\", ", ""),
                        "a/a.json: samples: fewer than 2");
    assert_string_equal(fault_of("\"flux capacitor 1 charged\", ", ""),
                        "a/a.json: counter_samples: fewer than 2");
    assert_string_equal(fault_of("22 drained", "22 full"),
                        "a/a.json: samples: does not match: E: flux capacitor 22 full");
    assert_string_equal(fault_of("1 charged", "1 drained"),
                        "a/a.json: counter_samples: matches: flux capacitor 1 drained");
    assert_string_equal(fault_of("22 drained", "22 drained\\nx"),
                        "a/a.json: samples: holds a line end; a record is one line: E: flux "
                        "capacitor 22 drained?x");
    assert_string_equal(fault_of("1 charged", "1 charged\\r"),
                        "a/a.json: counter_samples: holds a line end; a record is one line: flux "
                        "capacitor 1 charged?");
}

static void regex_that_backtracks_without_bound_is_told(void **state)
{
    (void)state;
    assert_string_equal(
        fault_of(
            "flux capacitor (?<code>\\\\d+) drained",
            "flux cap(?:acitor (?<code>\\\\d+) drained|(?:[0-9a-z ]{0,9}[0-9a-z ]{0,9}){1,40}!)"),
        "a/a.json: regex: backtracks without bound on: flux capacitor 1 charged\n"
        "a/a.json: regex: backtracks without bound on: flux capacitor drained");
}

static void retired_claims_point_at_a_field(void **state)
{
    (void)state;
    assert_string_equal(
        fault_of("\"retired_claims\": []",
                 "\"retired_claims\": [{\"claim\": \"c\", \"reason\": \"r\", \"field\": "
                 "\"/workarounds/1\"}, {\"claim\": \"c\", \"reason\": \"r\", \"field\": "
                 "\"/fix_success_rate\"}, {\"claim\": \"c\", \"reason\": \"r\"}]"),
        "");
    assert_string_equal(fault_of("\"retired_claims\": []",
                                 "\"retired_claims\": [{\"claim\": \"c\", \"reason\": \"r\", "
                                 "\"field\": \"/workarounds/2\"}]"),
                        "a/a.json: retired_claims: [0] is about /workarounds/2, which is not "
                        "there");
    assert_string_equal(fault_of("\"retired_claims\": []",
                                 "\"retired_claims\": [{\"claim\": \"c\", \"reason\": \"r\", "
                                 "\"field\": \"regexp\"}]"),
                        "a/a.json: retired_claims: [0] is about regexp, which is not there");
}

#define LEADS(list)    "\"leads_to\": [" list "]"
#define PRECEDED(list) "\"preceded_by\": [" list "]"
#define CONFUSED(list) "\"frequently_confused_with\": [" list "]"
#define LINK(id)       "{\"id\": \"" id "\", \"why\": \"w\"}"

static void links_are_told_that_lead_nowhere_or_lack_a_reason(void **state)
{
    (void)state;
    assert_string_equal(fault_of(LEADS(""), LEADS(LINK("x/y"))),
                        "a/a.json: transition_graph.leads_to: there is no entry x/y");
    assert_string_equal(fault_of(CONFUSED(""), CONFUSED(LINK("a/a"))),
                        "a/a.json: transition_graph.frequently_confused_with: links to itself");
    assert_string_equal(fault_of(PRECEDED(""), PRECEDED("\"x/y\"")),
                        "a/a.json: transition_graph.preceded_by: there is no entry x/y\n"
                        "a/a.json: transition_graph.preceded_by: the link to x/y does not say why");
}

static void links_lead_both_ways(void **state)
{
    (void)state;
    kb_text_write(dir, "b/b", NULL, NULL);
    assert_string_equal(fault_of(LEADS(""), LEADS(LINK("b/b"))),
                        "a/a.json: transition_graph.leads_to: b/b does not link back");
    kb_text_write(dir, "b/b", PRECEDED(""), PRECEDED(LINK("a/a")));
    assert_string_equal(lint(), "");
    assert_string_equal(fault_of(NULL, NULL),
                        "b/b.json: transition_graph.preceded_by: a/a does not link back");
    kb_text_write(dir, "b/b", CONFUSED(""), CONFUSED(LINK("a/a")));
    assert_string_equal(
        lint(), "b/b.json: transition_graph.frequently_confused_with: a/a does not link back");
    assert_string_equal(fault_of(CONFUSED(""), CONFUSED(LINK("b/b") ", " LINK("b/b"))),
                        "a/a.json: transition_graph.frequently_confused_with: b/b stands twice");
}

static void faults_come_in_order_of_ids(void **state)
{
    (void)state;
    kb_text_write(dir, "b/b", "\"scope\": \"gpu\",", "");
    kb_text_write(dir, "c/c", "\"role\": \"cause\",", "");
    assert_string_equal(fault_of("\"severity\": \"error\",", ""), "a/a.json: severity: is missing\n"
                                                                  "b/b.json: scope: is missing\n"
                                                                  "c/c.json: role: is missing");
}

static void test_runs_the_samples_and_nothing_else(void **state)
{
    struct kb *kb;

    (void)state;
    kb_text_write(dir, "a/a", "\"scope\": \"gpu\",", "");
    kb_text_write(dir, "b/b", "1 charged", "1 drained");
    kb = build();
    assert_int_equal(kb_test(kb, on_fault, NULL), RC_OK);
    assert_string_equal(told, "b/b.json: counter_samples: matches: flux capacitor 1 drained");
    kb_unref(kb);
}

static void memory_that_is_out_is_no_fault_of_the_entry(void **state)
{
    struct kb *kb;
    enum rc rc;
    int n = 0;

    (void)state;
    kb_text_write(dir, "a/a", "\"retired_claims\": []",
                  "\"retired_claims\": [{\"claim\": \"c\", \"reason\": \"r\"}]");
    kb = build();
    do {
        mem_fail_after(n++);
        rc = kb_lint(kb, on_fault, NULL);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
    } while (rc == RC_NOMEM);
    mem_fail_after(-1);
    assert_true(n > 3);
    assert_string_equal(told, "");
    kb_unref(kb);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(entry_without_fault_is_let_alone),
        CASE(missing_fields_are_told),
        CASE(tier_above_generated_needs_a_source),
        CASE(words_outside_the_vocabulary_are_told),
        CASE(place_and_id_agree),
        CASE(chinese_texts_are_chinese_and_as_many_as_the_english),
        CASE(advice_is_no_dead_end),
        CASE(conditions_must_parse_and_name_captures),
        CASE(regex_shape_is_judged),
        CASE(samples_are_run),
        CASE(regex_that_backtracks_without_bound_is_told),
        CASE(retired_claims_point_at_a_field),
        CASE(links_are_told_that_lead_nowhere_or_lack_a_reason),
        CASE(links_lead_both_ways),
        CASE(faults_come_in_order_of_ids),
        CASE(test_runs_the_samples_and_nothing_else),
        CASE(memory_that_is_out_is_no_fault_of_the_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
