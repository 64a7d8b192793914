/* SPDX-License-Identifier: Apache-2.0 */
/* From a match to an event: severity, minimum, rank and GPU, and an id that names the record. */
#include <stdio.h>

#include "support/cmocka.h"

#include "base/clock.h"
#include "diagnose/diagnose.h"
#include "kb/kb.h"
#include "rules/rules.h"

static const struct kb_capture kinds[] = {
    {SPAN_LIT("bus"), SPAN_LIT("gpu"), {0}},
    {SPAN_LIT("who"), SPAN_LIT("rank"), {0}},
};
static struct kb_entry entry = {
    .id = SPAN_LIT("test/entry"),
    .category = SPAN_LIT("hardware_error"),
    .confidence = 0.5,
    .captures = kinds,
    .n_captures = 2,
};
static struct kb_entry other = {.id = SPAN_LIT("test/other")};
static struct capture_list captures;

/* What came out: the event is lent, so that what is asserted is copied. */
static struct {
    unsigned n;
    enum severity severity;
    int32_t rank;
    char gpu[32];
    char id[HASH_HEX_BYTES];
    size_t also;
} seen;

static enum rc give_captures(void *ctx, const struct kb_entry *of, struct span text,
                             struct capture_list *ret_captures)
{
    (void)ctx;
    (void)of;
    (void)text;
    *ret_captures = captures;
    return RC_OK;
}

static enum rc on_event(void *ctx, const struct event *event)
{
    (void)ctx;
    seen.n++;
    seen.severity = event->severity;
    (void)snprintf(seen.id, sizeof(seen.id), "%s", event->id);
    if (event->kind == EVENT_DIAGNOSIS) {
        seen.rank = event->diagnosis->rank;
        seen.also = event->diagnosis->also_matched.n;
        (void)snprintf(seen.gpu, sizeof(seen.gpu), "%.*s", (int)event->diagnosis->gpu.len,
                       event->diagnosis->gpu.len > 0 ? event->diagnosis->gpu.ptr : "");
    }
    return RC_OK;
}

static struct rules *rules;
static struct diagnoser diagnoser;
static struct origin origin;
static struct record record;

static void push(void)
{
    const struct kb_entry *const entries[] = {&entry, &other};
    struct record_batch batch = {
        .origin = &origin, .text = record.text, .records = &record, .n_records = 1};

    assert_int_equal(diagnoser_push(&diagnoser, &batch, 0, &(struct match_list){entries, 2}),
                     RC_OK);
}

static int setup(void **state)
{
    struct err err;

    (void)state;
    clock_set_wall_ns(1000);
    assert_int_equal(rules_load_builtin(&rules, &err), RC_OK);
    diagnoser_init(&diagnoser, &(struct diagnose_opts){.rules = rules,
                                                       .host = SPAN_LIT("node1"),
                                                       .captures = give_captures,
                                                       .next = on_event});
    memset(&seen, 0, sizeof(seen));
    captures.n = 0;
    entry.has_severity = false;
    origin = (struct origin){
        .type = SOURCE_FILE, .path = SPAN_LIT("/log"), .inode = 7, .rank = RANK_NONE};
    record = (struct record){.text = SPAN_LIT("a line"), .offset = 100, .rank = RANK_NONE};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rules = rules_free(rules);
    return 0;
}

static void severity_is_the_entrys_else_its_categorys(void **state)
{
    (void)state;
    push();
    assert_int_equal(seen.severity, SEVERITY_CRITICAL);
    entry.has_severity = true;
    entry.severity = SEVERITY_INFO;
    push();
    assert_int_equal(seen.severity, SEVERITY_INFO);
    assert_int_equal(seen.also, 1);
}

static void gpu_and_rank_come_from_captures_by_their_kind(void **state)
{
    (void)state;
    captures = (struct capture_list){
        .items = {{SPAN_LIT("bus"), SPAN_LIT("0000:9b:00")}, {SPAN_LIT("who"), SPAN_LIT("12")}},
        .n = 2};
    push();
    assert_string_equal(seen.gpu, "0000:9b:00");
    assert_int_equal(seen.rank, 12);
    record.rank = 3; /* the line's own prefix is the better witness */
    push();
    assert_int_equal(seen.rank, 3);
    record.rank = RANK_NONE;
    captures.items[1].value = span_str("99999999999");
    push();
    assert_int_equal(seen.rank, RANK_NONE);
}

static void id_names_the_record_and_nothing_else(void **state)
{
    char first[HASH_HEX_BYTES];
    struct {
        void *at;
        uint64_t value;
        size_t size;
    } changes[] = {
        {&origin.inode, 8, sizeof(origin.inode)},
        {&origin.generation, 1, sizeof(origin.generation)},
        {&record.offset, 101, sizeof(record.offset)},
    };

    (void)state;
    push();
    (void)snprintf(first, sizeof(first), "%s", seen.id);
    origin.path = span_str("/log.1"); /* renamed */
    origin.device = 99;               /* mounted anew */
    push();
    assert_string_equal(seen.id, first);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        uint64_t before = 0;
        memcpy(&before, changes[i].at, changes[i].size);
        memcpy(changes[i].at, &changes[i].value, changes[i].size);
        push();
        assert_string_not_equal(seen.id, first);
        memcpy(changes[i].at, &before, changes[i].size);
    }
    record.host = span_str("node2");
    push();
    assert_string_not_equal(seen.id, first);
}

/* As a restart does. */
static void begin_a_new_run(void)
{
    clock_set_wall_ns(clock_wall_ns() + CLOCK_NS_PER_S);
    diagnoser_init(&diagnoser, &diagnoser.opts);
}

static void what_can_be_read_again_keeps_its_id_over_restarts(void **state)
{
    char first[HASH_HEX_BYTES];

    (void)state;
    origin.inode = 0;
    origin.type = SOURCE_JOURNAL;
    record.cursor = span_str("s=1;i=4");
    push();
    (void)snprintf(first, sizeof(first), "%s", seen.id);
    begin_a_new_run();
    record.offset = 0; /* counted anew; the cursor is the place */
    push();
    assert_string_equal(seen.id, first);
    record.cursor = span_str("s=1;i=5");
    push();
    assert_string_not_equal(seen.id, first);
}

static void what_is_read_once_is_new_in_every_run(void **state)
{
    char first[HASH_HEX_BYTES];

    (void)state;
    origin.inode = 0;
    origin.type = SOURCE_EXEC;
    push();
    (void)snprintf(first, sizeof(first), "%s", seen.id);
    push();
    assert_string_equal(seen.id, first);
    begin_a_new_run();
    push();
    assert_string_not_equal(seen.id, first);
    diagnoser.opts.finished_log = true; /* `scan -`: the same log gives the same ids */
    push();
    (void)snprintf(first, sizeof(first), "%s", seen.id);
    begin_a_new_run();
    push();
    assert_string_equal(seen.id, first);
}

static void unfinished_line_and_the_whole_one_share_their_id(void **state)
{
    char first[HASH_HEX_BYTES];

    (void)state;
    record.text = span_str("2026-11-24T00:00:00.000000Z RuntimeError: CUDA er");
    push();
    (void)snprintf(first, sizeof(first), "%s", seen.id);
    record.text =
        span_str("2026-11-24T00:00:00.000000Z RuntimeError: CUDA error: misaligned address");
    push();
    assert_string_equal(seen.id, first);
}

static void gap_is_an_event_of_its_own(void **state)
{
    struct gap gap = {.from = 10, .to = 20, .reason = SPAN_LIT("truncated")};

    (void)state;
    assert_int_equal(diagnoser_push_gap(&diagnoser, &origin, &gap), RC_OK);
    assert_int_equal(seen.severity, SEVERITY_WARNING);
    assert_int_equal(diagnoser.stats.gaps, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(severity_is_the_entrys_else_its_categorys),
        CASE(gpu_and_rank_come_from_captures_by_their_kind),
        CASE(id_names_the_record_and_nothing_else),
        CASE(what_can_be_read_again_keeps_its_id_over_restarts),
        CASE(what_is_read_once_is_new_in_every_run),
        CASE(unfinished_line_and_the_whole_one_share_their_id),
        CASE(gap_is_an_event_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
