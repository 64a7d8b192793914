/* SPDX-License-Identifier: Apache-2.0 */
/* A pipe as the source. */
#include "unit/source/rig.h"

struct piped {
    struct rig rig;
    int in;
    int out;
};

static void piped_init(struct piped *piped)
{
    int ends[2];
    struct err err;

    rig_init(&piped->rig);
    assert_int_equal(pipe(ends), 0);
    piped->in = ends[0];
    piped->out = ends[1];
    assert_int_equal(
        source_open_stdin(piped->rig.loop,
                          &(struct stdin_opts){
                              .fd = piped->in, .name = "-", .type = SOURCE_STDIN, .copy_to_fd = -1},
                          &rig_ops, &piped->rig, &piped->rig.source, &err),
        RC_OK);
}

static void piped_write(struct piped *piped, const char *text)
{
    assert_int_equal(write(piped->out, text, strlen(text)), strlen(text));
}

static void piped_fini(struct piped *piped)
{
    rig_fini(&piped->rig);
    if (piped->out >= 0) {
        (void)close(piped->out);
    }
}

static void bytes_arrive_and_the_end_is_told(void **state)
{
    struct piped piped;

    (void)state;
    piped_init(&piped);
    piped_write(&piped, "one\n");
    rig_expect(&piped.rig, "one\n");
    piped_write(&piped, "two");
    (void)close(piped.out);
    piped.out = -1;
    (void)rig_expect_notice(&piped.rig, SOURCE_ENDED);
    assert_string_equal(piped.rig.text, "one\ntwo");
    assert_int_equal(piped.rig.closed, 1);
    piped_fini(&piped);
}

static void full_receiver_stops_the_reading(void **state)
{
    struct piped piped;

    (void)state;
    piped_init(&piped);
    piped.rig.answer = RC_FULL;
    piped_write(&piped, "one\n");
    rig_expect(&piped.rig, "one\n");
    piped_write(&piped, "two\n");
    timer_start(piped.rig.deadline, 100, 0);
    assert_int_equal(loop_run(piped.rig.loop), RC_OK);
    assert_string_equal(piped.rig.text, "one\n");
    source_resume(piped.rig.source);
    rig_expect(&piped.rig, "one\ntwo\n");
    piped_fini(&piped);
}

static void drain_takes_what_is_in_the_pipe(void **state)
{
    struct piped piped;

    (void)state;
    piped_init(&piped);
    piped_write(&piped, "one\n");
    rig_drain(&piped.rig);
    assert_string_equal(piped.rig.text, "one\n");
    piped_fini(&piped);
}

static void close_does_not_wait_for_a_silent_pipe(void **state)
{
    struct piped piped;

    (void)state;
    piped_init(&piped);
    piped_fini(&piped); /* returns, though a thread sits in read() */
}

static void refusing_receiver_ends_it(void **state)
{
    struct piped piped;

    (void)state;
    piped_init(&piped);
    piped.rig.answer = RC_UNSUPPORTED;
    piped_write(&piped, "x");
    (void)rig_expect_notice(&piped.rig, SOURCE_FAILED);
    assert_int_equal(piped.rig.closed, 1);
    piped_fini(&piped);
}

static void bad_descriptor_is_told(void **state)
{
    struct rig rig;
    struct err err;

    (void)state;
    rig_init(&rig);
    assert_int_equal(
        source_open_stdin(
            rig.loop,
            &(struct stdin_opts){.fd = 9999, .name = "-", .type = SOURCE_STDIN, .copy_to_fd = -1},
            &rig_ops, &rig, &rig.source, &err),
        RC_OK);
    (void)rig_expect_notice(&rig, SOURCE_FAILED);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_arrive_and_the_end_is_told),
        cmocka_unit_test(full_receiver_stops_the_reading),
        cmocka_unit_test(drain_takes_what_is_in_the_pipe),
        cmocka_unit_test(close_does_not_wait_for_a_silent_pipe),
        cmocka_unit_test(refusing_receiver_ends_it),
        cmocka_unit_test(bad_descriptor_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
