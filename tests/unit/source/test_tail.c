/* SPDX-License-Identifier: Apache-2.0 */
/* Following real files in a temporary directory, on a real loop. */
#include "unit/source/rig.h"

#include <sys/resource.h>

static void appended_line_is_delivered(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "old\n");
    rig_follow(&rig, "a.log", TAIL_FROM_END);
    rig_append(&rig, "a.log", "new\n");
    rig_expect(&rig, "new\n");
    rig_append(&rig, "a.log", "newer\n");
    rig_expect(&rig, "new\nnewer\n");
    assert_int_equal(rig.last_start, 4);
    rig_fini(&rig);
}

static void from_start_reads_what_is_there(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "one\ntwo\n");
    rig_follow(&rig, "a.log", TAIL_FROM_START);
    rig_expect(&rig, "one\ntwo\n");
    rig_fini(&rig);
}

static void file_that_appears_later_is_read_from_its_start(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_follow(&rig, "logs/sub/*.log", TAIL_FROM_END);
    rig_write(&rig, "logs/sub/a.log", "first\n");
    rig_expect(&rig, "first\n");
    assert_int_equal(rig_count(&rig, SOURCE_WAITING), 1);
    rig_fini(&rig);
}

static void missing_file_is_waited_for_with_one_notice(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_follow(&rig, "a.log", TAIL_FROM_END);
    assert_string_equal(rig_expect_notice(&rig, SOURCE_WAITING)->file, rig_path(&rig, "a.log"));
    rig_write(&rig, "a.log", "here\n");
    rig_expect(&rig, "here\n");
    assert_int_equal(rig_count(&rig, SOURCE_WAITING), 1);
    rig_fini(&rig);
}

static void line_unfinished_at_start_is_delivered_whole_when_it_goes_on(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "old\nRuntime");
    rig_follow(&rig, "a.log", TAIL_FROM_END);
    rig_append(&rig, "a.log", "Error\n");
    rig_expect(&rig, "RuntimeError\n");
    assert_int_equal(rig.last_start, 4);
    rig_fini(&rig);
}

static void line_unfinished_at_start_stays_unsaid_when_nothing_comes(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "old\nRuntimeError");
    rig_follow(&rig, "a.log", TAIL_FROM_END);
    rig_drain(&rig);
    assert_string_equal(rig.text, "");
    rig_fini(&rig);
}

static void rename_rotation_keeps_order(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "");
    rig_follow(&rig, "a.log", TAIL_FROM_END);
    rig_append(&rig, "a.log", "one\n");
    rig_rename(&rig, "a.log", "a.log.1");
    rig_append(&rig, "a.log.1", "two\n");
    rig_write(&rig, "a.log", "three\n");
    rig_expect(&rig, "one\ntwo\nthree\n");
    rig_append(&rig, "a.log.1", "late\n");
    rig_expect(&rig, "one\ntwo\nthree\nlate\n");
    assert_int_equal(source_peek_stats(rig.source)->rotations, 1);
    rig_fini(&rig);
}

static void generations_that_pass_between_two_looks_are_read_in_order(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "0\n");
    rig_write(&rig, "a.log.9", "long ago\n");
    assert_int_equal(utimensat(AT_FDCWD, rig_path(&rig, "a.log.9"),
                               (struct timespec[]){{.tv_sec = 1000000000}, {.tv_sec = 1000000000}},
                               0),
                     0);
    rig_follow(&rig, "a.log", TAIL_FROM_START);
    rig_expect(&rig, "0\n");
    rig_rename(&rig, "a.log", "a.log.3");
    rig_write(&rig, "a.log", "1\n");
    rig_rename(&rig, "a.log", "a.log.2");
    rig_write(&rig, "a.log", "2\n");
    rig_rename(&rig, "a.log", "a.log.1");
    rig_write(&rig, "a.log", "3\n");
    rig_expect(&rig, "0\n1\n2\n3\n");
    rig_fini(&rig);
}

static void renamed_file_that_the_glob_matches_is_not_read_again(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "");
    rig_follow(&rig, "a.log*", TAIL_FROM_END);
    rig_append(&rig, "a.log", "one\n");
    rig_rename(&rig, "a.log", "a.log.1");
    rig_write(&rig, "a.log", "two\n");
    rig_expect(&rig, "one\ntwo\n");
    rig_drain(&rig);
    assert_string_equal(rig.text, "one\ntwo\n");
    rig_fini(&rig);
}

static void truncation_begins_anew(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "one\ntwo\n");
    rig_follow(&rig, "a.log", TAIL_FROM_START);
    rig_expect(&rig, "one\ntwo\n");
    rig_write(&rig, "a.log", "x\n");
    rig_expect(&rig, "one\ntwo\nx\n");
    assert_int_equal(rig.last_generation, 1);
    assert_int_equal(rig_count(&rig, SOURCE_LOST), 0);
    rig_fini(&rig);
}

static void rewrite_to_the_same_size_is_read(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "one\ntwo\n");
    rig_follow(&rig, "a.log", TAIL_FROM_START);
    rig_expect(&rig, "one\ntwo\n");
    rig_write(&rig, "a.log", "six\nten\n");
    rig_expect(&rig, "one\ntwo\nsix\nten\n");
    rig_fini(&rig);
}

static void rewrite_to_a_larger_size_is_read_from_its_start(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "same head\none\n");
    rig_follow(&rig, "a.log", TAIL_FROM_START);
    rig_expect(&rig, "same head\none\n");
    rig_write(&rig, "a.log", "same head\ntwo and more\n");
    rig_expect(&rig, "same head\none\nsame head\ntwo and more\n");
    rig_fini(&rig);
}

static void writer_that_keeps_its_position_over_a_truncation_is_followed(void **state)
{
    struct rig rig;
    char text[8200];
    int fd;

    (void)state;
    rig_init(&rig);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 2] = '\n';
    text[sizeof(text) - 1] = '\0';
    rig_write(&rig, "a.log", text);
    rig_follow(&rig, "a.log", TAIL_FROM_END);
    fd = open(rig_path(&rig, "a.log"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(lseek(fd, 0, SEEK_END), 8199);
    assert_int_equal(truncate(rig_path(&rig, "a.log"), 0), 0);
    assert_int_equal(write(fd, "behind the hole\n", 16), 16);
    rig.wanted = "behind the hole\n";
    assert_true(rig_wait_until(&rig, rig_has_text));
    rig_drain(&rig);
    assert_memory_equal(rig.text + rig.len - 16, "behind the hole\n", 16);
    assert_true(rig.len <= 8199 - 4096 + 16); /* the page-aligned part of the hole was skipped */
    (void)close(fd);
    rig_fini(&rig);
}

static void deleted_file_is_read_to_its_end_then_closed(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "one\n");
    rig_follow_opts(&rig, "a.log", (struct tail_opts){.from = TAIL_FROM_START, .quiet_ms = 300});
    rig_expect(&rig, "one\n");
    fd = open(rig_path(&rig, "a.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
    rig_remove(&rig, "a.log");
    assert_int_equal(write(fd, "last words\n", 11), 11);
    (void)close(fd);
    rig_expect(&rig, "one\nlast words\n");
    rig_expect_closed(&rig, 1);
    assert_int_equal(source_peek_stats(rig.source)->files_open, 0);
    rig_write(&rig, "a.log", "next\n");
    rig_expect(&rig, "one\nlast words\nnext\n");
    rig_fini(&rig);
}

static void symlink_flip_is_followed(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "one/a.log", "1\n");
    rig_write(&rig, "two/a.log", "2\n");
    assert_int_equal(symlink("one", rig_path(&rig, "..data")), 0);
    rig_follow(&rig, "..data/a.log", TAIL_FROM_START);
    rig_expect(&rig, "1\n");
    assert_int_equal(symlink("two", rig_path(&rig, "next")), 0);
    rig_rename(&rig, "next", "..data");
    rig_expect(&rig, "1\n2\n");
    rig_append(&rig, "two/a.log", "3\n");
    rig_expect(&rig, "1\n2\n3\n");
    rig_fini(&rig);
}

static void linked_file_turned_to_another_is_followed(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "real1", "1\n");
    rig_write(&rig, "real2", "2\n");
    assert_int_equal(symlink("real1", rig_path(&rig, "a.log")), 0);
    rig_follow(&rig, "*.log", TAIL_FROM_START);
    rig_expect(&rig, "1\n");
    assert_int_equal(symlink("real2", rig_path(&rig, "next")), 0);
    rig_rename(&rig, "next", "a.log");
    rig_expect(&rig, "1\n2\n");
    rig_fini(&rig);
}

static void fifo_and_directory_are_refused_and_do_not_block(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(mkfifo(rig_path(&rig, "a.log"), 0600), 0);
    rig_follow(&rig, "a.log", TAIL_FROM_START);
    assert_string_equal(rig_expect_notice(&rig, SOURCE_FAILED)->message, "not a regular file");
    rig_remove(&rig, "a.log");
    rig_write(&rig, "a.log", "a file now\n");
    rig_expect(&rig, "a file now\n");
    rig_remove(&rig, "a.log");
    assert_int_equal(mkdir(rig_path(&rig, "a.log"), 0700), 0);
    rig_drain(&rig);
    assert_int_equal(rig_count(&rig, SOURCE_FAILED), 2);
    rig_fini(&rig);
}

static void full_receiver_gets_no_more_until_it_says_so(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "");
    rig_write(&rig, "b.log", "");
    rig_follow(&rig, "*.log", TAIL_FROM_END);
    rig.answer = RC_FULL;
    rig_append(&rig, "a.log", "one\n");
    rig_expect(&rig, "one\n");
    rig_append(&rig, "a.log", "two\n");
    rig_append(&rig, "b.log", "three\n");
    for (int i = 0; i < 3; i++) { /* three ticks and more pass without a byte */
        rig.wanted_n = rig.n_notices;
        rig.is_done = NULL;
        timer_start(rig.deadline, 150, 0);
        assert_int_equal(loop_run(rig.loop), RC_OK);
    }
    assert_string_equal(rig.text, "one\n");
    source_resume(rig.source);
    rig.wanted = "one\ntwo\nthree\n";
    assert_true(rig_wait_until(&rig, rig_has_text));
    rig_fini(&rig);
}

static void bytes_destroyed_while_reading_was_held_back_are_reported_lost(void **state)
{
    struct rig rig;
    const struct rig_notice *lost;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "");
    rig_follow(&rig, "a.log", TAIL_FROM_END);
    rig.answer = RC_FULL;
    rig_append(&rig, "a.log", "one\n");
    rig_expect(&rig, "one\n");
    rig_append(&rig, "a.log", "never read\n");
    timer_start(rig.deadline, 500, 0); /* some ticks see its size */
    assert_int_equal(loop_run(rig.loop), RC_OK);
    rig_write(&rig, "a.log", "x\n");
    timer_start(rig.deadline, 500, 0);
    assert_int_equal(loop_run(rig.loop), RC_OK);
    source_resume(rig.source);
    lost = rig_expect_notice(&rig, SOURCE_LOST);
    assert_non_null(lost);
    if (lost == NULL) {
        return; /* for compilers that do not know that an assertion ends the test */
    }
    assert_int_equal(lost->from, 4);
    assert_int_equal(lost->to, 15);
    rig_expect(&rig, "one\nx\n");
    assert_int_equal(source_peek_stats(rig.source)->lost_bytes, 11);
    rig_fini(&rig);
}

static void drain_reads_what_was_written_just_before(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "");
    rig_follow_opts(&rig, "*.log", (struct tail_opts){.read_bytes = 16});
    rig_append(&rig, "a.log", "a line that is longer than a chunk\n");
    rig_write(&rig, "b.log", "a file that is new\n");
    rig_drain(&rig);
    assert_int_equal(rig.len, 35 + 19);
    rig_append(&rig, "a.log", "too late\n");
    rig_fini(&rig);
}

static void silence_is_told_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "no end");
    rig_follow_opts(&rig, "a.log", (struct tail_opts){.from = TAIL_FROM_START, .quiet_ms = 150});
    rig_expect(&rig, "no end");
    while (rig.quiet == 0) {
        timer_start(rig.deadline, 100, 0);
        assert_int_equal(loop_run(rig.loop), RC_OK);
    }
    timer_start(rig.deadline, 500, 0);
    assert_int_equal(loop_run(rig.loop), RC_OK);
    assert_int_equal(rig.quiet, 1);
    rig_fini(&rig);
}

static void polling_finds_the_same(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "");
    rig_follow_opts(&rig, "*.log", (struct tail_opts){.poll = true});
    rig_append(&rig, "a.log", "one\n");
    rig_expect(&rig, "one\n");
    rig_rename(&rig, "a.log", "a.log.1");
    rig_append(&rig, "a.log.1", "two\n");
    rig_write(&rig, "a.log", "three\n");
    rig_expect(&rig, "one\ntwo\nthree\n");
    rig_write(&rig, "a.log", "4\n");
    rig_expect(&rig, "one\ntwo\nthree\n4\n");
    rig_fini(&rig);
}

static void receiver_that_refuses_a_stream_ends_that_stream_only(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log", "");
    rig_write(&rig, "b.log", "");
    rig_follow(&rig, "*.log", TAIL_FROM_END);
    rig.answer = RC_UNSUPPORTED;
    rig_append(&rig, "a.log", "refused\n");
    assert_string_equal(rig_expect_notice(&rig, SOURCE_FAILED)->file, rig_path(&rig, "a.log"));
    rig_append(&rig, "a.log", "unheard\n");
    rig_append(&rig, "b.log", "taken\n");
    rig_expect(&rig, "refused\ntaken\n");
    rig_fini(&rig);
}

static void excluded_names_are_left_alone(void **state)
{
    static const char *const excludes[] = {"*.gz"};
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_write(&rig, "a.log.gz", "packed\n");
    rig_write(&rig, "a.log", "plain\n");
    rig_follow_opts(
        &rig, "**",
        (struct tail_opts){.from = TAIL_FROM_START, .excludes = excludes, .n_excludes = 1});
    rig_drain(&rig);
    assert_string_equal(rig.text, "plain\n");
    rig_fini(&rig);
}

static void directory_below_double_star_that_appears_later_is_searched(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_follow(&rig, "**/stderr.log", TAIL_FROM_END);
    rig_write(&rig, "run/attempt_0/3/stderr.log", "deep\n");
    rig_expect(&rig, "deep\n");
    rig_fini(&rig);
}

static bool has_waiting_files(struct rig *rig)
{
    return source_peek_stats(rig->source)->files_waiting > 0 && rig->len > 0;
}

static void shortage_of_descriptors_delays_files_and_loses_none(void **state)
{
    struct rig rig;
    struct rlimit before;
    struct rlimit tight;
    char name[32];
    int probe;

    (void)state;
    rig_init(&rig);
    for (int i = 0; i < 30; i++) {
        (void)snprintf(name, sizeof(name), "%d.log", i);
        rig_write(&rig, name, "x\n");
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    probe = dup(0);
    assert_true(probe >= 0);
    (void)close(probe);
    tight = (struct rlimit){(rlim_t)probe + 16, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    rig_follow(&rig, "*.log", TAIL_FROM_START);
    while (!has_waiting_files(&rig)) {
        timer_start(rig.deadline, 50, 0);
        assert_int_equal(loop_run(rig.loop), RC_OK);
    }
    assert_int_equal(rig_count(&rig, SOURCE_FAILED), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    rig_expect_opened(&rig, 30);
    rig_drain(&rig);
    assert_int_equal(rig.len, 60);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_line_is_delivered),
        cmocka_unit_test(from_start_reads_what_is_there),
        cmocka_unit_test(file_that_appears_later_is_read_from_its_start),
        cmocka_unit_test(missing_file_is_waited_for_with_one_notice),
        cmocka_unit_test(line_unfinished_at_start_is_delivered_whole_when_it_goes_on),
        cmocka_unit_test(line_unfinished_at_start_stays_unsaid_when_nothing_comes),
        cmocka_unit_test(rename_rotation_keeps_order),
        cmocka_unit_test(generations_that_pass_between_two_looks_are_read_in_order),
        cmocka_unit_test(renamed_file_that_the_glob_matches_is_not_read_again),
        cmocka_unit_test(truncation_begins_anew),
        cmocka_unit_test(rewrite_to_the_same_size_is_read),
        cmocka_unit_test(rewrite_to_a_larger_size_is_read_from_its_start),
        cmocka_unit_test(writer_that_keeps_its_position_over_a_truncation_is_followed),
        cmocka_unit_test(deleted_file_is_read_to_its_end_then_closed),
        cmocka_unit_test(symlink_flip_is_followed),
        cmocka_unit_test(linked_file_turned_to_another_is_followed),
        cmocka_unit_test(fifo_and_directory_are_refused_and_do_not_block),
        cmocka_unit_test(full_receiver_gets_no_more_until_it_says_so),
        cmocka_unit_test(bytes_destroyed_while_reading_was_held_back_are_reported_lost),
        cmocka_unit_test(drain_reads_what_was_written_just_before),
        cmocka_unit_test(silence_is_told_once),
        cmocka_unit_test(polling_finds_the_same),
        cmocka_unit_test(receiver_that_refuses_a_stream_ends_that_stream_only),
        cmocka_unit_test(excluded_names_are_left_alone),
        cmocka_unit_test(shortage_of_descriptors_delays_files_and_loses_none),
        cmocka_unit_test(directory_below_double_star_that_appears_later_is_searched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
