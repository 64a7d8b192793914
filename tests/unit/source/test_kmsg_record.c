/* SPDX-License-Identifier: Apache-2.0 */
/* Records of /dev/kmsg. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "source/kmsg_record.h"

static char bytes[512];
static size_t taken;
static struct kmsg_record record;

static enum rc take(const char *text)
{
    (void)snprintf(bytes, sizeof(bytes), "%s", text);
    return kmsg_take_record(bytes, strlen(bytes), &taken, &record);
}

static void prefix_and_text_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(take("4,344,6736584083,-;NVRM: Xid (PCI:0000:9b:00): 79, a;b\n"), RC_OK);
    assert_int_equal(record.priority, 4);
    assert_int_equal(record.facility, 0);
    assert_int_equal(record.sequence, 344);
    assert_int_equal(record.mono_us, 6736584083);
    assert_true(span_eq_str(record.text, "NVRM: Xid (PCI:0000:9b:00): 79, a;b"));
    assert_int_equal(taken, strlen(bytes));
}

static void facility_of_a_written_line_is_not_the_kernels(void **state)
{
    (void)state;
    assert_int_equal(take("12,1,2,-;x\n"), RC_OK);
    assert_int_equal(record.facility, 1);
    assert_int_equal(record.priority, 4);
}

static void dictionary_is_left_out(void **state)
{
    (void)state;
    assert_int_equal(take("6,1,2,-,caller=T1;text\n SUBSYSTEM=pci\n DEVICE=+pci:1\n6,2,3,-;next\n"),
                     RC_OK);
    assert_true(span_eq_str(record.text, "text"));
    assert_string_equal(bytes + taken, "6,2,3,-;next\n");
}

static void escapes_are_undone(void **state)
{
    (void)state;
    assert_int_equal(take("6,1,2,-;a\\x5cb \\xe4\\xbd\\xa0 \\xzz \\x4\n"), RC_OK);
    assert_true(span_eq_str(record.text, "a\\b \xe4\xbd\xa0 \\xzz \\x4"));
}

static void what_is_not_whole_waits_and_what_is_no_record_is_taken_off(void **state)
{
    static const char *const bad[] = {"\n",
                                      "hello\n",
                                      ";\n",
                                      "6,1,2\n",
                                      "x,1,2,-;t\n",
                                      "6,,2,-;t\n",
                                      "6,1;2,-\n",
                                      "6,1,2;t\n",
                                      "6,99999999999999999999,2,-;t\n",
                                      "99999999999,1,2,-;t\n"};

    (void)state;
    assert_int_equal(take("6,1,2,-;no end"), RC_AGAIN);
    assert_int_equal(take(""), RC_AGAIN);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(take(bad[i]), RC_INVALID);
        assert_int_equal(taken, strlen(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefix_and_text_are_told_apart),
        cmocka_unit_test(facility_of_a_written_line_is_not_the_kernels),
        cmocka_unit_test(dictionary_is_left_out),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(what_is_not_whole_waits_and_what_is_no_record_is_taken_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
