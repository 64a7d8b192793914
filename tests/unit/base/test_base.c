/* SPDX-License-Identifier: Apache-2.0 */
/* The small shelves: spans, buffers, arenas, errors, clocks, hashes. */
#include "support/cmocka.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

static void spans_compare_bytewise_and_tell_absent_from_empty(void **state)
{
    (void)state;
    assert_true(span_eq(span_str("ab"), span_of("abc", 2)));
    assert_true(span_cmp(span_str("ab"), span_str("abc")) < 0);
    assert_true(span_cmp(span_str("b"), span_str("abc")) > 0);
    assert_int_equal(span_cmp((struct span){0}, span_str("")), 0);
    assert_null(span_str(NULL).ptr);
    assert_true(span_starts(span_str("abc"), span_str("ab")));
    assert_false(span_starts(span_str("a"), span_str("ab")));
    assert_int_equal(span_from(span_str("abc"), 9).len, 0);
    assert_null(span_find(span_str("abc"), span_str("cd")));
    assert_string_equal(span_find(span_str("abc"), span_str("bc")), "bc");
}

static void buffer_keeps_its_ceiling_and_its_first_failure(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10);
    buf_printf(&buf, "%d", 12345);
    assert_int_equal(buf.len, 5);
    buf_add_str(&buf, "123456");
    assert_int_equal(buf_rc(&buf), RC_TOO_BIG);
    buf_add_char(&buf, 'x');
    assert_int_equal(buf.len, 5);
    buf_clear(&buf);
    assert_int_equal(buf_rc(&buf), RC_OK);
    buf_add_str(&buf, "abcdef");
    buf_drop_front(&buf, 4);
    assert_true(span_eq_str(buf_span(&buf), "ef"));
    buf_drop_front(&buf, 100);
    assert_int_equal(buf.len, 0);
    buf_fini(&buf);
}

static void arena_aligns_zeroes_and_survives_memory_failure(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (size_t i = 1; i < 300; i++) {
        unsigned char *p = arena_alloc(&arena, i, 100);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < i * 100; k++) {
            assert_int_equal(p[k], 0);
        }
        memset(p, 0xff, i * 100);
    }
    assert_null(arena_alloc(&arena, SIZE_MAX, 2));
    mem_fail_after(0);
    assert_null(arena_alloc(&arena, 1, 1000000));
    mem_fail_after(-1);
    assert_string_equal(arena_copy(&arena, span_str("text")).ptr, "text");
    assert_null(arena_copy(&arena, (struct span){0}).ptr);
    arena_fini(&arena);
    assert_int_equal(arena.used_bytes, 0);
}

static void error_reads_like_a_compiler_message(void **state)
{
    struct err err;
    char text[1024];

    (void)state;
    assert_int_equal(err_set(&err, RC_INVALID, "unknown key \"%s\"", "fol\x1bow"), RC_INVALID);
    err_file(&err, "a.yaml");
    err_place(&err, 3, 5);
    err_field(&err, "inputs");
    err_hint(&err, "did you mean follow?");
    assert_string_equal(err_format(&err, text, sizeof(text)),
                        "a.yaml:3:5: inputs: unknown key \"fol?ow\" (did you mean follow?)");
    err_wrap(&err, "loading");
    assert_string_equal(err.message, "loading: unknown key \"fol?ow\"");
    assert_int_equal(err_set(NULL, RC_IO, "nobody listens"), RC_IO);
    err_clear(&err);
    err.rc = RC_NOMEM;
    assert_string_equal(err_format(&err, text, sizeof(text)), "out of memory");
}

static void error_too_long_is_cut(void **state)
{
    struct err err;
    char text[64];

    (void)state;
    (void)err_set(&err, RC_IO, "%01000d", 0);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    err_wrap(&err, "%0300d", 1);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_int_equal(strlen(err_format(&err, text, sizeof(text))), sizeof(text) - 1);
}

static void time_is_formatted_in_utc_with_nanoseconds(void **state)
{
    char text[CLOCK_RFC3339_BYTES];

    (void)state;
    clock_format_rfc3339(INT64_C(1700000000123456789), text);
    assert_string_equal(text, "2023-11-14T22:13:20.123456789Z");
    clock_format_rfc3339(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999999Z");
    clock_format_rfc3339(INT64_MIN + 1, text);
    assert_string_equal(text, "1677-09-21T00:12:43.145224193Z");
    assert_int_equal(clock_days_from_civil(2000, 2, 29), 11016);
    assert_true(clock_mono_ns() <= clock_mono_ns());
}

static void hashes_are_stable(void **state)
{
    char text[HASH_HEX_BYTES];

    (void)state;
    /* XXH3 of the empty input, as its specification's test vectors have it. */
    assert_true(hash_64(span_str("")) == UINT64_C(0x2d06800538d394c2));
    hash_format(hash_128(span_str("")), text);
    assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
}

static void utf8_decoding_refuses_what_the_standard_refuses(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xe2\x82",
                                      "\xff"};
    uint32_t code;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(utf8_valid(span_str(bad[i])));
    }
    assert_true(utf8_valid(span_str("a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x94\xa5")));
    assert_int_equal(utf8_decode(span_str("\xe4\xb8\xad"), &code), 3);
    assert_int_equal(code, 0x4e2d);
    assert_int_equal(utf8_decode(span_str(""), &code), 0);
}

static void utf8_is_cut_between_characters(void **state)
{
    (void)state;
    assert_int_equal(utf8_cut(span_str("\xe4\xb8\xad\xe6\x96\x87"), 5).len, 3);
    assert_int_equal(utf8_cut(span_str("\xe4\xb8\xad\xe6\x96\x87"), 3).len, 3);
    assert_int_equal(utf8_cut(span_str("\xe4\xb8\xad"), 2).len, 0);
    assert_int_equal(utf8_cut(span_str("abc"), 9).len, 3);
    assert_int_equal(utf8_cut(span_str("\x80\x80\x80\x80\x80\x80\x80\x80"), 6).len, 6);
}

static void log_levels_have_names(void **state)
{
    enum log_level level = LOG_ERROR;

    (void)state;
    assert_int_equal(log_level_parse("debug", &level), RC_OK);
    assert_int_equal(level, LOG_DEBUG);
    assert_int_equal(log_level_parse("loud", &level), RC_INVALID);
    assert_int_equal(rc_from_errno(2), RC_NOT_FOUND);
    assert_string_equal(rc_text((enum rc)999), "unknown error");
}

static void heap_refuses_overflow_and_fails_on_demand(void **state)
{
    void *block;

    (void)state;
    assert_null(mem_realloc(NULL, SIZE_MAX / 2, 3));
    assert_null(mem_calloc(0, 1));
    mem_fail_after(1);
    block = mem_calloc(1, 1);
    assert_non_null(block);
    assert_null(mem_calloc(1, 1));
    block = mem_free(block);
    assert_null(block);
    block = mem_strdup(span_of("abc", 2));
    assert_string_equal(block, "ab");
    mem_free(block);
    mem_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_compare_bytewise_and_tell_absent_from_empty),
        cmocka_unit_test(buffer_keeps_its_ceiling_and_its_first_failure),
        cmocka_unit_test(arena_aligns_zeroes_and_survives_memory_failure),
        cmocka_unit_test(error_reads_like_a_compiler_message),
        cmocka_unit_test(error_too_long_is_cut),
        cmocka_unit_test(time_is_formatted_in_utc_with_nanoseconds),
        cmocka_unit_test(hashes_are_stable),
        cmocka_unit_test(utf8_decoding_refuses_what_the_standard_refuses),
        cmocka_unit_test(utf8_is_cut_between_characters),
        cmocka_unit_test(log_levels_have_names),
        cmocka_unit_test(heap_refuses_overflow_and_fails_on_demand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
