/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel messages: from a FIFO, where records can be crafted, and from /dev/kmsg itself. */
#include "unit/source/rig.h"

#include <time.h>

#include "base/mem.h"
#include "source/kmsg.h"

static char boot[64];

static int make_fifo(struct rig *rig)
{
    assert_int_equal(mkfifo(rig_path(rig, "kmsg"), 0600), 0);
    return open(rig_path(rig, "kmsg"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void open_kmsg(struct rig *rig, struct kmsg_opts opts)
{
    struct err err;

    opts.path = opts.path != NULL ? opts.path : rig_path(rig, "kmsg");
    assert_int_equal(source_open_kmsg(rig->loop, &opts, &rig_ops, rig, &rig->source, &err), RC_OK);
    (void)rig_expect_notice(rig, SOURCE_READY);
}

static void put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void records_arrive_with_who_said_them(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    open_kmsg(&rig, (struct kmsg_opts){0});
    put(fd, "4,7,1000,-;NVRM: one\n KEY=value\n12,8,1001,-;written\n");
    rig_expect(&rig, "NVRM: one\nwritten\n");
    assert_int_equal(rig.n_kernel, 1);
    put(fd, "4,9,1002,-;cut in ");
    put(fd, "two\n");
    rig_expect(&rig, "NVRM: one\nwritten\ncut in two\n");
    assert_non_null(strstr(rig.cursor, ":9"));
    assert_int_equal(rig_count(&rig, SOURCE_LOST), 0);
    rig_fini(&rig);
    (void)close(fd);
}

static void skipped_numbers_are_lost_input(void **state)
{
    const struct rig_notice *lost;
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    open_kmsg(&rig, (struct kmsg_opts){0});
    put(fd, "4,7,1,-;a\n4,10,2,-;b\n");
    rig_expect(&rig, "a\nb\n");
    lost = rig_expect_notice(&rig, SOURCE_LOST);
    assert_string_equal(lost->message, "2 kernel messages were overwritten unread");
    assert_int_equal(source_peek_stats(rig.source)->lost_messages, 2);
    rig_fini(&rig);
    (void)close(fd);
}

static void cursor_of_this_boot_goes_on_behind_it(void **state)
{
    char cursor[128];
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    put(fd, "4,7,1,-;old\n4,8,2,-;last\n4,9,3,-;new\n");
    (void)snprintf(cursor, sizeof(cursor), "%s:8", boot);
    open_kmsg(&rig, (struct kmsg_opts){.resume_cursor = cursor});
    rig_expect(&rig, "new\n");
    assert_int_equal(rig.n_replayed, 0);
    assert_int_equal(rig_count(&rig, SOURCE_LOST), 0);
    rig_fini(&rig);
    (void)close(fd);
}

static void cursor_that_was_overwritten_is_a_loss(void **state)
{
    char cursor[128];
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    put(fd, "4,30,1,-;new\n");
    (void)snprintf(cursor, sizeof(cursor), "%s:8", boot);
    open_kmsg(&rig, (struct kmsg_opts){.resume_cursor = cursor});
    rig_expect(&rig, "new\n");
    assert_int_equal(rig_count(&rig, SOURCE_LOST), 1);
    rig_fini(&rig);
    (void)close(fd);
}

static void cursor_of_another_boot_reads_all_and_says_so(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    put(fd, "4,0,1,-;since the boot\n");
    open_kmsg(&rig, (struct kmsg_opts){.resume_cursor = "not-this-boot:8"});
    rig_expect(&rig, "since the boot\n");
    assert_int_equal(rig.n_replayed, 0);
    assert_int_equal(rig_count(&rig, SOURCE_LOST), 1);
    rig_fini(&rig);
    (void)close(fd);
}

static void what_is_there_at_the_first_start_is_history(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    put(fd, "4,7,1,-;old\n");
    open_kmsg(&rig, (struct kmsg_opts){.from = TAIL_FROM_START});
    rig_expect(&rig, "old\n");
    assert_int_equal(rig.n_replayed, 1);
    rig_drain(&rig);
    put(fd, "4,8,1,-;new\n");
    rig_expect(&rig, "old\nnew\n");
    assert_int_equal(rig.n_replayed, 1);
    rig_fini(&rig);
    (void)close(fd);
}

static void full_receiver_stops_the_reading(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    open_kmsg(&rig, (struct kmsg_opts){0});
    rig.answer = RC_FULL;
    put(fd, "4,7,1,-;one\n");
    rig_expect(&rig, "one\n");
    put(fd, "4,8,1,-;two\n");
    timer_start(rig.deadline, 100, 0);
    assert_int_equal(loop_run(rig.loop), RC_OK);
    assert_string_equal(rig.text, "one\n");
    source_resume(rig.source);
    rig_expect(&rig, "one\ntwo\n");
    rig_fini(&rig);
    (void)close(fd);
}

static bool is_ready_twice(struct rig *rig)
{
    return rig_count(rig, SOURCE_READY) >= 2;
}

static void end_is_told_once_and_it_is_opened_again(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    open_kmsg(&rig, (struct kmsg_opts){0});
    put(fd, "4,7,1,-;one\n");
    rig_expect(&rig, "one\n");
    (void)close(fd);
    (void)rig_expect_notice(&rig, SOURCE_FAILED);
    fd = open(rig_path(&rig, "kmsg"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(rig_wait_until(&rig, is_ready_twice));
    put(fd, "4,7,1,-;one\n4,8,1,-;two\n");
    rig_expect(&rig, "one\ntwo\n");
    assert_int_equal(rig_count(&rig, SOURCE_FAILED), 1);
    rig_fini(&rig);
    (void)close(fd);
}

static void refusing_receiver_ends_it(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    fd = make_fifo(&rig);
    open_kmsg(&rig, (struct kmsg_opts){0});
    rig.answer = RC_UNSUPPORTED;
    put(fd, "4,7,1,-;one\n");
    (void)rig_expect_notice(&rig, SOURCE_FAILED);
    rig_fini(&rig);
    (void)close(fd);
}

static void missing_path_and_want_of_memory_are_errors(void **state)
{
    struct kmsg_opts opts = {.path = "/nonexistent/kmsg"};
    struct rig rig;
    struct err err;
    enum rc rc = RC_NOMEM;
    int fd;

    (void)state;
    rig_init(&rig);
    assert_int_equal(source_open_kmsg(rig.loop, &opts, &rig_ops, &rig, &rig.source, &err),
                     RC_NOT_FOUND);
    fd = make_fifo(&rig);
    opts.path = rig_path(&rig, "kmsg");
    for (int64_t n = 0; rc != RC_OK && n < 20; n++) {
        mem_fail_after(n);
        rc = source_open_kmsg(rig.loop, &opts, &rig_ops, &rig, &rig.source, &err);
        mem_fail_after(-1);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
    }
    assert_int_equal(rc, RC_OK);
    rig_fini(&rig);
    (void)close(fd);
}

static bool has_marker(struct rig *rig)
{
    return strstr(rig->text, rig->wanted) != NULL;
}

static void device_itself_is_read_from_its_end(void **state)
{
    struct rig rig;
    char line[128];
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    int reads = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    (void)state;
    if (fd < 0 || reads < 0) {
        print_message("skipped: /dev/kmsg cannot be written and read here: %s\n", strerror(errno));
        skip();
    }
    (void)close(reads);
    rig_init(&rig);
    open_kmsg(&rig, (struct kmsg_opts){.path = "/dev/kmsg", .from = TAIL_FROM_END});
    (void)snprintf(line, sizeof(line), "<4>gpuerr test %ld %d\n", (long)time(NULL), (int)getpid());
    put(fd, line);
    line[strlen(line) - 1] = '\0';
    rig.wanted = line + 3;
    assert_true(rig_wait_until(&rig, has_marker));
    assert_int_equal(rig.n_kernel, 0);
    assert_int_equal(rig.n_replayed, 0);
    assert_true(llabs((long long)rig.log_wall_ns / 1000000000 - (long long)time(NULL)) < 60);
    rig_fini(&rig);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_arrive_with_who_said_them),
        cmocka_unit_test(skipped_numbers_are_lost_input),
        cmocka_unit_test(cursor_of_this_boot_goes_on_behind_it),
        cmocka_unit_test(cursor_that_was_overwritten_is_a_loss),
        cmocka_unit_test(cursor_of_another_boot_reads_all_and_says_so),
        cmocka_unit_test(what_is_there_at_the_first_start_is_history),
        cmocka_unit_test(full_receiver_stops_the_reading),
        cmocka_unit_test(end_is_told_once_and_it_is_opened_again),
        cmocka_unit_test(refusing_receiver_ends_it),
        cmocka_unit_test(missing_path_and_want_of_memory_are_errors),
        cmocka_unit_test(device_itself_is_read_from_its_end),
    };
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, boot, 36) != 36) {
        return 1;
    }
    (void)close(fd);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
