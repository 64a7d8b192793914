/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on captures: what they compare, and what lint says of those that cannot be judged. */
#include "support/cmocka.h"

#include "kb/kb_when.h"

/* The condition over captures a and b; NULL: that group took no part. */
static enum kb_when_result eval(const char *when, const char *a, const char *b)
{
    struct capture_list captures = {.n = 0};

    if (a != NULL) {
        captures.items[captures.n++] = (struct capture){span_str("a"), span_str(a)};
    }
    if (b != NULL) {
        captures.items[captures.n++] = (struct capture){span_str("b"), span_str(b)};
    }
    return kb_when_eval(span_str(when), &captures);
}

static void no_condition_or_no_match_is_always(void **state)
{
    struct capture_list none = {.n = 0};

    (void)state;
    assert_int_equal(kb_when_eval(span_str(NULL), &none), KB_WHEN_ALWAYS);
    assert_int_equal(kb_when_eval(span_str("a > 1"), NULL), KB_WHEN_ALWAYS);
}

static void operators_compare_numbers(void **state)
{
    static const struct {
        const char *when;
        bool less, equal, greater; /* a than b */
    } cases[] = {
        {"a < b", true, false, false},  {"a <= b", true, true, false},
        {"a > b", false, false, true},  {"a >= b", false, true, true},
        {"a == b", false, true, false}, {"a != b", true, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(eval(cases[i].when, "9", "10") == KB_WHEN_TRUE, cases[i].less);
        assert_int_equal(eval(cases[i].when, "10", "10.0") == KB_WHEN_TRUE, cases[i].equal);
        assert_int_equal(eval(cases[i].when, "10", "9") == KB_WHEN_TRUE, cases[i].greater);
    }
}

static void units_are_bytes(void **state)
{
    static const char *const equal[][2] = {
        {"1 KiB", "1024"},
        {"1MiB", "1024 KiB"},
        {"1.5 GiB", "1536 MiB"},
        {"2 TiB", "2048 GiB"},
        {"1 KB", "1000 bytes"},
        {"1 MB", "1000 kB"},
        {"3GB", "3,000 MB"},
        {"1 TB", "1000GB"},
        {"4K", "4 KiB"},
        {"4M", "4 MiB"},
        {"4G", "4 GiB"},
        {"4T", "4 TiB"},
        {"1,234,567", "1234567 B"},
        {" 7 ", "7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(equal) / sizeof(equal[0]); i++) {
        assert_int_equal(eval("a == b", equal[i][0], equal[i][1]), KB_WHEN_TRUE);
    }
    assert_int_equal(eval("a > 2 GiB", "2.01 GiB", NULL), KB_WHEN_TRUE);
    assert_int_equal(eval("a > 2GiB", "1.99 GiB", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a==-11", "-11", NULL), KB_WHEN_TRUE);
}

static void all_comparisons_must_hold(void **state)
{
    (void)state;
    assert_int_equal(eval("a >= 1 && b < 2", "1", "1"), KB_WHEN_TRUE);
    assert_int_equal(eval("a >= 1&&b < 2", "1", "2"), KB_WHEN_FALSE);
    assert_int_equal(eval("a >= 1 && b < 2", "0", "1"), KB_WHEN_FALSE);
}

static void absent_group_or_text_is_false_either_way(void **state)
{
    (void)state;
    assert_int_equal(eval("a < b", NULL, "1"), KB_WHEN_FALSE);
    assert_int_equal(eval("a < b", "1", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a != 1", NULL, NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a != 1", "many", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a != 1", "", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a != 1", "2 parsecs", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a != 1", "2 GiB free", NULL), KB_WHEN_FALSE);
}

static void condition_that_does_not_parse_is_false(void **state)
{
    (void)state;
    assert_int_equal(eval("a", "1", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a == 1 &&", "1", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("a == 1 || a == 2", "1", NULL), KB_WHEN_FALSE);
    assert_int_equal(eval("", "1", NULL), KB_WHEN_FALSE);
}

/* "" when nothing is wrong; names are a and b. */
static const char *fault_of(const char *when)
{
    static struct err err;
    const struct span names[] = {SPAN_LIT("a"), SPAN_LIT("b")};
    enum rc rc;

    err_clear(&err);
    rc = kb_when_check(span_str(when), names, 2, &err);
    assert_int_equal(rc, err.message[0] == '\0' ? RC_OK : RC_INVALID);
    return err.message;
}

static void check_says_what_is_wrong_and_where(void **state)
{
    (void)state;
    assert_string_equal(fault_of("a >= b && a<2.5 GiB"), "");
    assert_string_equal(fault_of("a == -3"), "");
    assert_string_equal(fault_of("a < 2G"), "");
    assert_string_equal(fault_of(""), "a capture is missing at byte 0");
    assert_string_equal(fault_of("1 < a"), "the left side is not a capture at byte 0");
    assert_string_equal(fault_of("a b"), "< <= > >= == or != is missing at byte 2");
    assert_string_equal(fault_of("a <"), "a capture or a number is missing at byte 3");
    assert_string_equal(fault_of("a < 3 apples"), "the number's unit is not one of B KiB MiB GiB "
                                                  "TiB KB MB GB TB K M G T at byte 12");
    assert_string_equal(fault_of("a < b || b < a"), "&& is missing at byte 6");
    assert_string_equal(fault_of("c < 1"), "\"c\" is not a capture of this entry");
    assert_string_equal(fault_of("a < 1 && b < c"), "\"c\" is not a capture of this entry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_condition_or_no_match_is_always),
        cmocka_unit_test(operators_compare_numbers),
        cmocka_unit_test(units_are_bytes),
        cmocka_unit_test(all_comparisons_must_hold),
        cmocka_unit_test(absent_group_or_text_is_false_either_way),
        cmocka_unit_test(condition_that_does_not_parse_is_false),
        cmocka_unit_test(check_says_what_is_wrong_and_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
