/* SPDX-License-Identifier: Apache-2.0 */
/* Framing, limits, and that no cutting of the input changes a record. */
#include "unit/decode/records.h"

#include "base/mem.h"

static void line_ends_of_all_kinds_end_lines(void **state)
{
    (void)state;
    records_expect("one\ntwo\r\nthree\rfour\n", "0|-1||one\n4|-1||two\n9|-1||three\n15|-1||four\n");
}

static void empty_lines_are_no_records(void **state)
{
    (void)state;
    records_expect("\n\na\n\r\n\r\rb\n", "2|-1||a\n8|-1||b\n");
}

static void progress_bar_redraws_are_records(void **state)
{
    (void)state;
    records_expect("\r 10%|#\r 20%|##\rdone\n", "1|-1|| 10%|#\n8|-1|| 20%|##\n16|-1||done\n");
}

static void unfinished_line_is_partial(void **state)
{
    (void)state;
    records_expect("a\nlast words", "0|-1||a\n2|-1|P|last words\n");
}

static void escapes_are_removed(void **state)
{
    (void)state;
    records_expect("a\nRuntime\x1b[31mError\x1b[0m: x\nb\n",
                   "0|-1||a\n2|-1||RuntimeError: x\n27|-1||b\n");
}

static void nul_bytes_are_no_part_of_a_line(void **state)
{
    static const char text[] = "\0\0\0ab\0c\n\0\0d\n";

    (void)state;
    records_expect_opts(&(struct decode_opts){0}, "a", span_of(text, sizeof(text) - 1),
                        "0|-1||abc\n8|-1||d\n");
}

static void byte_order_mark_of_utf8_is_removed(void **state)
{
    (void)state;
    records_expect("\xef\xbb\xbfone\ntwo\n", "0|-1||one\n7|-1||two\n");
}

static void utf16_is_refused_however_it_is_cut(void **state)
{
    static const char *const texts[] = {"\xff\xfe"
                                        "a\0\n\0",
                                        "\xfe\xff"
                                        "\0a\0\n"};
    static const size_t cut_1[] = {1};
    struct records records;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t n_cuts = 0; n_cuts < 2; n_cuts++) {
            enum rc rc = records_decode_cut(&records, &(struct decode_opts){0}, "a",
                                            span_of(texts[i], 6), cut_1, n_cuts);
            assert_int_equal(rc, RC_UNSUPPORTED);
            assert_int_equal(records.n, 0);
            records_fini(&records);
        }
    }
}

static void longer_records_are_cut_and_counted(void **state)
{
    struct decode_opts opts = {.max_record_bytes = 4};
    struct records records;

    (void)state;
    assert_int_equal(records_decode_cut(&records, &opts, "a",
                                        span_str("abcdef\nabcd\n0123456789012345678\n"), NULL, 0),
                     RC_OK);
    assert_string_equal(records.out.ptr, "0|-1|T|abcd\n7|-1||abcd\n12|-1|T|0123\n");
    assert_int_equal(records.stats.truncated_records, 2);
    assert_int_equal(records.stats.dropped_bytes, 2 + 15);
    records_fini(&records);
}

static void rank_of_the_file_is_the_default(void **state)
{
    (void)state;
    records_expect_opts(&(struct decode_opts){0}, "logs/rank_7.log", span_str("a\n[rank3]: b\n"),
                        "0|7||a\n2|3||[rank3]: b\n");
}

static void full_answer_is_passed_on_and_all_is_taken(void **state)
{
    struct origin origin = {.path = SPAN_LIT("a"), .rank = RANK_NONE};
    struct chunk chunk = {&origin, SPAN_LIT("{\"msg\":\"x\"}\na\nb\n"), 0};
    struct records records = {.answer = RC_FULL};
    struct decoder *decoder;

    (void)state;
    buf_init(&records.out, 1000);
    assert_int_equal(
        decoder_new(&(struct decode_opts){0}, &origin, records_on_batch, &records, &decoder),
        RC_OK);
    assert_int_equal(decoder_push(decoder, &chunk), RC_FULL);
    assert_int_equal(records.n, 3);
    records.answer = RC_CLOSED;
    chunk.offset = chunk.bytes.len;
    assert_int_equal(decoder_push(decoder, &chunk), RC_CLOSED);
    decoder_free(decoder);
    records_fini(&records);
}

static void line_that_goes_on_after_a_flush_is_whole_again(void **state)
{
    struct origin origin = {.path = SPAN_LIT("a"), .rank = RANK_NONE};
    struct chunk first = {&origin, SPAN_LIT("Runtime"), 0};
    struct chunk second = {&origin, SPAN_LIT("Error\n"), 7};
    struct records records = {0};
    struct decoder *decoder;

    (void)state;
    buf_init(&records.out, 1000);
    assert_int_equal(
        decoder_new(&(struct decode_opts){0}, &origin, records_on_batch, &records, &decoder),
        RC_OK);
    assert_int_equal(decoder_push(decoder, &first), RC_OK);
    assert_int_equal(decoder_pending_bytes(decoder), 7);
    assert_int_equal(decoder_flush(decoder), RC_OK);
    assert_int_equal(decoder_flush(decoder), RC_OK);
    assert_int_equal(records.end_offset, 0);
    assert_int_equal(decoder_push(decoder, &second), RC_OK);
    assert_int_equal(records.end_offset, 13);
    assert_int_equal(decoder_flush(decoder), RC_OK);
    buf_add_char(&records.out, '\0');
    assert_string_equal(records.out.ptr, "0|-1|P|Runtime\n0|-1||RuntimeError\n");
    decoder_free(decoder);
    records_fini(&records);
}

/* ---- any cutting gives the same ---- */

static uint64_t random_state = 88172645463325252ull;

static size_t random_below(size_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % n);
}

static void add_random_line(struct buf *text)
{
    static const struct span pieces[] = {
        SPAN_LIT("step 100 loss 2.5"),
        SPAN_LIT("\x1b[31mRuntimeError\x1b[0m: CUDA"),
        SPAN_LIT("2026-11-23T21:19:38.376029123Z stderr F whole line"),
        SPAN_LIT("2026-11-23T21:19:38.376029123Z stdout P first "),
        SPAN_LIT("2026-11-23T21:19:38.376029123Z stdout F second"),
        SPAN_LIT("2026-11-23T21:19:38.376029123Z stderr F bar\r 10%\r 20%"),
        SPAN_LIT("{\"log\":\"half \",\"stream\":\"stderr\",\"time\":\"2026-11-23T21:19:38Z\"}"),
        SPAN_LIT("{\"log\":\"done\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T21:19:38Z\"}"),
        SPAN_LIT("{\"message\":\"a\\nb\",\"rank\":4,\"exc_info\":\"Traceback\\n  x\"}"),
        SPAN_LIT("[rank3]: Traceback (most recent call last):"),
        SPAN_LIT(" 12: srun line"),
        SPAN_LIT("Nov 23 09:11:25 node01 kernel: [ 1204.771025] NVRM: Xid"),
        SPAN_LIT("\xef\xbb\xbf mark"),
        SPAN_LIT("\0\0\0"),
        SPAN_LIT("a line that is longer than the limit of this test, by a good deal of text"),
        SPAN_LIT("{\"broken\": "),
        SPAN_LIT("\x1b]0;title"),
        SPAN_LIT(""),
    };
    static const struct span ends[] = {SPAN_LIT("\n"), SPAN_LIT("\n"), SPAN_LIT("\r\n"),
                                       SPAN_LIT("\r"), SPAN_LIT("")};

    buf_add(text, pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))]);
    buf_add(text, ends[random_below(sizeof(ends) / sizeof(ends[0]))]);
}

static size_t random_cuts(size_t len, size_t *cuts, size_t max)
{
    size_t n = 0;
    size_t at = 0;

    while (n < max) {
        at += random_below(2 + len / (1 + random_below(20)));
        if (at >= len) {
            break;
        }
        cuts[n++] = at;
    }
    return n;
}

static void any_cutting_gives_the_same_records(void **state)
{
    struct records whole;
    struct records cut;
    size_t cuts[64];

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct decode_opts opts = {.max_record_bytes = round % 2 == 0 ? 40 : 0};
        struct buf text;
        buf_init(&text, 1 << 20);
        for (size_t n = 1 + random_below(12); n > 0; n--) {
            add_random_line(&text);
        }
        size_t n_cuts = random_cuts(text.len, cuts, 64);
        assert_int_equal(records_decode_cut(&whole, &opts, "a", buf_span(&text), NULL, 0), RC_OK);
        assert_int_equal(records_decode_cut(&cut, &opts, "a", buf_span(&text), cuts, n_cuts),
                         RC_OK);
        if (whole.out.len != cut.out.len) {
            print_message("whole:\n%s\ncut:\n%s\n", whole.out.ptr, cut.out.ptr);
        }
        assert_int_equal(whole.out.len, cut.out.len);
        assert_memory_equal(whole.out.ptr, cut.out.ptr, whole.out.len);
        assert_false(whole.broken);
        assert_false(cut.broken);
        assert_int_equal(whole.stats.dropped_bytes, cut.stats.dropped_bytes);
        assert_int_equal(whole.stats.records, cut.stats.records);
        records_fini(&whole);
        records_fini(&cut);
        buf_fini(&text);
    }
}

/* Two ranks' lines mixed in one file give each rank the records that it has in a file of its own.
 */
static void interleaved_ranks_keep_their_records(void **state)
{
    struct records records;
    struct buf text;
    char expected[64];

    (void)state;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 200; i++) {
        buf_printf(&text, "[rank%d]: line %d\n", (int)random_below(8), i);
    }
    assert_int_equal(
        records_decode_cut(&records, &(struct decode_opts){0}, "a", buf_span(&text), NULL, 0),
        RC_OK);
    const char *p = records.out.ptr;
    for (int i = 0; i < 200; i++) {
        int rank = (int)strtol(strchr(p, '|') + 1, NULL, 10);
        (void)snprintf(expected, sizeof(expected), "|[rank%d]: line %d\n", rank, i);
        p = strstr(p, expected);
        assert_non_null(p);
        p = strchr(p, '\n') + 1;
    }
    records_fini(&records);
    buf_fini(&text);
}

static void out_of_memory_is_an_answer(void **state)
{
    static const char text[] = "2026-11-23T21:19:38.376029123Z stdout P first \nx\n\x1b[mabc";
    struct records records;
    enum rc rc = RC_NOMEM;

    (void)state;
    for (int64_t n = 0; rc != RC_OK; n++) {
        struct origin origin = {.path = SPAN_LIT("a"), .rank = RANK_NONE};
        struct chunk chunk = {&origin, span_of(text, sizeof(text) - 1), 0};
        struct decoder *decoder = NULL;
        records = (struct records){0};
        mem_fail_after(n);
        rc = decoder_new(&(struct decode_opts){0}, &origin, records_on_batch, &records, &decoder);
        if (rc == RC_OK) {
            rc = decoder_push(decoder, &chunk);
            if (rc == RC_OK) {
                rc = decoder_flush(decoder);
            }
            decoder_free(decoder);
        }
        mem_fail_after(-1);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        assert_true(n < 100);
        records_fini(&records);
    }
    assert_int_equal(records.n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends_of_all_kinds_end_lines),
        cmocka_unit_test(empty_lines_are_no_records),
        cmocka_unit_test(progress_bar_redraws_are_records),
        cmocka_unit_test(unfinished_line_is_partial),
        cmocka_unit_test(escapes_are_removed),
        cmocka_unit_test(nul_bytes_are_no_part_of_a_line),
        cmocka_unit_test(byte_order_mark_of_utf8_is_removed),
        cmocka_unit_test(utf16_is_refused_however_it_is_cut),
        cmocka_unit_test(longer_records_are_cut_and_counted),
        cmocka_unit_test(rank_of_the_file_is_the_default),
        cmocka_unit_test(full_answer_is_passed_on_and_all_is_taken),
        cmocka_unit_test(line_that_goes_on_after_a_flush_is_whole_again),
        cmocka_unit_test(any_cutting_gives_the_same_records),
        cmocka_unit_test(interleaved_ranks_keep_their_records),
        cmocka_unit_test(out_of_memory_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
