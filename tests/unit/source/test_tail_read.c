/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and reading one file, without threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/tail_read.h"
#include "support/tmpdir.h"

struct one_file {
    char dir[256];
    char path[300];
    char bytes[4096];
    struct tail_open open_file;
    struct tail_read read_file;
};

static void set_text(struct one_file *one, const char *text)
{
    tmpdir_write(one->dir, "a.log", text, strlen(text));
}

static void open_at(struct one_file *one, uint64_t end)
{
    struct stat st;

    assert_int_equal(stat(one->path, &st), 0);
    one->open_file = (struct tail_open){
        .path = one->path, .device = st.st_dev, .inode = st.st_ino, .end = end, .inotify_fd = -1};
    tail_open_file(&one->open_file);
}

static void one_file_init(struct one_file *one, const char *text, uint64_t end)
{
    *one = (struct one_file){0};
    tmpdir_make(one->dir, sizeof(one->dir));
    (void)snprintf(one->path, sizeof(one->path), "%s/a.log", one->dir);
    set_text(one, text);
    open_at(one, end);
    one->read_file = (struct tail_read){
        .fd = one->open_file.fd,
        .mark = one->open_file.mark,
        .bytes = one->bytes,
        .cap = sizeof(one->bytes),
    };
}

static void one_file_fini(struct one_file *one)
{
    if (one->open_file.fd >= 0) {
        (void)close(one->open_file.fd);
    }
    tmpdir_remove(one->dir);
}

static void read_and_advance(struct one_file *one, const char *expected)
{
    tail_read_file(&one->read_file);
    assert_int_equal(one->read_file.err_no, 0);
    assert_false(one->read_file.rewritten);
    assert_int_equal(one->read_file.n, strlen(expected));
    assert_memory_equal(one->bytes, expected, strlen(expected));
    tail_mark_advance(&one->read_file.mark, span_of(one->bytes, one->read_file.n));
}

static void start_is_the_line_that_is_unfinished(void **state)
{
    struct one_file one;

    (void)state;
    one_file_init(&one, "one\ntwo", 7);
    assert_int_equal(one.open_file.mark.offset, 4);
    read_and_advance(&one, "two");
    one_file_fini(&one);
    one_file_init(&one, "one\n", 4);
    assert_int_equal(one.open_file.mark.offset, 4);
    one_file_fini(&one);
    one_file_init(&one, "no end", 6);
    assert_int_equal(one.open_file.mark.offset, 0);
    one_file_fini(&one);
}

static void growth_is_read_on(void **state)
{
    struct one_file one;

    (void)state;
    one_file_init(&one, "one\n", 0);
    read_and_advance(&one, "one\n");
    set_text(&one, "one\ntwo\n");
    read_and_advance(&one, "two\n");
    assert_int_equal(one.read_file.mark.head_len, 8);
    one_file_fini(&one);
}

static void other_contents_are_a_rewrite(void **state)
{
    static const char *const rewrites[] = {"x", "xxx\n", "two\nand more\n", ""};
    struct one_file one;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        one_file_init(&one, "one\n", 0);
        read_and_advance(&one, "one\n");
        set_text(&one, rewrites[i]);
        tail_read_file(&one.read_file);
        assert_true(one.read_file.rewritten);
        assert_int_equal(one.read_file.n, 0);
        one_file_fini(&one);
    }
}

/* The same first 256 bytes, as of programs that begin with a banner: the bytes before the position
 * tell them apart. */
static void same_head_does_not_hide_a_rewrite(void **state)
{
    char first[400];
    char second[500];
    struct one_file one;

    (void)state;
    memset(first, 'h', sizeof(first));
    memset(second, 'h', sizeof(second));
    memset(first + 300, 'a', 99);
    memset(second + 300, 'b', 199);
    first[399] = '\0';
    second[499] = '\0';
    one_file_init(&one, first, 0);
    read_and_advance(&one, first);
    set_text(&one, second);
    tail_read_file(&one.read_file);
    assert_true(one.read_file.rewritten);
    one_file_fini(&one);
}

static void another_file_under_the_path_is_not_taken(void **state)
{
    struct one_file one;

    (void)state;
    one_file_init(&one, "one\n", 0);
    one.open_file.inode++;
    (void)close(one.open_file.fd);
    tail_open_file(&one.open_file);
    assert_int_equal(one.open_file.fd, -1);
    assert_int_equal(one.open_file.err_no, 0);
    one_file_fini(&one);
}

static void file_that_was_renamed_meanwhile_is_found(void **state)
{
    struct one_file one;
    char renamed[320];

    (void)state;
    one_file_init(&one, "one\n", 0);
    (void)close(one.open_file.fd);
    (void)snprintf(renamed, sizeof(renamed), "%s.1", one.path);
    assert_int_equal(rename(one.path, renamed), 0);
    tail_open_file(&one.open_file);
    assert_true(one.open_file.fd >= 0);
    one_file_fini(&one);
}

static void fifo_is_not_waited_for(void **state)
{
    struct one_file one;

    (void)state;
    one_file_init(&one, "", 0);
    (void)close(one.open_file.fd);
    assert_int_equal(remove(one.path), 0);
    assert_int_equal(mkfifo(one.path, 0600), 0);
    open_at(&one, 0);
    assert_int_equal(one.open_file.fd, -1);
    one_file_fini(&one);
}

static void failed_read_is_told(void **state)
{
    struct one_file one;

    (void)state;
    one_file_init(&one, "x", 0);
    one.read_file.fd = 9999;
    tail_read_file(&one.read_file);
    assert_int_equal(one.read_file.err_no, EBADF);
    one_file_fini(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_is_the_line_that_is_unfinished),
        cmocka_unit_test(growth_is_read_on),
        cmocka_unit_test(other_contents_are_a_rewrite),
        cmocka_unit_test(same_head_does_not_hide_a_rewrite),
        cmocka_unit_test(another_file_under_the_path_is_not_taken),
        cmocka_unit_test(file_that_was_renamed_meanwhile_is_found),
        cmocka_unit_test(fifo_is_not_waited_for),
        cmocka_unit_test(failed_read_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
