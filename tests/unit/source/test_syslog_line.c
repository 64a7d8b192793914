/* SPDX-License-Identifier: Apache-2.0 */
/* Both syslog formats, what is neither, and frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/syslog_line.h"

static void headers_are_taken_off(void **state)
{
    static const struct {
        const char *bytes;
        const char *host;
        const char *tag;
        const char *text;
        bool kernel;
    } rows[] = {
        {"<11>Nov 23 21:14:06 app[6255]: text", "", "app", "text", false},
        {"<4>Nov  3 21:14:06 node7 kernel: NVRM: Xid (PCI:0000:9b:00): 79, x", "node7", "kernel",
         "NVRM: Xid (PCI:0000:9b:00): 79, x", true},
        {"<4>Nov 23 21:14:06 NVRM: Xid (PCI:0000:9b:00): 79, x", "", "NVRM",
         "NVRM: Xid (PCI:0000:9b:00): 79, x", true},
        {"<11>1 2026-11-23T21:19:38.376029+00:00 host train - - - text\n", "host", "train", "text",
         false},
        {"<11>1 - - - - - [a b=\"]\\\"\"][c d=\"e\"] \xef\xbb\xbftext", "", "", "text", false},
        {"<13>2026-11-23T21:19:38Z host app: text", "host", "app", "text", false},
        {"<13>text alone", "", "", "text alone", false},
        {"no priority", "", "", "no priority", false},
        {"<999>x", "", "", "<999>x", false},
        {"<>x", "", "", "<>x", false},
        {"<1", "", "", "<1", false},
        {"RuntimeError: CUDA error", "", "RuntimeError", "RuntimeError: CUDA error", false},
        {"<11>Nov 23 21:14:06 host RuntimeError: CUDA error", "host", "RuntimeError",
         "RuntimeError: CUDA error", false},
        {"", "", "", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct syslog_line line = syslog_parse(span_str(rows[i].bytes));
        assert_true(span_eq_str(line.host, rows[i].host));
        assert_true(span_eq_str(line.tag, rows[i].tag));
        assert_true(span_eq_str(line.text, rows[i].text));
        assert_int_equal(line.kernel, rows[i].kernel);
    }
}

static void frames_are_counted_or_lines(void **state)
{
    struct span stream = span_str("5 <1>a\n<2>line\n3 abc<3>cut");
    static const char *const frames[] = {"<1>a\n", "<2>line", "abc"};
    struct span frame;
    size_t taken;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(syslog_take_frame(stream, &taken, &frame), RC_OK);
        assert_true(span_eq_str(frame, frames[i]));
        stream = span_from(stream, taken);
    }
    assert_int_equal(syslog_take_frame(stream, &taken, &frame), RC_AGAIN);
    assert_int_equal(taken, 0);
    assert_int_equal(syslog_take_frame(span_str("10 short"), &taken, &frame), RC_AGAIN);
    assert_int_equal(taken, 13);
    assert_int_equal(syslog_take_frame(span_str("1234"), &taken, &frame), RC_AGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_taken_off),
        cmocka_unit_test(frames_are_counted_or_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
