/* SPDX-License-Identifier: Apache-2.0 */
/* JSON output: commas, escapes, and that hostile text never leaves raw. */
#include <math.h>

#include "support/cmocka.h"

#include "base/json_write.h"
#include "base/mem.h"

static struct buf out;
static struct json json;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 100000);
    json_init(&json, &out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_fini(&out);
    return 0;
}

static void assert_out(const char *expected)
{
    buf_add_char(&out, '\0');
    assert_int_equal(buf_rc(&out), RC_OK);
    assert_string_equal(out.ptr, expected);
}

static void nesting_places_commas(void **state)
{
    (void)state;
    json_object_begin(&json);
    json_key_string(&json, "a", span_str("x"));
    json_key(&json, "b");
    json_array_begin(&json);
    json_int(&json, -1);
    json_uint(&json, UINT64_MAX);
    json_object_begin(&json);
    json_object_end(&json);
    json_array_end(&json);
    json_key_bool(&json, "c", false);
    json_key_span(&json, span_str("d\n"));
    json_null(&json);
    json_key(&json, "e");
    json_raw(&json, span_str("[1]"));
    json_object_end(&json);
    assert_out(
        "{\"a\":\"x\",\"b\":[-1,18446744073709551615,{}],\"c\":false,\"d\\n\":null,\"e\":[1]}");
}

static void absent_text_is_null_and_empty_text_is_empty(void **state)
{
    (void)state;
    json_array_begin(&json);
    json_string(&json, (struct span){0});
    json_string(&json, span_str(""));
    json_array_end(&json);
    assert_out("[null,\"\"]");
}

static void controls_and_direction_marks_are_escaped(void **state)
{
    (void)state;
    json_string(&json, span_str("\x1b]52;\x07\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\"\\\t\r"));
    assert_out("\"\\u001b]52;\\u0007\\u007f\\u009b\\u202e\\u2028\\\"\\\\\\t\\r\"");
}

static void invalid_bytes_become_replacement_characters(void **state)
{
    (void)state;
    json_string(&json, span_of("a\xff\xc0\x80\xed\xa0\x80z", 8));
    assert_out("\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
}

static void text_beyond_the_basic_plane_is_kept_and_tags_become_surrogate_escapes(void **state)
{
    (void)state;
    json_string(&json, span_str("\xf0\x9f\x94\xa5\xf3\xa0\x81\x81"));
    assert_out("\"\xf0\x9f\x94\xa5\\udb40\\udc41\"");
}

static void doubles_are_short_and_exact(void **state)
{
    (void)state;
    json_array_begin(&json);
    json_double(&json, 0.87);
    json_double(&json, 1.0);
    json_double(&json, 0.1 + 0.2);
    json_double(&json, NAN);
    json_double(&json, INFINITY);
    json_array_end(&json);
    assert_out("[0.87,1,0.30000000000000004,null,null]");
}

static void out_of_memory_and_ceiling_are_remembered(void **state)
{
    (void)state;
    mem_fail_after(0);
    json_string(&json, span_str("x"));
    assert_int_equal(buf_rc(&out), RC_NOMEM);
    mem_fail_after(-1);
    buf_fini(&out);
    buf_init(&out, 8);
    json_string(&json, span_str("123456789"));
    assert_int_equal(buf_rc(&out), RC_TOO_BIG);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(nesting_places_commas),
        CASE(absent_text_is_null_and_empty_text_is_empty),
        CASE(controls_and_direction_marks_are_escaped),
        CASE(invalid_bytes_become_replacement_characters),
        CASE(text_beyond_the_basic_plane_is_kept_and_tags_become_surrogate_escapes),
        CASE(doubles_are_short_and_exact),
        CASE(out_of_memory_and_ceiling_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
