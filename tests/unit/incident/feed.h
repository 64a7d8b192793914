/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds diagnoses of shipped entries to incidents and writes down what comes out: one line an
 * event, `diagnosis xid/79`, `repeat xid/79 x10`, `incident ID rev change root [parts]`. */
#ifndef GPUERR_TESTS_UNIT_INCIDENT_FEED_H
#define GPUERR_TESTS_UNIT_INCIDENT_FEED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "incident/incident.h"
#include "kb/kb.h"
#include "kb/kb_builtin.h"
#include "rules/rules.h"
#include "support/cmocka.h"

#define FEED_START_NS (INT64_C(1795467600) * CLOCK_NS_PER_S)

struct feed {
    struct kb *kb;
    struct rules *rules;
    struct incidents *incidents;
    struct buf out;
    char last_id[HASH_HEX_BYTES]; /* of an incident */
    unsigned last_revision;
    int64_t now_ns;
    uint64_t offset;
};

/* One record as far as the room looks at it. */
struct feed_line {
    const char *id;
    const char *gpu;  /* NULL: none */
    const char *path; /* NULL: `log` */
    int32_t rank;
    bool unstamped;
    bool replayed;
    struct capture_list captures;
};

static inline enum rc feed_on_event(void *ctx, const struct event *event)
{
    static const char *const changes[] = {"opened", "grown", "root_changed", "resolved"};
    struct feed *feed = ctx;

    switch (event->kind) {
    case EVENT_DIAGNOSIS:
        buf_printf(&feed->out, "diagnosis %.*s%s\n", (int)event->diagnosis->entry->id.len,
                   event->diagnosis->entry->id.ptr,
                   event->diagnosis->incident != NULL ? " of" : "");
        break;
    case EVENT_GAP:
        buf_add_str(&feed->out, "gap\n");
        break;
    case EVENT_REPEAT:
        buf_printf(&feed->out, "repeat %.*s x%llu%s%s%.*s\n", (int)event->repeat->entry->id.len,
                   event->repeat->entry->id.ptr, (unsigned long long)event->repeat->count,
                   event->repeat->ended ? " ended" : "",
                   event->repeat->ranks.len > 0 ? " ranks " : "", (int)event->repeat->ranks.len,
                   event->repeat->ranks.ptr != NULL ? event->repeat->ranks.ptr : "");
        break;
    case EVENT_INCIDENT:
    case EVENT_RESOLVED:
        buf_printf(&feed->out, "incident %s %.*s [", changes[event->incident->change],
                   (int)event->incident->root->id.len, event->incident->root->id.ptr);
        for (size_t i = 0; i < event->incident->n_parts; i++) {
            buf_printf(&feed->out, "%s%.*s", i > 0 ? " " : "",
                       (int)event->incident->parts[i].entry->id.len,
                       event->incident->parts[i].entry->id.ptr);
        }
        buf_add_str(&feed->out, "]\n");
        memcpy(feed->last_id, event->incident->id, sizeof(feed->last_id));
        feed->last_revision = event->incident->revision;
        break;
    }
    return RC_OK;
}

static inline void feed_open(struct feed *feed, const char *rules_path, int64_t repeat_ns)
{
    struct err err;

    *feed = (struct feed){.now_ns = FEED_START_NS};
    buf_init(&feed->out, (size_t)1024 * 1024);
    assert_int_equal(kb_build(&(struct kb_opts){.builtin = &kb_builtin}, &feed->kb, &err), RC_OK);
    if (rules_path != NULL) {
        assert_int_equal(rules_load_file(rules_path, &feed->rules, &err), RC_OK);
    } else {
        assert_int_equal(rules_load_builtin(&feed->rules, &err), RC_OK);
    }
    assert_int_equal(incidents_new(&(struct incidents_opts){.kb = feed->kb,
                                                            .rules = feed->rules,
                                                            .repeat_ns = repeat_ns,
                                                            .host = span_str("node1"),
                                                            .next = feed_on_event,
                                                            .next_ctx = feed},
                                   &feed->incidents),
                     RC_OK);
}

static inline void feed_close(struct feed *feed)
{
    incidents_free(feed->incidents);
    rules_free(feed->rules);
    kb_unref(feed->kb);
    buf_fini(&feed->out);
}

static inline enum rc feed_try(struct feed *feed, const struct feed_line *line)
{
    const struct kb_entry *entry = kb_find(feed->kb, span_str(line->id));
    struct origin origin = {.type = SOURCE_FILE,
                            .path = span_str(line->path != NULL ? line->path : "log"),
                            .inode = 1,
                            .rank = RANK_NONE};
    struct record record = {.text = span_str(line->id),
                            .offset = feed->offset++,
                            .log_wall_ns = line->unstamped ? CLOCK_NONE : feed->now_ns,
                            .near_wall_ns = CLOCK_NONE,
                            .rank = line->rank,
                            .replayed = line->replayed};
    struct diagnosis diagnosis = {.record = &record,
                                  .entry = entry,
                                  .captures = line->captures,
                                  .rank = line->rank,
                                  .gpu = span_str(line->gpu),
                                  .when_wall_ns = feed->now_ns};
    struct event event = {.kind = EVENT_DIAGNOSIS,
                          .time_wall_ns = feed->now_ns,
                          .host = span_str("node1"),
                          .origin = &origin,
                          .diagnosis = &diagnosis};

    assert_non_null(entry);
    event.severity = rules_severity(feed->rules, entry);
    (void)snprintf(event.id, sizeof(event.id), "%032llx", (unsigned long long)record.offset);
    return incidents_push(feed->incidents, &event);
}

static inline void feed_push(struct feed *feed, const struct feed_line *line)
{
    assert_int_equal(feed_try(feed, line), RC_OK);
}

static inline void feed_pass(struct feed *feed, int64_t ns)
{
    int64_t until_ns = feed->now_ns + ns;

    while (feed->now_ns < until_ns) {
        feed->now_ns += CLOCK_NS_PER_S;
        assert_int_equal(incidents_tick(feed->incidents, feed->now_ns), RC_OK);
    }
}

/* What has come out since the last look. */
static inline void feed_expect(struct feed *feed, const char *wanted)
{
    buf_add_char(&feed->out, '\0');
    assert_string_equal(feed->out.ptr, wanted);
    buf_clear(&feed->out);
}

#define FEED_SECONDS(n) ((n)*CLOCK_NS_PER_S)

#endif
