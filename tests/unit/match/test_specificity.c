/* SPDX-License-Identifier: Apache-2.0 */
/* The number of literal characters of a regex, and the order that it makes. */
#include "match/specificity.h"
#include "support/cmocka.h"

struct count_case {
    const char *regex;
    unsigned literals;
};

static void assert_counts(const struct count_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned got = specificity_literals(span_str(cases[i].regex));
        if (got != cases[i].literals) {
            fail_msg("%s: %u literals, not %u", cases[i].regex, got, cases[i].literals);
        }
    }
}

static void plain_characters_count_one_each(void **state)
{
    static const struct count_case cases[] = {
        {"abc", 3},
        {"a\\.b", 3},
        {"\\x41\\t", 2},
        {"\\x{1F600}", 1},
        {"gr\xc3\xbc\xc3\x9f", 4},
        {"[.]x", 2},
        {"\\Qa.b\\E", 3},
        {"(?i)abc", 3},
        {"a(?#note)b", 2},
        {"{x}", 3},
    };

    (void)state;
    assert_counts(cases, sizeof(cases) / sizeof(cases[0]));
}

static void choices_of_character_count_nothing(void **state)
{
    static const struct count_case cases[] = {
        {".", 0},        {"[ab]", 0},         {"[^a]", 0},       {"\\d\\w\\R\\X", 0},
        {"\\p{Lu}x", 1}, {"^a$", 1},          {"\\bab\\b", 2},   {"(?=abc)d", 1},
        {"(a)\\1", 1},   {"(a)(?1)", 1},      {"a(?<!bc)", 1},   {"(?(?=a)b|c)d", 1},
        {"[]a]b", 1},    {"[[:alpha:]]b", 1}, {"\\N{U+41}b", 1},
    };

    (void)state;
    assert_counts(cases, sizeof(cases) / sizeof(cases[0]));
}

static void the_least_possible_match_counts(void **state)
{
    static const struct count_case cases[] = {
        {"abc|de", 2},
        {"(?:abc|de)f", 3},
        {"a?bc", 2},
        {"(?:abc)*d", 1},
        {"(?:abc)+d", 4},
        {"a{3}", 3},
        {"(?:ab){2,5}", 4},
        {"a{0,3}", 0},
        {"abc|", 0},
        {"ab\\Qcd\\E*", 3},
        {"ab\\E+", 2},
        {"a(?#x)*b", 1},
        {"(?x) a b # c\n d", 3},
        {"(?x)a *b", 1},
        {"(?x: a )b c", 4},
        {"NVRM: Xid \\((?:PCI:)?[0-9a-f:.]+\\): 79\\b", 16},
    };

    (void)state;
    assert_counts(cases, sizeof(cases) / sizeof(cases[0]));
}

static void syntax_that_is_not_read_counts_nothing(void **state)
{
    static const struct count_case cases[] = {
        {"(*ACCEPT)abc", 0},    {"ab(*FAIL)", 0},   {"a(?C1)b", 0}, {"a{,3}b", 0},
        {"a{ 1 }b", 0},         {"[a\\Q]\\E]b", 0}, {"a\xff", 0},   {"", 0},
        {"(?x)a\xc2\x85*b", 0}, {"(ab", 0},         {"ab)", 0},     {"*a", 0},
        {"[[:<:]]a", 0},        {"\\", 0},          {"a[", 0},
    };

    (void)state;
    assert_counts(cases, sizeof(cases) / sizeof(cases[0]));
}

static void very_deep_and_very_long_patterns_end(void **state)
{
    char deep[4001];

    (void)state;
    memset(deep, '(', 2000);
    memset(deep + 2000, ')', 2000);
    deep[4000] = '\0';
    assert_int_equal(specificity_literals(span_str(deep)), 0);
    assert_int_equal(specificity_literals(span_str("(?:(?:(?:a{65535}){65535}){65535})b")),
                     1000000);
}

static void order_is_role_literals_tier_id(void **state)
{
    static const struct specificity order[] = {
        {KB_ROLE_CAUSE, 30, KB_TIER_AI_GENERATED, SPAN_LIT("z")},
        {KB_ROLE_EITHER, 20, KB_TIER_VENDOR_DOCUMENTED, SPAN_LIT("b")},
        {KB_ROLE_SYMPTOM, 20, KB_TIER_COMMUNITY_REPORTED, SPAN_LIT("a")},
        {KB_ROLE_SYMPTOM, 20, KB_TIER_COMMUNITY_REPORTED, SPAN_LIT("ab")},
        {KB_ROLE_WRAPPER, 99, KB_TIER_VENDOR_DOCUMENTED, SPAN_LIT("a")},
    };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            int c = specificity_cmp(&order[i], &order[k]);
            assert_true(i < k ? c < 0 : i > k ? c > 0 : c == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_characters_count_one_each),
        cmocka_unit_test(choices_of_character_count_nothing),
        cmocka_unit_test(the_least_possible_match_counts),
        cmocka_unit_test(syntax_that_is_not_read_counts_nothing),
        cmocka_unit_test(very_deep_and_very_long_patterns_end),
        cmocka_unit_test(order_is_role_literals_tier_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
