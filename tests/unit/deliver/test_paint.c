/* SPDX-License-Identifier: Apache-2.0 */
/* Terminal text: wrapping by columns, colours that can be off, and nothing raw from a log line. */
#include "support/cmocka.h"

#include "deliver/paint.h"

static struct buf out;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 100000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

static const char *text(void)
{
    buf_add_char(&out, '\0');
    assert_int_equal(buf_rc(&out), RC_OK);
    return out.ptr;
}

static struct paint plain(size_t width)
{
    return (struct paint){&out, false, width};
}

static void paragraph_wraps_behind_its_label(void **state)
{
    struct paint paint = plain(20);

    (void)state;
    paint_paragraph(&paint, PAINT_BOLD, span_str("  Why"), 8, PAINT_PLAIN,
                    span_str("one two three four"));
    assert_string_equal(text(), "  Why   one two\n        three four\n");
}

static void line_ends_in_the_text_are_kept_and_spaces_folded(void **state)
{
    struct paint paint = plain(40);

    (void)state;
    paint_paragraph(&paint, PAINT_BOLD, span_str(""), 2, PAINT_PLAIN, span_str("a   b\nc\n\nd "));
    assert_string_equal(text(), "  a b\n  c\n  \n  d\n");
}

static void word_longer_than_the_line_is_not_cut(void **state)
{
    struct paint paint = plain(10);

    (void)state;
    paint_paragraph(&paint, PAINT_BOLD, span_str("L"), 4, PAINT_PLAIN,
                    span_str("ab /very/long/path/to/a/file cd"));
    assert_string_equal(text(), "L   ab\n    /very/long/path/to/a/file\n    cd\n");
}

static void chinese_breaks_anywhere_and_counts_two_columns(void **state)
{
    struct paint paint = plain(8);

    (void)state;
    assert_int_equal(paint_columns(span_str("a\xe4\xb8\xad\xcc\x81")), 3);
    paint_paragraph(&paint, PAINT_BOLD, span_str(""), 2, PAINT_PLAIN,
                    span_str("\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87"));
    assert_string_equal(text(), "  \xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\n  \xe6\x96\x87\n");
}

static void controls_are_shown_not_sent(void **state)
{
    struct paint paint = plain(80);

    (void)state;
    paint_text(&paint, PAINT_RED, span_str("\x1b[2J\t\x7f\xc2\x9b\xe2\x80\xae\xff"));
    assert_string_equal(text(), "\\x1b[2J \\x7f\\x9b\\u{202e}\xef\xbf\xbd");
}

static void colour_is_ended_where_it_began(void **state)
{
    struct paint paint = {&out, true, 80};

    (void)state;
    paint_str(&paint, PAINT_RED, "x");
    paint_str(&paint, PAINT_PLAIN, "y");
    assert_string_equal(text(), "\033[31mx\033[0my");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(paragraph_wraps_behind_its_label),
        CASE(line_ends_in_the_text_are_kept_and_spaces_folded),
        CASE(word_longer_than_the_line_is_not_cut),
        CASE(chinese_breaks_anywhere_and_counts_two_columns),
        CASE(controls_are_shown_not_sent),
        CASE(colour_is_ended_where_it_began),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
