/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a story through the whole way (decoder, matcher, rules, incidents, JSON) on a clock of its
 * own, once as it is written and then permuted: each line is moved in time by up to the story's
 * jitter, so that it arrives before or after others, while its own stamp stays. Every run must give
 * the expected incidents, and all runs the same JSON, but for names and times of arrival.
 *
 * usage: run_scenario FILE.yaml [RUNS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config/config.h"
#include "deliver/format.h"
#include "pipeline/knowledge.h"
#include "pipeline/pipeline.h"
#include "scenarios/scenario.h"
#include "support/tmpdir.h"

#define RUNS_DEFAULT 12
#define STREAMS_MAX  128
#define TOLD_MAX     128
#define IDS_MAX      64
#define TICK_NS      CLOCK_NS_PER_S

/* What is true of every run: a line's place in time. */
struct arrival {
    const struct scenario_line *line;
    int64_t at_ns;
};

struct stream {
    struct origin origin;
    struct pipeline_stream *stream;
    uint64_t offset;
};

struct play {
    const struct scenario *scenario;
    struct pipeline *pipeline;
    struct stream streams[STREAMS_MAX];
    size_t n_streams;
};

/* The last that was said of an incident. */
struct told {
    cJSON *event;
};

struct outcome {
    struct told told[TOLD_MAX];
    size_t n_told;
    size_t n_diagnoses;
    const char *ids[IDS_MAX]; /* of diagnoses, in order of names */
    size_t n_ids;
    char names[IDS_MAX][64];
};

static void die(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---- playing ---- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static int compare_arrivals(const void *a_ptr, const void *b_ptr)
{
    const struct arrival *a = a_ptr;
    const struct arrival *b = b_ptr;

    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns ? -1 : 1;
    }
    return a->line < b->line ? -1 : a->line > b->line;
}

static struct stream *open_stream(struct play *play, struct span from)
{
    struct stream *stream = &play->streams[play->n_streams];
    bool kernel = span_eq_str(from, "kernel");

    for (size_t i = 0; i < play->n_streams; i++) {
        if (span_eq(play->streams[i].origin.path, from)) {
            return &play->streams[i];
        }
    }
    if (play->n_streams == STREAMS_MAX) {
        die("more streams than there is room for");
    }
    play->n_streams++;
    stream->origin = (struct origin){
        .type = kernel ? SOURCE_KMSG : SOURCE_FILE,
        .path = from,
        .inode = play->n_streams,
        .rank = decode_path_rank(from),
    };
    if (pipeline_stream_open(play->pipeline, &stream->origin, 0, &stream->stream) != RC_OK) {
        die("out of memory");
    }
    return stream;
}

static void push_line(struct play *play, const struct scenario_line *line)
{
    struct stream *stream = open_stream(play, line->from);
    enum rc rc;

    if (stream->origin.type == SOURCE_KMSG) {
        struct message message = {
            .text = line->text,
            .offset = stream->offset++,
            .log_wall_ns = SCENARIO_START_NS + line->at_ns,
            .kernel = true,
        };
        rc = pipeline_stream_push_messages(stream->stream, &message, 1);
    } else {
        struct chunk chunk = {&stream->origin, line->text, stream->offset};
        rc = pipeline_stream_push(stream->stream, &chunk);
        chunk = (struct chunk){&stream->origin, span_str("\n"), stream->offset + line->text.len};
        rc = rc == RC_OK ? pipeline_stream_push(stream->stream, &chunk) : rc;
        stream->offset += line->text.len + 1;
    }
    if (rc != RC_OK) {
        die(rc_text(rc));
    }
}

static void let_pass(struct play *play, int64_t *now_ns, int64_t until_ns)
{
    while (*now_ns + TICK_NS <= until_ns) {
        *now_ns += TICK_NS;
        clock_set_wall_ns(SCENARIO_START_NS + *now_ns);
        if (pipeline_tick(play->pipeline) != RC_OK) {
            die("a tick failed");
        }
    }
    clock_set_wall_ns(SCENARIO_START_NS + until_ns);
    *now_ns = until_ns;
}

/* Lines in their permuted order, each at the time of its place, not of its own. */
static void play_lines(struct play *play, uint64_t seed)
{
    const struct scenario *scenario = play->scenario;
    struct arrival *arrivals = mem_calloc(scenario->n_lines + 1, sizeof(*arrivals));
    int64_t *slots = mem_calloc(scenario->n_lines + 1, sizeof(*slots));
    int64_t now_ns = 0;

    if (arrivals == NULL || slots == NULL) {
        die("out of memory");
    }
    for (size_t i = 0; i < scenario->n_lines; i++) {
        arrivals[i] = (struct arrival){&scenario->lines[i], scenario->lines[i].at_ns};
    }
    qsort(arrivals, scenario->n_lines, sizeof(*arrivals), compare_arrivals);
    for (size_t i = 0; i < scenario->n_lines; i++) {
        slots[i] = arrivals[i].at_ns;
        if (seed != 0 && scenario->jitter_ns > 0) {
            arrivals[i].at_ns +=
                (int64_t)(next_random(&seed) % (uint64_t)(2 * scenario->jitter_ns / 1000)) * 1000 -
                scenario->jitter_ns;
        }
    }
    qsort(arrivals, scenario->n_lines, sizeof(*arrivals), compare_arrivals);
    for (size_t i = 0; i < scenario->n_lines; i++) {
        let_pass(play, &now_ns, slots[i]);
        push_line(play, arrivals[i].line);
    }
    let_pass(play, &now_ns, now_ns + 30 * CLOCK_NS_PER_S);
    mem_free(arrivals);
    mem_free(slots);
}

/* ---- what came of it ---- */

static const char *incident_id(const cJSON *event)
{
    const cJSON *incident = cJSON_GetObjectItem(event, "incident");

    return cJSON_GetStringValue(cJSON_GetObjectItem(incident, "id"));
}

/* Puts an id into its place; n ids are there. */
static void insert_id(const char **ids, size_t n, const char *id)
{
    while (n > 0 && strcmp(ids[n - 1], id) > 0) {
        ids[n] = ids[n - 1];
        n--;
    }
    ids[n] = id;
}

static void take_event(struct outcome *outcome, cJSON *event)
{
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(event, "event"));

    if (strcmp(kind, "diagnosis") == 0 && ++outcome->n_diagnoses <= IDS_MAX) {
        char *name = outcome->names[outcome->n_ids];
        (void)snprintf(name, sizeof(outcome->names[0]), "%s",
                       cJSON_GetStringValue(cJSON_GetObjectItem(event, "id")));
        insert_id(outcome->ids, outcome->n_ids++, name);
    }
    if (strcmp(kind, "incident") != 0 && strcmp(kind, "resolved") != 0) {
        cJSON_Delete(event);
        return;
    }
    for (size_t i = 0; i < outcome->n_told; i++) {
        if (strcmp(incident_id(outcome->told[i].event), incident_id(event)) == 0) {
            cJSON_Delete(outcome->told[i].event);
            outcome->told[i].event = event;
            return;
        }
    }
    if (outcome->n_told == TOLD_MAX) {
        die("more incidents than there is room for");
    }
    outcome->told[outcome->n_told++].event = event;
}

static void read_events(int fd, struct outcome *outcome)
{
    FILE *file = fdopen(fd, "r");
    char *line = NULL;
    size_t size = 0;

    rewind(file);
    while (getline(&line, &size, file) > 0) {
        cJSON *event = cJSON_Parse(line);
        if (event == NULL) {
            die("an event is no JSON");
        }
        take_event(outcome, event);
    }
    free(line);
    (void)fclose(file);
}

static struct span member(const cJSON *object, const char *name)
{
    return span_str(cJSON_GetStringValue(cJSON_GetObjectItem(object, name)));
}

/* Stories that turned out to be part of another are told by that one. */
static bool was_absorbed(const cJSON *event)
{
    return span_starts(member(event, "reason"), span_str("part of incident"));
}

/* Each once, joined by spaces. */
static struct span join_ids(const char *const *ids, size_t n, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(ids[i], ids[i - 1]) != 0) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "", ids[i]);
        }
    }
    return span_of(out, used);
}

static struct span event_parts(const cJSON *event, char *out, size_t size)
{
    const cJSON *parts = cJSON_GetObjectItem(event, "parts");
    const char *ids[IDS_MAX];
    const cJSON *part;
    size_t n = 0;

    cJSON_ArrayForEach(part, parts)
    {
        if (n < IDS_MAX) {
            insert_id(ids, n++, cJSON_GetStringValue(cJSON_GetObjectItem(part, "id")));
        }
    }
    return join_ids(ids, n, out, size);
}

static bool agrees(struct span wanted, struct span got)
{
    return wanted.ptr == NULL || span_eq(wanted, got.ptr != NULL ? got : span_str("none"));
}

static bool is_expected(const struct scenario_expect *expect, const cJSON *event)
{
    const cJSON *incident = cJSON_GetObjectItem(event, "incident");
    struct span reason = member(event, "reason");
    char parts[8192];

    return agrees(expect->root, member(event, "id")) &&
           agrees(expect->severity, member(event, "severity")) &&
           agrees(expect->node_action, member(event, "node_action")) &&
           agrees(expect->suspect, member(incident, "suspect_ranks")) &&
           agrees(expect->basis, member(incident, "suspect_basis")) &&
           agrees(expect->ranks, member(incident, "ranks")) &&
           agrees(expect->parts, event_parts(event, parts, sizeof(parts))) &&
           (expect->resolved.ptr == NULL ? reason.ptr == NULL
                                         : span_starts(reason, expect->resolved));
}

static void check(const struct scenario *scenario, const struct outcome *outcome, uint64_t seed)
{
    bool used[TOLD_MAX] = {false};
    char ids[8192];
    struct span diagnoses = join_ids(outcome->ids, outcome->n_ids, ids, sizeof(ids));
    bool good = outcome->n_diagnoses <= scenario->diagnoses_max &&
                (scenario->diagnoses.ptr == NULL || span_eq(scenario->diagnoses, diagnoses));
    size_t n_told = 0;

    for (size_t i = 0; i < outcome->n_told; i++) {
        n_told += !was_absorbed(outcome->told[i].event);
    }
    good = good && n_told == scenario->n_expects;
    for (size_t e = 0; e < scenario->n_expects; e++) {
        size_t i = 0;
        while (i < outcome->n_told &&
               (used[i] || !is_expected(&scenario->expects[e], outcome->told[i].event))) {
            i++;
        }
        if (i < outcome->n_told) {
            used[i] = true;
        } else {
            (void)fprintf(stderr, "missing: %.*s\n", (int)scenario->expects[e].root.len,
                          scenario->expects[e].root.ptr);
            good = false;
        }
    }
    if (good) {
        return;
    }
    (void)fprintf(stderr, "seed %llu: %zu diagnoses; the incidents are\n", (unsigned long long)seed,
                  outcome->n_diagnoses);
    for (size_t i = 0; i < outcome->n_told; i++) {
        const cJSON *incident = cJSON_GetObjectItem(outcome->told[i].event, "incident");
        char parts[8192];
        struct span part_ids = event_parts(outcome->told[i].event, parts, sizeof(parts));
        char *text = cJSON_PrintUnformatted(incident);
        struct span reason = member(outcome->told[i].event, "reason");
        struct span severity = member(outcome->told[i].event, "severity");
        struct span action = member(outcome->told[i].event, "node_action");
        (void)fprintf(stderr, "  %s\n    %.*s %.*s\n    parts %.*s\n    %.*s\n", text,
                      (int)severity.len, severity.ptr, (int)action.len,
                      action.ptr != NULL ? action.ptr : "", (int)part_ids.len, part_ids.ptr,
                      (int)reason.len, reason.ptr != NULL ? reason.ptr : "");
        free(text);
    }
    exit(1);
}

/* ---- all runs alike ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The incidents without what names and dates a telling, as one text. */
static char *canonical(const struct outcome *outcome)
{
    static const char *const outer[] = {"event_id", "time"};
    static const char *const inner[] = {"id", "revision", "change", "since", "last"};
    char *texts[TOLD_MAX];
    struct buf all;
    size_t n = 0;

    for (size_t i = 0; i < outcome->n_told; i++) {
        cJSON *event = outcome->told[i].event;
        if (was_absorbed(event)) {
            continue;
        }
        for (size_t k = 0; k < sizeof(outer) / sizeof(outer[0]); k++) {
            cJSON_DeleteItemFromObject(event, outer[k]);
        }
        for (size_t k = 0; k < sizeof(inner) / sizeof(inner[0]); k++) {
            cJSON_DeleteItemFromObject(cJSON_GetObjectItem(event, "incident"), inner[k]);
        }
        texts[n++] = cJSON_PrintUnformatted(event);
    }
    qsort(texts, n, sizeof(texts[0]), compare_texts);
    buf_init(&all, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_add_str(&all, texts[i]);
        buf_add_char(&all, '\n');
        free(texts[i]);
    }
    buf_add_char(&all, '\0');
    return all.ptr;
}

static char *run(const struct scenario *scenario, const struct knowledge *knowledge, uint64_t seed)
{
    int fd = memfd_create("events", MFD_CLOEXEC);
    struct label label = {span_str("world_size"), scenario->world_size};
    struct play *play = mem_calloc(1, sizeof(*play));
    static struct outcome outcome;
    struct sink *sink;
    char *text;

    if (fd < 0 || play == NULL ||
        sink_new(&(struct sink_opts){.fd = fd, .format = format_json}, &sink) != RC_OK) {
        die("out of memory");
    }
    memset(&outcome, 0, sizeof(outcome));
    play->scenario = scenario;
    clock_set_wall_ns(SCENARIO_START_NS);
    struct pipeline_opts opts = {
        .knowledge = knowledge,
        .repeat_ns = -1,
        .labels = &label,
        .n_labels = scenario->world_size.ptr != NULL,
        .host = span_str("node1"),
        .sink = sink,
    };
    if (pipeline_new(&opts, &play->pipeline) != RC_OK) {
        die("out of memory");
    }
    play_lines(play, seed);
    if (pipeline_flush(play->pipeline) != RC_OK || pipeline_finish(play->pipeline) != RC_OK) {
        die("the end failed");
    }
    pipeline_free(play->pipeline);
    sink_close(sink);
    mem_free(play);
    read_events(fd, &outcome);
    check(scenario, &outcome, seed);
    text = canonical(&outcome);
    for (size_t i = 0; i < outcome.n_told; i++) {
        cJSON_Delete(outcome.told[i].event);
    }
    return text;
}

static void load_knowledge(const struct scenario *scenario, struct knowledge *ret_knowledge)
{
    struct config config = {.builtin_kb = true};
    char dir[256];
    char path[300];
    struct err err;
    enum rc rc;

    tmpdir_make(dir, sizeof(dir));
    if (scenario->rules.ptr != NULL) {
        tmpdir_write(dir, "rules.yaml", scenario->rules.ptr, scenario->rules.len);
        (void)snprintf(path, sizeof(path), "%s/rules.yaml", dir);
        config.rules_path = path;
    }
    rc = knowledge_load(&config, ret_knowledge, &err);
    tmpdir_remove(dir);
    if (rc != RC_OK) {
        die(err.message);
    }
}

int main(int argc, char **argv)
{
    struct scenario *scenario = scenario_read(argc > 1 ? argv[1] : "");
    size_t runs = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : RUNS_DEFAULT;
    struct knowledge knowledge;
    char *first;

    runs = scenario->runs != SIZE_MAX ? scenario->runs : runs;
    load_knowledge(scenario, &knowledge);
    first = run(scenario, &knowledge, 0);
    for (uint64_t seed = 1; seed <= runs; seed++) {
        char *text = run(scenario, &knowledge, seed);
        if (strcmp(text, first) != 0) {
            (void)fprintf(stderr, "seed %llu gives another JSON:\n%s\nin place of\n%s\n",
                          (unsigned long long)seed, text, first);
            return 1;
        }
        mem_free(text);
    }
    mem_free(first);
    knowledge_fini(&knowledge);
    scenario_free(scenario);
    return 0;
}
