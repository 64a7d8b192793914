/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks and the JSON form: bounds that hold for hostile lines, readers who go away, readers who
 * stop reading. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/cmocka.h"

#include "deliver/sink.h"
#include "kb/kb.h"
#include "loop/loop.h"

static struct kb_entry entry = {
    .id = SPAN_LIT("test/entry"),
    .signature = SPAN_LIT("a test"),
    .root_cause = SPAN_LIT("because"),
    .os_specific = SPAN_LIT("{}"),
};
static struct record record = {.rank = RANK_NONE};
static struct diagnosis diagnosis = {.record = &record, .entry = &entry, .rank = RANK_NONE};
static const struct origin origin = {.type = SOURCE_STDIN, .path = SPAN_LIT("-")};
static const struct event event = {
    .kind = EVENT_DIAGNOSIS, .origin = &origin, .diagnosis = &diagnosis};

static void hostile_line_keeps_the_event_below_64_kib(void **state)
{
    size_t size = (size_t)64 * 1024;
    char *line = malloc(size);
    struct format_opts opts = {0};
    struct buf out;

    (void)state;
    assert_non_null(line);
    memset(line, 0x1b, size);
    record.text = span_of(line, size);
    diagnosis.captures.n = MATCH_CAPTURES_MAX;
    for (size_t i = 0; i < MATCH_CAPTURES_MAX; i++) {
        diagnosis.captures.items[i] = (struct capture){span_str("name"), record.text};
    }
    buf_init(&out, 4 * FORMAT_JSON_MAX_BYTES);
    assert_int_equal(format_json(&event, &opts, &out), RC_OK);
    assert_true(out.len <= FORMAT_JSON_MAX_BYTES);
    assert_non_null(span_find(buf_span(&out), span_str("\"line_truncated\":true")));
    assert_non_null(span_find(buf_span(&out), span_str("\"root_cause\"")));
    /* A book of an entry: the advice is left out rather than the event. */
    memset(line, 'x', size);
    entry.root_cause = span_of(line, size);
    buf_clear(&out);
    assert_int_equal(format_json(&event, &opts, &out), RC_OK);
    assert_true(out.len <= FORMAT_JSON_MAX_BYTES);
    assert_non_null(span_find(buf_span(&out), span_str("\"advice_omitted\":true")));
    entry.root_cause = span_str("because");
    record.text = span_str("line");
    diagnosis.captures.n = 0;
    buf_fini(&out);
    free(line);
}

static void reader_who_has_gone_is_told_once(void **state)
{
    int ends[2];
    struct sink *sink;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(sink_new(&(struct sink_opts){.fd = ends[1], .format = format_json}, &sink),
                     RC_OK);
    assert_int_equal(sink_push(sink, &event), RC_OK);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(sink_push(sink, &event), RC_CLOSED);
    assert_int_equal(sink_push(sink, &event), RC_CLOSED);
    assert_int_equal(sink_peek_stats(sink)->dropped, 1);
    sink_close(sink);
    assert_int_equal(close(ends[1]), 0);
}

struct stuck {
    struct loop *loop;
    struct sink *sink;
    int read_end;
    unsigned full;
    unsigned room;
    unsigned flushed;
};

static void on_flushed(void *ctx)
{
    struct stuck *stuck = ctx;

    stuck->flushed++;
}

static void on_room(void *ctx)
{
    struct stuck *stuck = ctx;

    stuck->room++;
}

static void *drain(void *ctx)
{
    struct stuck *stuck = ctx;
    static char bytes[65536];

    while (read(stuck->read_end, bytes, sizeof(bytes)) > 0) {
    }
    return NULL;
}

static void stuck_reader_fills_the_queue_and_room_is_told_when_it_reads_again(void **state)
{
    struct stuck stuck = {0};
    pthread_t reader;
    int ends[2];

    (void)state;
    assert_int_equal(loop_new(&stuck.loop), RC_OK);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    stuck.read_end = ends[0];
    assert_int_equal(sink_new(&(struct sink_opts){.fd = ends[1],
                                                  .format = format_json,
                                                  .loop = stuck.loop,
                                                  .on_room = on_room,
                                                  .ctx = &stuck},
                              &stuck.sink),
                     RC_OK);
    for (unsigned i = 0; i < 100000 && stuck.full == 0; i++) {
        enum rc rc = sink_push(stuck.sink, &event);
        assert_true(rc == RC_OK || rc == RC_FULL);
        stuck.full += rc == RC_FULL;
    }
    assert_int_equal(stuck.full, 1);
    assert_int_equal(pthread_create(&reader, NULL, drain, &stuck), 0);
    sink_flush(stuck.sink, on_flushed, &stuck);
    assert_int_equal(loop_run(stuck.loop), RC_OK);
    assert_int_equal(stuck.flushed, 1);
    assert_int_equal(stuck.room, 1);
    sink_close(stuck.sink);
    assert_int_equal(loop_run(stuck.loop), RC_OK);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(close(ends[0]), 0);
    loop_free(stuck.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_line_keeps_the_event_below_64_kib),
        cmocka_unit_test(reader_who_has_gone_is_told_once),
        cmocka_unit_test(stuck_reader_fills_the_queue_and_room_is_told_when_it_reads_again),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
