/* SPDX-License-Identifier: Apache-2.0 */
/* Scans, run by run, without threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/tail_scan.h"
#include "support/tmpdir.h"

struct scanned {
    char dir[256];
    char pattern[320];
    struct scan *scan;
    char seen[4096]; /* changes of the last run: "F a.log\n" */
};

static enum rc scanned_run(struct scanned *s, bool full)
{
    static const char letters[] = {'F', 'P', 'G', 'R', 'N', 'X'};
    struct scan_task task = {.tick = true, .full = full};
    enum rc rc;

    s->seen[0] = '\0';
    scan_run(s->scan, &task);
    for (size_t i = 0; i < task.n_changes; i++) {
        const char *path = task.changes[i].path;
        size_t dir_len = strlen(s->dir);
        size_t at = strlen(s->seen);
        (void)snprintf(s->seen + at, sizeof(s->seen) - at, "%c %s\n", letters[task.changes[i].kind],
                       strlen(path) > dir_len ? path + dir_len + 1 : ".");
    }
    rc = task.rc;
    scan_task_fini(&task);
    return rc;
}

static void scanned_init(struct scanned *s, const char *pattern, bool is_root)
{
    const char *patterns[] = {s->pattern};
    struct scan_opts opts = {.patterns = patterns, .n_patterns = 1, .inotify_fd = -1};

    *s = (struct scanned){0};
    tmpdir_make(s->dir, sizeof(s->dir));
    (void)snprintf(s->pattern, sizeof(s->pattern), "%s/%s", s->dir, pattern);
    assert_int_equal(scan_new(&opts, &s->scan), RC_OK);
    assert_int_equal(is_root ? scan_add_root(s->scan, s->dir) : scan_add_path(s->scan, s->pattern),
                     RC_OK);
}

static void scanned_fini(struct scanned *s)
{
    scan_free(s->scan);
    tmpdir_remove(s->dir);
}

static void expect(struct scanned *s, const char *changes)
{
    assert_int_equal(scanned_run(s, false), RC_OK);
    assert_string_equal(s->seen, changes);
}

static void file_remove(struct scanned *s, const char *name)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
    assert_int_equal(remove(path), 0);
}

static void files_come_change_and_go(void **state)
{
    struct scanned s;

    (void)state;
    scanned_init(&s, "*.log", true);
    tmpdir_write(s.dir, "a.log", "x", 1);
    tmpdir_write(s.dir, "a.txt", "x", 1);
    expect(&s, "F a.log\n");
    expect(&s, "");
    tmpdir_write(s.dir, "a.log", "xyz", 3);
    expect(&s, "F a.log\n");
    file_remove(&s, "a.log");
    expect(&s, "G a.log\n");
    expect(&s, "");
    scanned_fini(&s);
}

static void plain_path_is_said_to_be_missing_once(void **state)
{
    struct scanned s;

    (void)state;
    scanned_init(&s, "sub/a.log", false);
    expect(&s, "G sub/a.log\n");
    expect(&s, "");
    tmpdir_write(s.dir, "sub/a.log", "x", 1);
    expect(&s, "F sub/a.log\n");
    scanned_fini(&s);
}

static void pattern_without_a_match_is_said_once(void **state)
{
    struct scanned s;

    (void)state;
    scanned_init(&s, "*.log", true);
    expect(&s, "N *.log\n");
    expect(&s, "");
    scanned_fini(&s);
}

static void removed_directory_takes_its_files_along(void **state)
{
    struct scanned s;

    (void)state;
    scanned_init(&s, "**/a.log", true);
    tmpdir_write(s.dir, "x/y/a.log", "x", 1);
    expect(&s, "F x/y/a.log\n");
    file_remove(&s, "x/y/a.log");
    file_remove(&s, "x/y");
    file_remove(&s, "x");
    expect(&s, "G x/y/a.log\n");
    expect(&s, "");
    scanned_fini(&s);
}

static void directory_in_place_of_a_plain_file_is_refused(void **state)
{
    struct scanned s;

    (void)state;
    scanned_init(&s, "a.log", false);
    tmpdir_write(s.dir, "a.log", "x", 1);
    expect(&s, "F a.log\n");
    file_remove(&s, "a.log");
    tmpdir_write(s.dir, "a.log/b", "x", 1);
    expect(&s, "G a.log\nR a.log\n");
    expect(&s, "");
    scanned_fini(&s);
}

static void double_star_does_not_follow_links_in_circles(void **state)
{
    struct scanned s;
    char link[600];

    (void)state;
    scanned_init(&s, "**/a.log", true);
    tmpdir_write(s.dir, "x/a.log", "x", 1);
    (void)snprintf(link, sizeof(link), "%s/x/round", s.dir);
    assert_int_equal(symlink("..", link), 0);
    expect(&s, "F x/a.log\n");
    scanned_fini(&s);
}

static void generation_that_was_never_seen_comes_before_its_successor(void **state)
{
    struct scanned s;
    char from[600];
    char to[600];

    (void)state;
    scanned_init(&s, "a.log", false);
    tmpdir_write(s.dir, "a.log", "1", 1);
    expect(&s, "F a.log\n");
    (void)snprintf(from, sizeof(from), "%s/a.log", s.dir);
    (void)snprintf(to, sizeof(to), "%s/a.log.2", s.dir);
    assert_int_equal(rename(from, to), 0);
    tmpdir_write(s.dir, "a.log", "2", 1);
    (void)snprintf(to, sizeof(to), "%s/a.log.1", s.dir);
    assert_int_equal(rename(from, to), 0);
    tmpdir_write(s.dir, "a.log", "3", 1);
    tmpdir_write(s.dir, "a.log.bak", "no rotation", 11);
    expect(&s, "P a.log\nF a.log\n");
    scanned_fini(&s);
}

static void out_of_memory_is_made_good_by_the_next_run(void **state)
{
    struct scanned s;

    (void)state;
    for (int64_t n = 0; n < 40; n++) {
        scanned_init(&s, "**/*.log", true);
        tmpdir_write(s.dir, "x/a.log", "x", 1);
        mem_fail_after(n);
        (void)scanned_run(&s, false);
        mem_fail_after(-1);
        if (strcmp(s.seen, "F x/a.log\n") != 0) {
            assert_int_equal(scanned_run(&s, true), RC_OK);
            /* Either now, or the first run found it and could only not say "nothing". */
            assert_non_null(strstr(s.seen, "F x/a.log\n"));
        }
        scanned_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_change_and_go),
        cmocka_unit_test(plain_path_is_said_to_be_missing_once),
        cmocka_unit_test(pattern_without_a_match_is_said_once),
        cmocka_unit_test(removed_directory_takes_its_files_along),
        cmocka_unit_test(directory_in_place_of_a_plain_file_is_refused),
        cmocka_unit_test(double_star_does_not_follow_links_in_circles),
        cmocka_unit_test(generation_that_was_never_seen_comes_before_its_successor),
        cmocka_unit_test(out_of_memory_is_made_good_by_the_next_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
