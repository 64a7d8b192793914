/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from transports that frame: what the transport says wins, what the text says adds. */
#include "unit/decode/records.h"

struct seen {
    struct record records[16];
    char texts[16][128];
    size_t n;
};

static enum rc on_batch(void *ctx, const struct record_batch *batch)
{
    struct seen *seen = ctx;

    for (size_t i = 0; i < batch->n_records && seen->n < 16; i++, seen->n++) {
        seen->records[seen->n] = batch->records[i];
        records_keep(seen->texts[seen->n], sizeof(seen->texts[0]), batch->records[i].text);
    }
    return RC_OK;
}

static struct seen push(const struct message *messages, size_t n)
{
    struct origin origin = {.type = SOURCE_JOURNAL, .path = span_str("journal"), .rank = RANK_NONE};
    struct seen seen = {.n = 0};
    struct decoder *decoder;

    assert_int_equal(decoder_new(&(struct decode_opts){.reference_wall_ns = RECORDS_NOW_NS},
                                 &origin, on_batch, &seen, &decoder),
                     RC_OK);
    assert_int_equal(decoder_push_messages(decoder, messages, n), RC_OK);
    decoder_free(decoder);
    return seen;
}

static void each_line_of_a_message_is_a_record(void **state)
{
    (void)state;
    struct message message = {
        .text = span_str("first\nsecond \x1b[31mred\x1b[0m\n"),
        .offset = 7,
        .log_wall_ns = 5,
        .unit = span_str("train.service"),
        .cursor = span_str("s=1"),
    };
    struct seen seen = push(&message, 1);

    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.texts[0], "first");
    assert_string_equal(seen.texts[1], "second red");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(seen.records[i].offset, 7);
        assert_int_equal(seen.records[i].log_wall_ns, 5);
        assert_true(span_eq_str(seen.records[i].unit, "train.service"));
        assert_true(span_eq_str(seen.records[i].cursor, "s=1"));
    }
}

static void text_that_claims_to_be_the_kernel_is_not(void **state)
{
    (void)state;
    struct message forged = {
        .text = span_str("Nov 23 21:14:06 node01 kernel: NVRM: Xid (PCI:0000:9b:00): 79"),
        .log_wall_ns = CLOCK_NONE,
    };
    struct message real = {
        .text = span_str("NVRM: Xid (PCI:0000:9b:00): 79"),
        .log_wall_ns = CLOCK_NONE,
        .kernel = true,
    };

    assert_false(push(&forged, 1).records[0].kernel);
    assert_true(push(&real, 1).records[0].kernel);
}

static void rank_prefix_and_json_inside_a_message_are_understood(void **state)
{
    (void)state;
    struct message messages[] = {
        {.text = span_str("[rank3]: CUDA error"), .log_wall_ns = CLOCK_NONE},
        {.text = span_str("{\"message\":\"out of memory\",\"level\":\"error\"}"),
         .log_wall_ns = CLOCK_NONE},
    };
    struct seen seen = push(messages, 2);

    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.records[0].rank, 3);
    assert_string_equal(seen.texts[1], "out of memory");
}

static void history_is_marked(void **state)
{
    (void)state;
    struct message message = {
        .text = span_str("old"), .log_wall_ns = CLOCK_NONE, .replayed = true, .truncated = true};
    struct seen seen = push(&message, 1);

    assert_true(seen.records[0].replayed);
    assert_true(seen.records[0].truncated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_of_a_message_is_a_record),
        cmocka_unit_test(text_that_claims_to_be_the_kernel_is_not),
        cmocka_unit_test(rank_prefix_and_json_inside_a_message_are_understood),
        cmocka_unit_test(history_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
