/* SPDX-License-Identifier: Apache-2.0 */
/* Entry, category, default: in this order; a pack with a mistake is refused where it stands. */
#include "rules/rules_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "kb/kb.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

static void severity_is_the_entrys_then_the_categorys_then_the_default(void **state)
{
    struct kb_entry entry = {.category = SPAN_LIT("hardware_error")};
    struct rules *rules = NULL;
    struct err err;

    (void)state;
    assert_int_equal(rules_load_builtin(&rules, &err), RC_OK);
    assert_int_equal(rules_severity(rules, &entry), SEVERITY_CRITICAL);
    entry.has_severity = true;
    entry.severity = SEVERITY_INFO;
    assert_int_equal(rules_severity(rules, &entry), SEVERITY_INFO);
    entry = (struct kb_entry){.category = SPAN_LIT("no_such")};
    assert_int_equal(rules_severity(rules, &entry), SEVERITY_ERROR);
    assert_false(rules_knows_category(rules, entry.category));
    assert_true(rules_knows_category(rules, span_str("preemption")));
    rules_free(rules);
}

/* Loads text as the user's pack. */
static enum rc load_text(const char *text, struct rules **ret_rules, struct err *err)
{
    char dir[256];
    char path[300];
    enum rc rc;

    err_clear(err);
    tmpdir_make(dir, sizeof(dir));
    tmpdir_write(dir, "r.yaml", text, strlen(text));
    (void)snprintf(path, sizeof(path), "%s/r.yaml", dir);
    rc = rules_load_file(path, ret_rules, err);
    assert_true(rc == RC_OK || strcmp(err->file, path) == 0);
    tmpdir_remove(dir);
    return rc;
}

static void mistakes_are_refused_where_they_stand(void **state)
{
    static const struct {
        const char *text;
        unsigned line, column;
        const char *message, *hint;
    } cases[] = {
        {"version: 1\nseverity_by_category:\n  data_error: bad\n", 3, 15, "is not one of", ""},
        {"version: 2\n", 1, 10, "version: 1", ""},
        {"rules: []\n", 1, 1, "version: 1", ""},
        {"- a\n", 1, 1, "mapping", ""},
        {"version: 1\nrule: []\n", 2, 1, "unknown key", "rules"},
        {"version: 1\nrules: {a: b}\n", 2, 8, "must be a list", ""},
        {"version: 1\nrules:\n  - {match: {id: x}, set: {mute: true}}\n", 3, 5, "needs name", ""},
        {"version: 1\nrules:\n  - {name: a, match: {}, set: {}}\n", 3, 22, "everything", ""},
        {"version: 1\nrules:\n  - {name: a, match: {id: [x, [y]]}, set: {}}\n", 3, 31, "word", ""},
        {"version: 1\nrules:\n  - {name: a, match: {id: x}, set: {severity: eror}}\n", 3, 47,
         "is not one of", "error"},
        {"version: 1\nrules:\n  - {name: a, match: {id: x}, set: {node_action: reset}}\n", 3, 50,
         "is not one of", ""},
        {"version: 1\nrules:\n  - {name: a, match: {id: x}, when: {count: 2}, set: {}}\n", 3, 37,
         "needs count and within", ""},
        {"version: 1\nrules:\n  - {name: a, match: {id: x}, when: {count: 1, within: 5m}, set: "
         "{}}\n",
         3, 45, "from 2", ""},
        {"version: 1\nrules:\n  - {name: a, match: {id: x}, when: {count: 2, within: 5}, set: "
         "{}}\n",
         3, 56, "time", ""},
        {"version: 1\nincidents: {windw: 5m}\n", 2, 13, "unknown key", "window"},
        {"version: 1\nrepeat: {window: fast}\n", 2, 18, "time", ""},
        {"version: 1\nsignals:\n  - {name: a, means: progress}\n", 3, 5, "needs regex", ""},
        {"version: 1\nsignals:\n  - {name: a, regex: x, means: progres}\n", 3, 32, "is not one of",
         "progress"},
        {"version: 1\njoin:\n  - {name: a, cause: {source: kmsg}, effect: {id: x}, why: y}\n", 3,
         23, "unknown key", ""},
        {"version: 1\nversion: 1\n", 2, 1, "", ""},
        {"version: 1\nrules: &a []\n", 2, 8, "", ""},
        {"version: 1\nextends: all\n", 2, 10, "builtin or none", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rules *rules = NULL;
        struct err err;
        assert_int_equal(load_text(cases[i].text, &rules, &err), RC_INVALID);
        assert_null(rules);
        if (err.line != cases[i].line || err.column != cases[i].column ||
            strstr(err.message, cases[i].message) == NULL ||
            strstr(err.hint, cases[i].hint) == NULL) {
            fail_msg("%s: %u:%u %s (%s)\n", cases[i].text, err.line, err.column, err.message,
                     err.hint);
        }
    }
}

/* A diagnosis as rules see it. */
struct seen {
    struct record record;
    struct origin origin;
    struct diagnosis diagnosis;
    struct event event;
    struct rules_subject subject;
};

static void see(struct seen *seen, const struct kb_entry *entry)
{
    *seen = (struct seen){.record = {.text = SPAN_LIT("x"), .rank = RANK_NONE},
                          .origin = {.type = SOURCE_KMSG, .rank = RANK_NONE}};
    seen->diagnosis = (struct diagnosis){.record = &seen->record, .entry = entry, .rank = 3};
    seen->event = (struct event){.severity = SEVERITY_ERROR,
                                 .host = SPAN_LIT("node1"),
                                 .origin = &seen->origin,
                                 .diagnosis = &seen->diagnosis};
    seen->subject = (struct rules_subject){.event = &seen->event};
}

static void later_rules_lie_over_earlier_ones(void **state)
{
    static const char text[] =
        "version: 1\nextends: none\nrules:\n"
        "  - {name: all, match: {domain: xid}, set: {severity: info, node_action: drain_node, "
        "note: first}}\n"
        "  - {name: one, match: {id: \"xid/7*\", source: kmsg, captures: {rank: 3}}, set: "
        "{severity: critical}}\n"
        "  - {name: other, match: {id: xid/79, source: file}, set: {mute: true}}\n";
    struct kb_entry entry = {.id = SPAN_LIT("xid/79"), .domain = SPAN_LIT("xid")};
    struct rules_effect effect;
    struct rules *rules = NULL;
    struct seen seen;
    struct err err;

    (void)state;
    assert_int_equal(load_text(text, &rules, &err), RC_OK);
    see(&seen, &entry);
    rules_apply(rules, &seen.subject, NULL, NULL, &effect);
    assert_int_equal(effect.severity, SEVERITY_CRITICAL);
    assert_true(span_eq_str(effect.node_action, "drain_node"));
    assert_true(span_eq_str(effect.note, "first"));
    assert_false(effect.mute);
    assert_int_equal(effect.n_applied, 2);
    assert_true(span_eq_str(effect.applied[1], "one"));
    rules_free(rules);
}

static void a_pack_of_the_users_replaces_by_name_and_keeps_the_rest(void **state)
{
    static const char text[] =
        "version: 1\nrepeat: {window: 1h}\nseverity_by_category: {data_error: info, own: "
        "warning}\nrules:\n"
        "  - {name: xid-45-is-never-the-root, match: {id: nothing}, set: {}}\n";
    struct kb_entry xid45 = {.id = SPAN_LIT("xid/45"), .domain = SPAN_LIT("xid")};
    struct kb_entry data = {.category = SPAN_LIT("data_error")};
    struct kb_entry own = {.category = SPAN_LIT("own")};
    struct kb_entry hardware = {.category = SPAN_LIT("hardware_error")};
    struct rules_effect effect;
    struct rules *rules = NULL;
    struct seen seen;
    struct err err;

    (void)state;
    assert_int_equal(load_text(text, &rules, &err), RC_OK);
    see(&seen, &xid45);
    rules_apply(rules, &seen.subject, NULL, NULL, &effect);
    assert_false(effect.never_root);
    assert_int_equal(rules_timing(rules)->repeat_ns, INT64_C(3600000000000));
    assert_true(rules_timing(rules)->window_ns > 0);
    assert_int_equal(rules_severity(rules, &data), SEVERITY_INFO);
    assert_int_equal(rules_severity(rules, &own), SEVERITY_WARNING);
    assert_int_equal(rules_severity(rules, &hardware), SEVERITY_CRITICAL);
    assert_true(rules_signal_count(rules) > 0);
    rules_free(rules);
    assert_int_equal(load_text("version: 1\nextends: none\n", &rules, &err), RC_OK);
    assert_int_equal(rules_signal_count(rules), 0);
    assert_int_equal(rules_severity(rules, &hardware), SEVERITY_ERROR);
    rules_free(rules);
}

static void a_star_stands_for_anything(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"xid/79", "xid/79", true}, {"xid/7*", "xid/79", true},
        {"xid/*", "xid/", true},    {"*", "", true},
        {"*9", "xid/79", true},     {"x*/*9", "xid/79", true},
        {"xid/7", "xid/79", false}, {"xid/79*0", "xid/79", false},
        {"*aab", "aaaab", true},    {"", "x", false},
        {"a*b*c", "abbc", true},    {"a*b*c", "acb", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(rules_glob(span_str(cases[i].pattern), span_str(cases[i].text)),
                         cases[i].matches);
    }
}

static void every_allocation_may_fail(void **state)
{
    struct rules *rules = NULL;
    enum rc rc = RC_NOMEM;
    struct err err;

    (void)state;
    for (int64_t n = 0; rc == RC_NOMEM && n < 10000; n++) {
        mem_fail_after(n);
        rc = rules_load_builtin(&rules, &err);
        mem_fail_after(-1);
    }
    assert_int_equal(rc, RC_OK);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(severity_is_the_entrys_then_the_categorys_then_the_default),
        cmocka_unit_test(mistakes_are_refused_where_they_stand),
        cmocka_unit_test(later_rules_lie_over_earlier_ones),
        cmocka_unit_test(a_pack_of_the_users_replaces_by_name_and_keeps_the_rest),
        cmocka_unit_test(a_star_stands_for_anything),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
