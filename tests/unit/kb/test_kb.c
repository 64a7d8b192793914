/* SPDX-License-Identifier: Apache-2.0 */
/* Loading entries: the seed is kept to the last field, and each kind of broken entry is refused
 * with its own words. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "support/cmocka.h"
#include "support/tmpdir.h"

#include "base/mem.h"
#include "kb/kb.h"
#include "kb/kb_builtin.h"

#define SEED_FILE GPUERR_SOURCE_DIR "/tests/fixtures/seed-record.json"

static char dir[256];
static char first_fault[1500];
static size_t faults;

static void on_refused(void *ctx, const struct err *err)
{
    char text[1500];

    (void)ctx;
    if (faults++ == 0) {
        (void)snprintf(first_fault, sizeof(first_fault), "%s", err_format(err, text, sizeof(text)));
    }
}

static char *read_seed(void)
{
    FILE *file = fopen(SEED_FILE, "re");
    char *text = calloc(1, 100000);

    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 99999, file) > 1000);
    assert_int_equal(fclose(file), 0);
    return text;
}

static struct kb *build(void)
{
    const char *const paths[] = {dir};
    struct kb *kb = NULL;
    struct err err;

    faults = 0;
    first_fault[0] = '\0';
    assert_int_equal(
        kb_build(&(struct kb_opts){.paths = paths, .n_paths = 1, .on_refused = on_refused}, &kb,
                 &err),
        RC_OK);
    return kb;
}

static int setup(void **state)
{
    (void)state;
    tmpdir_make(dir, sizeof(dir));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmpdir_remove(dir);
    return 0;
}

/* The seed with one piece of its text replaced is the only entry: what is said of it? */
static const char *fault_of(const char *find, const char *replace)
{
    static char path_and_text[2048];
    char *seed = read_seed();
    char *changed = calloc(1, 200000);
    char *at = strstr(seed, find);

    assert_non_null(at);
    assert_non_null(changed);
    (void)snprintf(changed, 200000, "%.*s%s%s", (int)(at - seed), seed, replace, at + strlen(find));
    tmpdir_write(dir, "x.json", changed, strlen(changed));
    struct kb *kb = build();
    assert_int_equal(kb_count(kb), 0);
    kb_unref(kb);
    free(seed);
    free(changed);
    assert_int_equal(faults, 1);
    assert_memory_equal(first_fault, dir, strlen(dir));
    (void)snprintf(path_and_text, sizeof(path_and_text), "%s", first_fault + strlen(dir) + 1);
    return path_and_text;
}

static void seed_is_kept_to_the_last_field(void **state)
{
    char *seed = read_seed();
    struct buf out;

    (void)state;
    tmpdir_write(dir, "cuda/seed.json", seed, strlen(seed));
    struct kb *kb = build();
    assert_string_equal(first_fault, "");
    assert_int_equal(kb_count(kb), 1);
    buf_init(&out, 100000);
    kb_write_json(kb_at(kb, 0), &out);
    cJSON *given = cJSON_Parse(seed);
    cJSON *kept = cJSON_ParseWithLength(out.ptr, out.len);
    assert_true(cJSON_Compare(given, kept, true));
    cJSON_Delete(given);
    cJSON_Delete(kept);
    buf_fini(&out);
    kb_unref(kb);
    free(seed);
}

static void every_shipped_entry_reads_back_the_same(void **state)
{
    struct buf out;
    struct buf again;
    struct kb *shipped;
    struct err err;

    (void)state;
    assert_int_equal(kb_build(&(struct kb_opts){.builtin = &kb_builtin}, &shipped, &err), RC_OK);
    assert_true(kb_count(shipped) >= 40);
    assert_non_null(kb_find(shipped, span_str("cuda/mps-heap-limit-exceeded")));
    buf_init(&out, 1000000);
    buf_init(&again, 1000000);
    for (size_t i = 0; i < kb_count(shipped); i++) {
        buf_clear(&out);
        buf_clear(&again);
        kb_write_json(kb_at(shipped, i), &out);
        tmpdir_write(dir, "x.json", out.ptr, out.len);
        struct kb *kb = build();
        assert_string_equal(first_fault, "");
        kb_write_json(kb_at(kb, 0), &again);
        assert_true(span_eq(buf_span(&out), buf_span(&again)));
        kb_unref(kb);
    }
    buf_fini(&out);
    buf_fini(&again);
    kb_unref(shipped);
}

static void broken_entries_are_refused_with_file_field_and_reason(void **state)
{
    (void)state;
    assert_string_equal(fault_of("\"id\":", "\"id\" "), "x.json:2:9: is not valid JSON");
    assert_string_equal(fault_of("\"confidence\": 0.87", "\"confidence\": \"high\""),
                        "x.json: confidence: must be a number from 0 to 1, or null");
    assert_string_equal(fault_of("\"fail_rate\": 0.75", "\"fail_rate\": 1.75"),
                        "x.json: dead_ends[2].fail_rate: must be a number from 0 to 1, or null");
    assert_string_equal(fault_of("\"locale\": \"en\",", ""), "x.json: locale: is missing");
    assert_string_equal(fault_of("\"locale\": \"en\",", "\"locale\": \"en\", \"locale\": \"en\","),
                        "x.json: locale: stands twice");
    assert_string_equal(fault_of("\"locale\": \"en\",", "\"locale\": \"en\", \"colour\": 1,"),
                        "x.json: colour: unknown field");
    assert_string_equal(fault_of("\"leads_to\": []", "\"leads_to\": [{\"id\": \"a/b\"}]"),
                        "x.json: transition_graph.leads_to[0].why: is missing");
    assert_string_equal(fault_of("\"ai_generated\"", "\"rumour\""),
                        "x.json: verification_tier: must be vendor_documented, source_confirmed, "
                        "community_reported or "
                        "ai_generated");
    assert_string_equal(fault_of("\"cuda/mps-heap-limit-exceeded\"", "\"Cuda/../x\""),
                        "x.json: id: must be <domain>/<slug> of lower case letters, digits and -");
}

static void broken_regexes_are_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(fault_of("\"MPS heap memory limit exceeded\"", "\"MPS (heap\""),
                           "x.json: regex: missing closing parenthesis"));
    assert_non_null(strstr(fault_of("\"MPS heap memory limit exceeded\"", "\"(MPS)*\""), "empty"));
    assert_non_null(
        strstr(fault_of("\"MPS heap memory limit exceeded\"", "\"(*LIMIT_MATCH=9)MPS\""), "verb"));
    assert_non_null(
        strstr(fault_of("\"MPS heap memory limit exceeded\"", "\"MPS(?C1)heap\""), "callout"));
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    char deep[400];

    (void)state;
    assert_string_equal(fault_of("heap memory", "\xff"), "x.json: is not UTF-8");
    assert_string_equal(fault_of("\"tags\": []", "\"tags\": [\"a\\u0000b\"]"),
                        "x.json: holds a NUL character");
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    assert_string_equal(fault_of("\"tags\": []", deep), "x.json: is nested deeper than 64 levels");
}

static void file_of_100_mb_is_refused_unread(void **state)
{
    char path[300];

    (void)state;
    tmpdir_write(dir, "x.json", "{", 1);
    (void)snprintf(path, sizeof(path), "%s/x.json", dir);
    assert_int_equal(truncate(path, 100000000), 0);
    kb_unref(build());
    assert_non_null(strstr(first_fault, "x.json: is larger than 1 MiB"));
}

static void same_id_in_two_files_of_a_tree_is_refused_and_a_later_tree_wins(void **state)
{
    char *seed = read_seed();
    char later[300];
    const char *paths[2] = {dir, later};
    struct kb *kb;
    struct err err;

    (void)state;
    tmpdir_write(dir, "a.json", seed, strlen(seed));
    tmpdir_write(dir, "b.json", seed, strlen(seed));
    kb_unref(build());
    assert_int_equal(faults, 1);
    assert_non_null(
        strstr(first_fault, "b.json: id: duplicate id cuda/mps-heap-limit-exceeded (first in "));
    (void)snprintf(later, sizeof(later), "%s/b.json", dir);
    assert_int_equal(
        kb_build(&(struct kb_opts){.builtin = &kb_builtin, .paths = paths + 1, .n_paths = 1}, &kb,
                 &err),
        RC_OK);
    assert_string_equal(kb_file(kb, kb_find(kb, span_str("cuda/mps-heap-limit-exceeded"))), later);
    kb_unref(kb);
    free(seed);
}

static void one_bad_file_does_not_stop_the_others(void **state)
{
    char *seed = read_seed();

    (void)state;
    tmpdir_write(dir, "a.json", "{", 1);
    tmpdir_write(dir, "b.json", seed, strlen(seed));
    tmpdir_write(dir, "schema.json", "{", 1);
    tmpdir_write(dir, ".hidden/c.json", "{", 1);
    struct kb *kb = build();
    assert_int_equal(kb_count(kb), 1);
    assert_int_equal(faults, 1);
    kb_unref(kb);
    free(seed);
}

static void missing_path_is_the_callers_error(void **state)
{
    const char *const paths[] = {"/nonexistent/kb"};
    struct kb *kb;
    struct err err;
    char text[1000];

    (void)state;
    assert_int_equal(kb_build(&(struct kb_opts){.paths = paths, .n_paths = 1}, &kb, &err),
                     RC_NOT_FOUND);
    assert_string_equal(err_format(&err, text, sizeof(text)),
                        "/nonexistent/kb: No such file or directory");
}

static void retired_advice_is_marked_where_it_stands(void **state)
{
    struct kb *kb;
    struct err err;

    (void)state;
    assert_int_equal(kb_build(&(struct kb_opts){.builtin = &kb_builtin}, &kb, &err), RC_OK);
    const struct kb_entry *entry = kb_find(kb, span_str("cuda/mps-heap-limit-exceeded"));
    assert_non_null(entry->workarounds.items[0].retired.ptr);
    assert_false(kb_advice_confirmed(entry, &entry->workarounds.items[0]));
    assert_true(entry->n_retired_claims > 0);
    kb_unref(kb);
}

static void running_out_of_memory_anywhere_is_an_error_and_leaks_nothing(void **state)
{
    char *seed = read_seed();
    const char *const paths[] = {dir};
    enum rc rc = RC_NOMEM;

    (void)state;
    tmpdir_write(dir, "a.json", seed, strlen(seed));
    for (int64_t n = 0; rc != RC_OK; n++) {
        struct kb *kb = NULL;
        struct err err;
        assert_true(n < 10000);
        mem_fail_after(n);
        rc = kb_build(&(struct kb_opts){.paths = paths, .n_paths = 1}, &kb, &err);
        mem_fail_after(-1);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        if (rc == RC_OK) {
            assert_int_equal(kb_count(kb), 1);
            kb_unref(kb);
        }
    }
    free(seed);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(seed_is_kept_to_the_last_field),
        CASE(every_shipped_entry_reads_back_the_same),
        CASE(broken_entries_are_refused_with_file_field_and_reason),
        CASE(broken_regexes_are_refused),
        CASE(bytes_that_are_no_text_are_refused),
        CASE(file_of_100_mb_is_refused_unread),
        CASE(same_id_in_two_files_of_a_tree_is_refused_and_a_later_tree_wins),
        CASE(one_bad_file_does_not_stop_the_others),
        CASE(missing_path_is_the_callers_error),
        CASE(retired_advice_is_marked_where_it_stands),
        CASE(running_out_of_memory_anywhere_is_an_error_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
