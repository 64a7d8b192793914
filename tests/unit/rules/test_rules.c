/* SPDX-License-Identifier: Apache-2.0 */
/* Entry, category, default: in this order; a pack with a mistake is refused where it stands. */
#include "rules/rules.h"

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

static void a_mistake_is_refused_with_its_place(void **state)
{
    static const char text[] = "version: 1\nseverity_by_category:\n  data_error: bad\n";
    struct rules *rules = NULL;
    char dir[256];
    char path[300];
    struct err err;

    (void)state;
    tmpdir_make(dir, sizeof(dir));
    tmpdir_write(dir, "r.yaml", text, sizeof(text) - 1);
    (void)snprintf(path, sizeof(path), "%s/r.yaml", dir);
    assert_int_equal(rules_load_file(path, &rules, &err), RC_INVALID);
    assert_null(rules);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 15);
    assert_string_equal(err.file, path);
    tmpdir_remove(dir);
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
        cmocka_unit_test(a_mistake_is_refused_with_its_place),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
