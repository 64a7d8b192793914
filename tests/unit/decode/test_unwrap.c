/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes of container runtimes and structured loggers. */
#include "unit/decode/records.h"

#define CRI    "2026-11-23T21:19:38.376029123Z "
#define CRI_NS (INT64_C(1795468778) * CLOCK_NS_PER_S + 376029123)

static void cri_line_is_unwrapped(void **state)
{
    struct records records;

    (void)state;
    assert_int_equal(records_decode_cut(&records, &(struct decode_opts){0}, "a",
                                        span_str(CRI "stderr F RuntimeError: x\n"), NULL, 0),
                     RC_OK);
    assert_string_equal(records.out.ptr, "0|-1||RuntimeError: x\n");
    assert_int_equal(records.last.log_wall_ns, CRI_NS);
    records_fini(&records);
}

static void cri_parts_are_joined_for_each_stream_apart(void **state)
{
    (void)state;
    records_expect(CRI "stdout P one, \n" CRI "stderr P RuntimeError: \n" CRI "stdout F two\n" CRI
                       "stderr F x\n",
                   "0|-1||one, two\n46|-1||RuntimeError: x\n");
}

static void cri_part_without_an_end_is_partial(void **state)
{
    (void)state;
    records_expect(CRI "stdout P one, \n", "0|-1|P|one, \n");
}

static void position_stays_before_what_is_being_joined(void **state)
{
    struct records records;

    (void)state;
    assert_int_equal(records_decode_cut(&records, &(struct decode_opts){0}, "a",
                                        span_str("x\n" CRI "stdout P one, \nplain\n"), NULL, 0),
                     RC_OK);
    assert_int_equal(records.end_offset, 2);
    records_fini(&records);
}

static void progress_bar_inside_cri_is_cut(void **state)
{
    (void)state;
    records_expect(CRI "stderr F \r 10%\r 20%\n", "0|-1|| 10%\n0|-1|| 20%\n");
}

static void docker_line_is_unwrapped_and_its_parts_joined(void **state)
{
    (void)state;
    records_expect(
        "{\"log\":\"Runtime\",\"stream\":\"stderr\",\"time\":\"2026-11-23T21:19:38Z\"}\n"
        "{\"log\":\"other\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T21:19:38Z\"}\n"
        "{\"log\":\"Error\\u0021\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T21:19:38Z\"}\n",
        "66|-1||other\n0|-1||RuntimeError!\n");
}

static void json_message_is_unwrapped_and_its_traceback_follows(void **state)
{
    (void)state;
    records_expect(
        "{\"level\":\"error\",\"message\":\"step failed\",\"rank\":5,"
        "\"exc_info\":\"Traceback:\\n  File\\nRuntimeError: CUDA error\"}\n",
        "0|5||step failed\n0|5||Traceback:\n0|5||  File\n0|5||RuntimeError: CUDA error\n");
}

static void json_inside_cri_is_unwrapped_too(void **state)
{
    struct records records;

    (void)state;
    assert_int_equal(records_decode_cut(
                         &records, &(struct decode_opts){0}, "a",
                         span_str(CRI "stdout F {\"msg\":\"[rank3]: boom\",\"ts\":1}\n"), NULL, 0),
                     RC_OK);
    assert_string_equal(records.out.ptr, "0|3||[rank3]: boom\n");
    assert_int_equal(records.last.log_wall_ns, CRI_NS);
    records_fini(&records);
}

static void json_times_are_understood(void **state)
{
    static const char *const lines[] = {
        "{\"msg\":\"x\",\"ts\":1795468778.5}\n",
        "{\"msg\":\"x\",\"time\":1795468778500}\n",
        "{\"msg\":\"x\",\"timestamp\":\"2026-11-23T22:19:38.5+01:00\"}\n",
    };
    struct records records;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(records_decode_cut(&records, &(struct decode_opts){0}, "a",
                                            span_str(lines[i]), NULL, 0),
                         RC_OK);
        assert_int_equal(records.last.log_wall_ns,
                         INT64_C(1795468778) * CLOCK_NS_PER_S + CLOCK_NS_PER_S / 2);
        records_fini(&records);
    }
}

static void json_without_a_text_stays_as_it_is(void **state)
{
    (void)state;
    records_expect("{\"loss\":2.5}\n", "0|-1||{\"loss\":2.5}\n");
    records_expect("{\"message\":\"a\\u0000b\"}\n", "0|-1||{\"message\":\"a\\u0000b\"}\n");
    records_expect("{\"message\":\"a\"} b}\n", "0|-1||{\"message\":\"a\"} b}\n");
    records_expect("{'message': 'python'}\n", "0|-1||{'message': 'python'}\n");
}

static void nested_error_objects_are_searched(void **state)
{
    (void)state;
    records_expect("{\"error\":{\"message\":\"m\",\"stack_trace\":\"s\"}}\n", "0|-1||m\n0|-1||s\n");
}

static void configured_field_holds_the_text(void **state)
{
    struct decode_opts opts = {.json_field = SPAN_LIT("payload")};

    (void)state;
    records_expect_opts(&opts, "a", span_str("{\"message\":\"m\",\"payload\":\"p\"}\n"),
                        "0|-1||p\n");
}

static void configured_format_is_the_only_one(void **state)
{
    static const char text[] = "{\"message\":\"m\"}\n" CRI "stdout F c\n";

    (void)state;
    records_expect_opts(&(struct decode_opts){.format = DECODE_PLAIN}, "a", span_str(text),
                        "0|-1||{\"message\":\"m\"}\n16|-1||" CRI "stdout F c\n");
    records_expect_opts(&(struct decode_opts){.format = DECODE_CRI}, "a", span_str(text),
                        "0|-1||{\"message\":\"m\"}\n16|-1||c\n");
    records_expect_opts(&(struct decode_opts){.format = DECODE_JSON}, "a", span_str(text),
                        "0|-1||m\n16|-1||" CRI "stdout F c\n");
}

static void lines_that_only_look_like_cri_stay(void **state)
{
    (void)state;
    records_expect(CRI "stdout X text of a line\n", "0|-1||" CRI "stdout X text of a line\n");
    records_expect(CRI "INFO F text of some line\n", "0|-1||" CRI "INFO F text of some line\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cri_line_is_unwrapped),
        cmocka_unit_test(cri_parts_are_joined_for_each_stream_apart),
        cmocka_unit_test(cri_part_without_an_end_is_partial),
        cmocka_unit_test(position_stays_before_what_is_being_joined),
        cmocka_unit_test(progress_bar_inside_cri_is_cut),
        cmocka_unit_test(docker_line_is_unwrapped_and_its_parts_joined),
        cmocka_unit_test(json_message_is_unwrapped_and_its_traceback_follows),
        cmocka_unit_test(json_inside_cri_is_unwrapped_too),
        cmocka_unit_test(json_times_are_understood),
        cmocka_unit_test(json_without_a_text_stays_as_it_is),
        cmocka_unit_test(nested_error_objects_are_searched),
        cmocka_unit_test(configured_field_holds_the_text),
        cmocka_unit_test(configured_format_is_the_only_one),
        cmocka_unit_test(lines_that_only_look_like_cri_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
