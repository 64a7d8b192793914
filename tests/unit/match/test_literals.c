/* SPDX-License-Identifier: Apache-2.0 */
/* Which literals are found in a regex, and that each of them is really needed. */
#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "match/literals_internal.h"
#include "support/cmocka.h"

struct literals_case {
    const char *regex;
    const char *cheapest; /* "literal|literal", caseless letters in upper case; "" for none */
};

static void format_cover(const struct literal_analysis *analysis, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; analysis->n_covers > 0 && i < analysis->covers[0].n; i++) {
        const struct literal *literal = &analysis->covers[0].literals[i];
        len += (size_t)snprintf(out + len, size - len, "%s%.*s", i > 0 ? "|" : "",
                                (int)literal->len, (const char *)literal->value);
    }
}

static void assert_cheapest(const struct literals_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct regex_tree tree;
        struct literal_analysis analysis = {0};
        char got[1024] = "";
        if (regex_tree_parse(&tree, span_str(cases[i].regex)) == RC_OK) {
            assert_int_equal(literals_analyse(&analysis, &tree), RC_OK);
            regex_tree_fini(&tree);
            format_cover(&analysis, got, sizeof(got));
            literals_fini(&analysis);
        }
        if (strcmp(got, cases[i].cheapest) != 0) {
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].regex, got, cases[i].cheapest);
        }
    }
}

static void runs_of_characters_are_joined(void **state)
{
    static const struct literals_case cases[] = {
        {"out of memory", "out of memory"},
        {"\\bout\\b of (?=mem)memory$", "out of memory"},
        {"out(?# of)( of) memory", "out of memory"},
        {"Xid \\((?:PCI:)?[0-9a-f:.]+\\): 79\\b", "Xid ("},
        {"errors? found in a shard", "error found in a shard|errors found in a shard"},
        {"[Ee]rror of the plugin", "Error of the plugin|error of the plugin"},
        {"a long enough literal.{0,20}tail", "a long enough literal"},
        {"(?:GIN )?: ?Got completion", ":Got completion|: Got completion"},
        {"\\Qa.b(c)*[d]ef\\E", "a.b(c)*[d]ef"},
        {"\\x41BCDEFGHIJK\\.\\t", "ABCDEFGHIJK.\t"},
    };

    (void)state;
    assert_cheapest(cases, sizeof(cases) / sizeof(cases[0]));
}

static void what_is_not_certain_gives_nothing(void **state)
{
    static const struct literals_case cases[] = {
        {"(?:optional literal)?", ""},     {"(?:optional literal)*", ""},
        {"(?:optional literal){0,3}", ""}, {"this literal|.*", ""},
        {"one literal here|", ""},         {"(?!negative literal)", ""},
        {"(?<=behind this text)", ""},     {"\\d+[a-z]\\w*", ""},
        {"(*ACCEPT)literal text", ""},     {"literal(?C1) text", ""},
        {"(?(1)conditional|text)", ""},    {"(?i)\xc3\xa9", ""},
    };

    (void)state;
    assert_cheapest(cases, sizeof(cases) / sizeof(cases[0]));
}

static void every_branch_gives_its_literal(void **state)
{
    static const struct literals_case cases[] = {
        {"first of them|second of them", "first of them|second of them"},
        {"(?:long branch \\d+|other branch \\w+) x", "long branch |other branch "},
        {"(?:abcdefghijk|lmnopqrstuv){2,9}", "abcdefghijk|lmnopqrstuv"},
        {"(a(?i)bcdefghij)NOPQ", "aBCDEFGHIJNOPQ"},
    };

    (void)state;
    assert_cheapest(cases, sizeof(cases) / sizeof(cases[0]));
}

static bool pcre2_matches(const char *regex, const char *text, size_t len)
{
    int error;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &offset, NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    bool matches = pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, data, NULL) >= 0;

    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return matches;
}

static size_t encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 63));
        return 2;
    }
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 63));
    out[2] = (char)(0x80 | (code & 63));
    return 3;
}

/* If PCRE2's Unicode tables ever learn of another relative of an ASCII letter, this fails. */
static void only_the_kelvin_sign_and_the_long_s_fold_to_ascii(void **state)
{
    (void)state;
    for (uint32_t code = 0x80; code < 0xD800; code++) {
        char text[4];
        size_t len = encode(code, text);
        bool matches = pcre2_matches("(?i)[a-z]", text, len);
        assert_int_equal(matches, code == 0x212A || code == 0x17F);
    }
}

static void caseless_k_and_s_have_odd_relatives(void **state)
{
    static const struct literals_case cases[] = {
        {"(?i)kernel panic!", "KERNEL PANIC!|\xe2\x84\xaa"
                              "ERNEL PANIC!"},
        {"(?i)xs", "XS|X\xc5\xbf"},
    };

    (void)state;
    assert_cheapest(cases, sizeof(cases) / sizeof(cases[0]));
    assert_true(pcre2_matches("(?i)k", "\xe2\x84\xaa", 3));
    assert_true(pcre2_matches("(?i)s", "\xc5\xbf", 2));
}

static void out_of_memory_is_told(void **state)
{
    struct regex_tree tree;
    struct literal_analysis analysis;

    (void)state;
    assert_int_equal(regex_tree_parse(&tree, span_str("(?:one|two) of (?:these|those) x+")), RC_OK);
    mem_fail_after(0);
    assert_int_equal(literals_analyse(&analysis, &tree), RC_NOMEM);
    mem_fail_after(-1);
    regex_tree_fini(&tree);
    mem_fail_after(0);
    assert_int_equal(regex_tree_parse(&tree, span_str("text")), RC_NOMEM);
    mem_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_of_characters_are_joined),
        cmocka_unit_test(what_is_not_certain_gives_nothing),
        cmocka_unit_test(every_branch_gives_its_literal),
        cmocka_unit_test(only_the_kelvin_sign_and_the_long_s_fold_to_ascii),
        cmocka_unit_test(caseless_k_and_s_have_odd_relatives),
        cmocka_unit_test(out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
