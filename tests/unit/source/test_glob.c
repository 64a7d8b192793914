/* SPDX-License-Identifier: Apache-2.0 */
/* Path patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "source/glob.h"

static void patterns_match_as_in_a_shell(void **state)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool match;
    } cases[] = {
        {"a.log", "a.log", true},
        {"a.log", "b.log", false},
        {"*.log", "a.log", true},
        {"*.log", "dir/a.log", false},
        {"*.log", ".a.log", false},
        {"/var/*/a?.log", "/var/x/a1.log", true},
        {"/var/*/a?.log", "/var/x/y/a1.log", false},
        {"var/*.log", "/var/a.log", false},
        {"**/a.log", "a.log", true},
        {"**/a.log", "x/y/a.log", true},
        {"**/a.log", "x/.hidden/a.log", false},
        {"logs/**", "logs/x/y", true},
        {"logs/**/err*", "logs/err.txt", true},
        {"logs/**/3/**/err*", "logs/a/3/b/c/err.txt", true},
        {"logs/**/3/**/err*", "logs/a/b/c/err.txt", false},
        {"rank_[0-3].log", "rank_2.log", true},
        {"rank_[0-3].log", "rank_4.log", false},
        {"/x//y.log", "/x/y.log", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (glob_match(cases[i].pattern, cases[i].path) != cases[i].match) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].path);
        }
    }
}

static void directories_on_the_way_are_told_from_others(void **state)
{
    (void)state;
    assert_true(glob_match_below("/var/*/x/*.log", "/var"));
    assert_true(glob_match_below("/var/*/x/*.log", "/var/a"));
    assert_true(glob_match_below("/var/*/x/*.log", "/var/a/x"));
    assert_false(glob_match_below("/var/*/x/*.log", "/var/a/y"));
    assert_false(glob_match_below("/var/*.log", "/var/a.log"));
    assert_true(glob_match_below("/var/**/a", "/var/q/r/s"));
    assert_false(glob_match_below("/var/**/a", "/var/.git"));
}

static void excludes_are_names_or_paths(void **state)
{
    (void)state;
    assert_true(glob_excludes("*.gz", "/x/y/a.gz"));
    assert_true(glob_excludes("*.gz", "a.gz"));
    assert_false(glob_excludes("*.gz", "/x/a.gz/b"));
    assert_true(glob_excludes("/x/**/old/*", "/x/y/old/a"));
    assert_false(glob_excludes("/x/*", "/y/a"));
}

static void base_is_the_plain_directory(void **state)
{
    (void)state;
    assert_int_equal(glob_base_len("/var/log/*.log"), strlen("/var/log"));
    assert_int_equal(glob_base_len("/*.log"), 1);
    assert_int_equal(glob_base_len("*.log"), 0);
    assert_int_equal(glob_base_len("a/b*c/d"), 1);
    assert_true(glob_is_pattern("a[0]"));
    assert_false(glob_is_pattern("a.log"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_as_in_a_shell),
        cmocka_unit_test(directories_on_the_way_are_told_from_others),
        cmocka_unit_test(excludes_are_names_or_paths),
        cmocka_unit_test(base_is_the_plain_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
