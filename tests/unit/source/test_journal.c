/* SPDX-License-Identifier: Apache-2.0 */
/* The journal where it is missing, unreadable or empty; a real one is read end to end. */
#include "unit/source/rig.h"

#include "base/mem.h"
#include "source/journal.h"
#include "source/journal_files.h"
#include "source/journal_lib.h"

static void put_header(struct rig *rig, const char *name, unsigned char n_entries)
{
    char header[4096] = "LPKSHHRH";

    header[14] = 0x10; /* an incompatible feature that does not exist yet */
    header[152] = (char)n_entries;
    tmpdir_write(rig->dir, name, header, sizeof(header));
}

static void missing_library_says_what_to_install(void **state)
{
    struct journal_opts opts = {.library = "libsystemd-is-missing.so.0"};
    struct rig rig;
    struct err err;

    (void)state;
    rig_init(&rig);
    assert_int_equal(source_open_journal(rig.loop, &opts, &rig_ops, &rig, &rig.source, &err),
                     RC_UNSUPPORTED);
    assert_non_null(strstr(err.hint, "libsystemd0"));
    opts.library = "libc.so.6"; /* is there, but has none of the functions */
    assert_int_equal(source_open_journal(rig.loop, &opts, &rig_ops, &rig, &rig.source, &err),
                     RC_UNSUPPORTED);
    assert_non_null(strstr(err.message, "sd_journal_open"));
    rig_fini(&rig);
}

static void files_tell_why_nothing_can_be_read(void **state)
{
    struct rig rig;
    struct err err;

    (void)state;
    rig_init(&rig);
    assert_int_equal(journal_files_check("/nonexistent", &err), RC_NOT_FOUND);
    assert_int_equal(journal_files_check(rig.dir, &err), RC_OK);
    rig_write(&rig, "short.journal", "LPKSHHRH");
    put_header(&rig, "empty.journal", 0);
    put_header(&rig, "other.log", 1);
    assert_int_equal(journal_files_check(rig.dir, &err), RC_OK);
    put_header(&rig, "system.journal", 1);
    assert_int_equal(journal_files_check(rig.dir, &err), RC_UNSUPPORTED);
    rig_fini(&rig);
}

static bool has_library(void)
{
    struct journal_lib lib;
    struct err err;

    return journal_lib_load("libsystemd.so.0", &lib, &err) == RC_OK;
}

static void unreadable_journal_fails_once_and_an_empty_one_waits(void **state)
{
    struct journal_opts opts = {0};
    struct rig rig;
    struct err err;

    (void)state;
    if (!has_library()) {
        print_message("skipped: libsystemd.so.0 is not installed\n");
        skip();
    }
    rig_init(&rig);
    opts.dir = rig.dir;
    put_header(&rig, "system.journal", 1);
    assert_int_equal(source_open_journal(rig.loop, &opts, &rig_ops, &rig, &rig.source, &err),
                     RC_OK);
    assert_non_null(strstr(rig_expect_notice(&rig, SOURCE_FAILED)->message, "cannot read"));
    rig_remove(&rig, "system.journal");
    (void)rig_expect_notice(&rig, SOURCE_READY); /* by itself, after the back-off */
    assert_int_equal(rig_count(&rig, SOURCE_FAILED), 1);
    rig_drain(&rig);
    rig_fini(&rig);
}

static void want_of_memory_is_an_error(void **state)
{
    struct journal_opts opts = {0};
    struct rig rig;
    struct err err;
    enum rc rc = RC_NOMEM;

    (void)state;
    if (!has_library()) {
        skip();
    }
    rig_init(&rig);
    opts.dir = rig.dir;
    for (int64_t n = 0; rc != RC_OK && n < 30; n++) {
        mem_fail_after(n);
        rc = source_open_journal(rig.loop, &opts, &rig_ops, &rig, &rig.source, &err);
        mem_fail_after(-1);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
    }
    assert_int_equal(rc, RC_OK);
    (void)rig_expect_notice(&rig, SOURCE_READY);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_library_says_what_to_install),
        cmocka_unit_test(files_tell_why_nothing_can_be_read),
        cmocka_unit_test(unreadable_journal_fails_once_and_an_empty_one_waits),
        cmocka_unit_test(want_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
