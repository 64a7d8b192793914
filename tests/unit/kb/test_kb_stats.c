/* SPDX-License-Identifier: Apache-2.0 */
/* Counting entries by domain, tier and severity. */
#include <stdio.h>

#include "support/cmocka.h"
#include "support/kb_text.h"
#include "support/tmpdir.h"

#include "kb/kb_stats.h"

static char dir[256];
static struct kb_stats stats;

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

static void check_domain(size_t i, const char *name, size_t n)
{
    assert_int_equal(stats.domains[i].n, n);
    assert_true(span_eq_str(stats.domains[i].name, name));
}

static struct kb *read_stats(void)
{
    const char *const paths[] = {dir};
    struct kb *kb;
    struct err err;

    assert_int_equal(kb_build(&(struct kb_opts){.paths = paths, .n_paths = 1}, &kb, &err), RC_OK);
    kb_stats_read(kb, &stats);
    return kb;
}

static void entries_are_counted_by_domain_tier_and_severity(void **state)
{
    struct kb *kb;

    (void)state;
    kb_text_write(dir, "a/one", "source_confirmed", "ai_generated");
    kb_text_write(dir, "a/two", "\"severity\": \"error\"", "\"severity\": \"critical\"");
    kb_text_write(dir, "a-b/one", "\"severity\": \"error\",", "");
    kb_text_write(dir, "c/one", NULL, NULL);
    kb = read_stats();
    assert_int_equal(stats.n_entries, 4);
    assert_int_equal(stats.n_domains, 3);
    check_domain(0, "a-b", 1);
    check_domain(1, "a", 2);
    check_domain(2, "c", 1);
    assert_int_equal(stats.by_tier[KB_TIER_SOURCE_CONFIRMED], 3);
    assert_int_equal(stats.by_tier[KB_TIER_AI_GENERATED], 1);
    assert_int_equal(stats.by_tier[KB_TIER_VENDOR_DOCUMENTED], 0);
    assert_int_equal(stats.by_severity[SEVERITY_ERROR], 2);
    assert_int_equal(stats.by_severity[SEVERITY_CRITICAL], 1);
    assert_int_equal(stats.n_without_severity, 1);
    assert_int_equal(stats.n_other, 0);
    kb_unref(kb);
}

static void empty_kb_has_no_domains(void **state)
{
    (void)state;
    kb_unref(read_stats());
    assert_int_equal(stats.n_entries, 0);
    assert_int_equal(stats.n_domains, 0);
}

static void domains_beyond_the_limit_are_counted_together(void **state)
{
    struct kb *kb;

    (void)state;
    for (unsigned i = 0; i < KB_STATS_DOMAINS_MAX + 3; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "d%03u/x", i);
        kb_text_write(dir, id, NULL, NULL);
    }
    kb = read_stats();
    assert_int_equal(stats.n_domains, KB_STATS_DOMAINS_MAX);
    assert_int_equal(stats.n_other, 3);
    assert_int_equal(stats.n_entries, KB_STATS_DOMAINS_MAX + 3);
    check_domain(255, "d255", 1);
    kb_unref(kb);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(entries_are_counted_by_domain_tier_and_severity),
        CASE(empty_kb_has_no_domains),
        CASE(domains_beyond_the_limit_are_counted_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
