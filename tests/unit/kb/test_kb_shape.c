/* SPDX-License-Identifier: Apache-2.0 */
/* What lint sees of a regex, path by path. */
#include "support/cmocka.h"

#include "kb/kb_shape_internal.h"

static bool literal(const char *regex)
{
    struct kb_shape shape = kb_shape_of(span_str(regex));

    assert_true(shape.readable);
    return shape.has_literal;
}

static void run_of_eight_is_a_literal_and_seven_is_none(void **state)
{
    (void)state;
    assert_true(literal("abcdefgh"));
    assert_false(literal("abcdefg"));
    assert_true(literal("a\\.c\\(e\\[g\\)"));
    assert_true(literal("\\x41\\x{42}cdefgh"));
    assert_false(literal(""));
}

static void choice_of_characters_ends_a_run(void **state)
{
    (void)state;
    assert_false(literal("abcd\\defgh"));
    assert_false(literal("abcd\\s+efgh"));
    assert_false(literal("abcd.efgh"));
    assert_false(literal("abcd[xyz]efgh"));
    assert_false(literal("abcd[^x]efgh"));
    assert_false(literal("abcd\\p{Lu}efgh"));
    assert_false(literal("(a)bcd\\1efgh"));
    assert_true(literal("abcd\\defghijkl"));
}

static void class_of_one_and_zero_width_items_do_not(void **state)
{
    (void)state;
    assert_true(literal("abcd[.]fgh"));
    assert_true(literal("abcd[\\]]fgh"));
    assert_true(literal("[Aa]bcdefgh"));
    assert_true(literal("abcd\\b(?=x{9})(?<!y)efgh"));
    assert_true(literal("^abcd(?#a note)efgh$"));
    assert_true(literal("(?i)abcd(?i:efgh)"));
    assert_true(literal("abc(?<name>defg)h"));
}

static void every_branch_needs_its_literal(void **state)
{
    (void)state;
    assert_true(literal("abcdefgh|ijklmnop"));
    assert_false(literal("abcdefgh|ijklmno"));
    assert_true(literal("CUDA (?:error|x) at"));
    assert_true(literal("abcd(?:efgh|xyzw\\d)"));
    assert_false(literal("abcd(?:efgh|\\dxyzw)"));
    /* The run is on one side in one branch, on the other in the other. */
    assert_true(literal("yyyy(?:xxxx\\d|\\dxxxx)yyyy"));
    assert_false(literal("yyyy(?:xxx\\d|\\dxxxx)yyyy"));
}

static void optional_and_repeated_parts_count_on_the_shortest_path(void **state)
{
    (void)state;
    assert_false(literal("abcdefgh?"));
    assert_true(literal("abcdefghi?"));
    assert_false(literal("abcd(?:efgh)*"));
    assert_true(literal("abcd(?:efgh)+"));
    assert_true(literal("a{8}"));
    assert_false(literal("a{7}"));
    assert_true(literal("a{8,}"));
    assert_false(literal("a{0,9}"));
    assert_true(literal("(?:ab){4}"));
    assert_false(literal("(?:a\\d){9}"));
    assert_true(literal("ab{cdefg"));
}

static bool nested(const char *regex)
{
    struct kb_shape shape = kb_shape_of(span_str(regex));

    assert_true(shape.readable);
    return shape.nested_repeat;
}

static void nested_repeats_are_seen_where_rounds_can_be_cut_in_several_ways(void **state)
{
    (void)state;
    assert_true(nested("(a+)+"));
    assert_true(nested("(?:a|b*)*"));
    assert_true(nested("(?:\\w+\\s?)+"));
    assert_true(nested("(?:,\\S+)+"));
    assert_true(nested("(?:(?:,?\\d+)x)+"));
    assert_true(nested("(?:a{2,}){3,}"));
    assert_true(nested("(?=(?:a+)+)b"));
    assert_false(nested("a+b+"));
    assert_false(nested("(?:a+){1,9}"));
    assert_false(nested("(?:, \\d+)*"));
    assert_false(nested("(?:\\.[a-z0-9]+)+"));
    assert_false(nested("(?:a++)+"));
    assert_false(nested("(?>a+)+"));
}

static bool leading(const char *regex)
{
    struct kb_shape shape = kb_shape_of(span_str(regex));

    assert_true(shape.readable);
    return shape.leading_wildcard;
}

static void leading_wildcard_is_seen_in_groups_and_branches(void **state)
{
    (void)state;
    assert_true(leading(".*abc"));
    assert_true(leading("^.+abc"));
    assert_true(leading("(?<x>.*)abc"));
    assert_true(leading("abc|.{3,}def"));
    assert_false(leading("abc.*"));
    assert_false(leading("abc(?:.*|d)"));
    assert_false(leading(".abc"));
    assert_false(leading(".{1,9}abc"));
    assert_false(leading("\\.*abc"));
}

static void syntax_that_is_not_read_is_told(void **state)
{
    static const char *const patterns[] = {"(?x)a b", "\\Qa+b\\E", "(?(1)a|b)", "(*ACCEPT)",
                                           "(a",      "a)",        "[a",        "a\\"};
    char deep[251];

    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        assert_false(kb_shape_of(span_str(patterns[i])).readable);
    }
    memset(deep, '(', 125);
    memset(deep + 125, ')', 125);
    assert_false(kb_shape_of(span_of(deep, 250)).readable);
    assert_true(kb_shape_of(span_of(deep + 100, 50)).readable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_of_eight_is_a_literal_and_seven_is_none),
        cmocka_unit_test(choice_of_characters_ends_a_run),
        cmocka_unit_test(class_of_one_and_zero_width_items_do_not),
        cmocka_unit_test(every_branch_needs_its_literal),
        cmocka_unit_test(optional_and_repeated_parts_count_on_the_shortest_path),
        cmocka_unit_test(nested_repeats_are_seen_where_rounds_can_be_cut_in_several_ways),
        cmocka_unit_test(leading_wildcard_is_seen_in_groups_and_branches),
        cmocka_unit_test(syntax_that_is_not_read_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
