/* SPDX-License-Identifier: Apache-2.0 */
/* One message in two ways is one; equal messages of one way are many. */
#include <stdio.h>

#include "support/cmocka.h"

#include "diagnose/twins.h"

#define XID "NVRM: Xid (PCI:0000:9b:00): 79, pid=4411, GPU has fallen off the bus."
#define S   INT64_C(1000000000)

static struct twins twins;

static int set_up(void **state)
{
    (void)state;
    twins = (struct twins){.n = 0};
    return 0;
}

static struct record of(struct span text)
{
    return (struct record){.text = text, .rank = RANK_NONE, .kernel = true};
}

static void test_the_second_way_brings_a_twin(void **state)
{
    struct record record = of(span_str(XID));

    (void)state;
    assert_false(twins_note(&twins, SOURCE_KMSG, &record, S));
    assert_true(twins_note(&twins, SOURCE_JOURNAL, &record, 2 * S));
    assert_true(twins_note(&twins, SOURCE_SYSLOG, &record, 3 * S));
    assert_true(twins_note(&twins, SOURCE_FILE, &record, 3 * S)); /* kern.log */
}

static void test_what_one_way_brings_twice_happened_twice(void **state)
{
    struct record record = of(span_str(XID));

    (void)state;
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &record, S));
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &record, S));
    assert_true(twins_note(&twins, SOURCE_KMSG, &record, S));
    assert_true(twins_note(&twins, SOURCE_KMSG, &record, S));
    assert_false(twins_note(&twins, SOURCE_KMSG, &record, S)); /* a third time */
    assert_true(twins_note(&twins, SOURCE_JOURNAL, &record, S));
}

static void test_a_tag_before_the_text_is_none_of_it(void **state)
{
    struct record whole =
        of(span_str("train[4411]: CUDA error: an illegal memory access was encountered"));
    struct record bare = of(span_str("CUDA error: an illegal memory access was encountered"));

    (void)state;
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &bare, S));
    assert_true(twins_note(&twins, SOURCE_SYSLOG, &whole, S));
    assert_false(twins_note(&twins, SOURCE_SYSLOG, &bare, S));
}

static void test_other_gpu_rank_and_host_are_others(void **state)
{
    struct record one = of(span_str(XID));
    struct record two =
        of(span_str("NVRM: Xid (PCI:0000:9c:00): 79, pid=4411, GPU has fallen off the bus."));

    (void)state;
    one.host = span_str("gpu-node-1");
    assert_false(twins_note(&twins, SOURCE_KMSG, &one, S));
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &two, S));
    one.host = span_str("gpu-node-2");
    assert_false(twins_note(&twins, SOURCE_SYSLOG, &one, S));
    one.host = span_str("gpu-node-1");
    one.rank = 3;
    assert_false(twins_note(&twins, SOURCE_SYSLOG, &one, S));
    one.rank = RANK_NONE;
    one.host = (struct span){0};
    assert_true(twins_note(&twins, SOURCE_SYSLOG, &one, S));
}

static void test_equal_lines_of_two_training_logs_are_two(void **state)
{
    struct record record = of(span_str("RuntimeError: CUDA error: device-side assert triggered"));

    (void)state;
    record.kernel = false;
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &record, S));
    assert_false(twins_note(&twins, SOURCE_FILE, &record, S));
    assert_false(twins_note(&twins, SOURCE_EXEC, &record, S));
}

static void test_after_a_minute_it_is_new(void **state)
{
    struct record record = of(span_str(XID));

    (void)state;
    assert_false(twins_note(&twins, SOURCE_KMSG, &record, S));
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &record, S + TWINS_NS + 1));
}

static void test_history_is_not_noted(void **state)
{
    struct record record = of(span_str(XID));

    (void)state;
    record.replayed = true;
    assert_false(twins_note(&twins, SOURCE_KMSG, &record, S));
    record.replayed = false;
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &record, S));
}

static void test_many_texts_push_out_the_oldest_only(void **state)
{
    char text[64];
    struct record record = of(span_str(XID));

    (void)state;
    assert_false(twins_note(&twins, SOURCE_KMSG, &record, S));
    for (int i = 0; i < TWINS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "NVRM: Xid (PCI:0000:9b:00): %03d, happened", i);
        struct record other = of(span_str(text));
        assert_false(twins_note(&twins, SOURCE_KMSG, &other, (2 + i) * S / 10 + S));
    }
    struct record last = of(span_str(text));
    assert_true(twins_note(&twins, SOURCE_JOURNAL, &last, 9 * S));
    assert_false(twins_note(&twins, SOURCE_JOURNAL, &record, 9 * S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_second_way_brings_a_twin, set_up),
        cmocka_unit_test_setup(test_what_one_way_brings_twice_happened_twice, set_up),
        cmocka_unit_test_setup(test_a_tag_before_the_text_is_none_of_it, set_up),
        cmocka_unit_test_setup(test_other_gpu_rank_and_host_are_others, set_up),
        cmocka_unit_test_setup(test_equal_lines_of_two_training_logs_are_two, set_up),
        cmocka_unit_test_setup(test_after_a_minute_it_is_new, set_up),
        cmocka_unit_test_setup(test_history_is_not_noted, set_up),
        cmocka_unit_test_setup(test_many_texts_push_out_the_oldest_only, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
