/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way over a restart: faults, stories, repeats, counts and censuses as one JSON object. Times
 * are microseconds, which a JSON number holds exactly; hashes are hexadecimal. Read back, an entry
 * that the knowledge base has lost takes with it what stands on it.
 *
 * Bounded: when INCIDENTS_SAVE_MAX is near, what is left (the least recent repeats) stays out.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "incident/incident_internal.h"

#define FORMAT_VERSION 1
#define ROOM_BYTES     ((size_t)64 * 1024) /* kept free for what is being written */
#define NS_PER_US      1000

static bool is_full(const struct buf *out)
{
    return out->len + ROOM_BYTES > INCIDENTS_SAVE_MAX;
}

/* ---- writing ---- */

static void key_time(struct json *json, const char *name, int64_t ns)
{
    json_key_int(json, name, ns / NS_PER_US);
}

static void key_hex(struct json *json, const char *name, uint64_t value)
{
    char text[17];

    (void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)value);
    json_key_string(json, name, span_str(text));
}

static void key_ranks(struct json *json, const char *name, const struct rank_set *ranks)
{
    struct buf text;

    if (ranks->n == 0) {
        return;
    }
    buf_init(&text, (size_t)512 * 1024);
    rank_set_format(ranks, SIZE_MAX, &text);
    json_key_string(json, name, buf_span(&text));
    buf_fini(&text);
}

static void write_works(struct json *json, const struct work_table *works)
{
    if (works->n == 0) {
        return;
    }
    json_key(json, "works");
    json_array_begin(json);
    for (size_t i = 0; i < works->n_slots; i++) {
        const struct work *work = &works->slots[i];
        if (work->rank != RANK_NONE) {
            json_array_begin(json);
            json_int(json, work->rank);
            json_uint(json, work->seq);
            json_int(json, work->enqueued == WORK_NONE ? -1 : (int64_t)work->enqueued);
            json_array_end(json);
        }
    }
    json_array_end(json);
}

static void write_fault(struct json *json, const struct fault *fault)
{
    json_object_begin(json);
    json_key_string(json, "id", fault->entry->id);
    json_key_string(json, "host", fault->host);
    json_key_string(json, "gpu", fault->gpu);
    json_key_string(json, "scope", fault->scope);
    json_key_string(json, "line", fault->line);
    key_ranks(json, "ranks", &fault->ranks);
    key_ranks(json, "named", &fault->named);
    write_works(json, &fault->works);
    json_key_uint(json, "count", fault->count);
    json_key_bool(json, "stamped", fault->stamped);
    if (fault->timed) {
        key_time(json, "first", fault->first_ns);
        key_time(json, "last", fault->last_ns);
    }
    key_time(json, "arrived", fault->arrived_ns);
    key_time(json, "last_arrived", fault->last_arrived_ns);
    json_key_string(json, "severity", span_str(kb_severity_name(fault->severity)));
    json_key_string(json, "node_action", fault->node_action);
    json_key_string(json, "job_action", fault->job_action);
    json_key_string(json, "note", fault->note);
    json_key_bool(json, "never_root", fault->never_root);
    json_key_string(json, "over", fault->over ? fault->over_reason : (struct span){0});
    json_object_end(json);
}

static int64_t index_of(const struct incidents *incidents, const struct fault *wanted)
{
    int64_t i = 0;

    for (const struct fault *fault = incidents->faults; fault != NULL; fault = fault->next, i++) {
        if (fault == wanted) {
            return i;
        }
    }
    return -1;
}

static void write_story(struct json *json, const struct incidents *incidents,
                        const struct story *story)
{
    json_object_begin(json);
    json_key_string(json, "id", span_str(story->id));
    json_key_bool(json, "announced", story->announced);
    json_key_bool(json, "resolved", story->resolved);
    json_key_uint(json, "revision", story->revision);
    json_key_int(json, "root", index_of(incidents, story->root));
    json_key_string(json, "told_root",
                    story->told_root != NULL ? story->told_root->id : (struct span){0});
    json_key_uint(json, "told_count", story->told_count);
    json_key_uint(json, "told_faults", story->told_faults);
    key_time(json, "opened", story->opened_ns);
    key_time(json, "told", story->told_ns);
    json_object_end(json);
}

static void write_census(struct json *json, const struct census *census)
{
    json_object_begin(json);
    json_key_string(json, "scope", census->scope);
    key_ranks(json, "ranks", &census->ranks);
    json_object_end(json);
}

static void write_problem(void *ctx, const struct problem *problem)
{
    struct json *json = ctx;

    if (is_full(json->out)) {
        return;
    }
    json_object_begin(json);
    key_hex(json, "key", problem->key);
    json_key_string(json, "event_id", span_str(problem->first_event_id));
    json_key_string(json, "id", problem->entry->id);
    json_key_string(json, "severity", span_str(kb_severity_name(problem->severity)));
    json_key_string(json, "host", problem->host);
    json_key_string(json, "gpu", problem->gpu);
    key_ranks(json, "ranks", &problem->ranks);
    json_key_uint(json, "count", problem->count);
    json_key_uint(json, "told", problem->told);
    key_time(json, "first", problem->first_ns);
    key_time(json, "last", problem->last_ns);
    key_time(json, "arrived", problem->arrived_ns);
    key_time(json, "window", problem->window_ns);
    json_object_end(json);
}

static void write_tally(void *ctx, uint64_t key, const struct recent *recent, unsigned n,
                        unsigned max)
{
    struct json *json = ctx;

    if (is_full(json->out)) {
        return;
    }
    json_object_begin(json);
    key_hex(json, "key", key);
    json_key_uint(json, "max", max);
    json_key(json, "recent");
    json_array_begin(json);
    for (unsigned i = 0; i < n; i++) {
        json_object_begin(json);
        key_hex(json, "value", recent[i].value);
        key_time(json, "when", recent[i].when_ns);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

void incidents_save(const struct incidents *incidents, struct buf *out)
{
    struct json json;

    json_init(&json, out);
    json_object_begin(&json);
    json_key_int(&json, "version", FORMAT_VERSION);
    json_key(&json, "faults");
    json_array_begin(&json);
    for (const struct fault *fault = incidents->faults; fault != NULL && !is_full(out);
         fault = fault->next) {
        write_fault(&json, fault);
    }
    json_array_end(&json);
    json_key(&json, "stories");
    json_array_begin(&json);
    for (const struct story *story = incidents->stories; story != NULL && !is_full(out);
         story = story->next) {
        write_story(&json, incidents, story);
    }
    json_array_end(&json);
    json_key(&json, "censuses");
    json_array_begin(&json);
    for (const struct census *census = incidents->censuses; census != NULL && !is_full(out);
         census = census->next) {
        write_census(&json, census);
    }
    json_array_end(&json);
    json_key(&json, "counts");
    json_array_begin(&json);
    counts_each(incidents->counts, write_tally, &json);
    json_array_end(&json);
    json_key(&json, "repeats");
    json_array_begin(&json);
    repeats_each(incidents->repeats, write_problem, &json);
    json_array_end(&json);
    json_object_end(&json);
}

/* ---- reading ---- */

static struct span get_text(const cJSON *object, const char *name)
{
    return span_str(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static double get_number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* Out of what a file can make of it: a number that is none of ours becomes 0. */
static int64_t get_time(const cJSON *object, const char *name)
{
    double us = get_number(object, name);

    return us > 0 && us < 9e15 ? (int64_t)us * NS_PER_US : 0;
}

static uint64_t get_count(const cJSON *object, const char *name)
{
    double n = get_number(object, name);

    return n > 0 && n < 9e15 ? (uint64_t)n : 0;
}

static bool get_bool(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static uint64_t get_hex(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text != NULL ? strtoull(text, NULL, 16) : 0;
}

static const struct kb_entry *get_entry(const struct incidents *incidents, const cJSON *object,
                                        const char *name)
{
    struct span id = get_text(object, name);

    return id.ptr != NULL ? kb_find(incidents->opts.kb, id) : NULL;
}

static enum severity get_severity(const cJSON *object)
{
    enum severity severity;

    return kb_severity_parse(get_text(object, "severity"), &severity) == RC_OK ? severity
                                                                               : SEVERITY_ERROR;
}

static struct span get_word(struct incidents *incidents, const cJSON *object, const char *name)
{
    return arena_copy(&incidents->loaded, get_text(object, name));
}

static void read_works(struct incidents *incidents, struct fault *fault, const cJSON *works)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, works)
    {
        const cJSON *rank = cJSON_GetArrayItem(item, 0);
        const cJSON *seq = cJSON_GetArrayItem(item, 1);
        const cJSON *enqueued = cJSON_GetArrayItem(item, 2);
        if (cJSON_IsNumber(rank) && cJSON_IsNumber(seq) && cJSON_IsNumber(enqueued) &&
            rank->valuedouble >= 0 && rank->valuedouble <= INCIDENTS_RANK_MAX &&
            seq->valuedouble >= 0 && seq->valuedouble < 9e15 && enqueued->valuedouble < 9e15) {
            fault_note_work(
                incidents, fault, (int32_t)rank->valuedouble, (uint64_t)seq->valuedouble,
                enqueued->valuedouble < 0 ? WORK_NONE : (uint64_t)enqueued->valuedouble);
        }
    }
}

/* NULL for an entry that is no more; the place in `faults` stays, as stories count them. */
static struct fault *read_fault(struct incidents *incidents, const cJSON *item)
{
    const struct kb_entry *entry = get_entry(incidents, item, "id");
    struct fault *fault;

    if (entry == NULL) {
        return NULL;
    }
    fault = fault_add(incidents, entry, get_text(item, "host"), get_text(item, "gpu"),
                      get_text(item, "scope"));
    if (fault == NULL) {
        return NULL;
    }
    fault->line = incidents_keep(get_text(item, "line"));
    rank_set_parse(&fault->ranks, get_text(item, "ranks"));
    rank_set_parse(&fault->named, get_text(item, "named"));
    read_works(incidents, fault, cJSON_GetObjectItemCaseSensitive(item, "works"));
    fault->count = get_count(item, "count");
    fault->stamped = get_bool(item, "stamped");
    fault->timed = cJSON_HasObjectItem(item, "first");
    fault->first_ns = get_time(item, "first");
    fault->last_ns = get_time(item, "last");
    fault->arrived_ns = get_time(item, "arrived");
    fault->last_arrived_ns = get_time(item, "last_arrived");
    fault->severity = get_severity(item);
    fault->node_action = get_word(incidents, item, "node_action");
    fault->job_action = get_word(incidents, item, "job_action");
    fault->note = get_word(incidents, item, "note");
    fault->never_root = get_bool(item, "never_root");
    fault->over_reason = incidents_keep(get_text(item, "over"));
    fault->over = fault->over_reason.ptr != NULL;
    return fault;
}

static void read_story(struct incidents *incidents, const cJSON *item, struct fault **faults,
                       size_t n_faults)
{
    double root = get_number(item, "root");
    struct span id = get_text(item, "id");
    struct story *story;

    if (root < 0 || root >= (double)n_faults || faults[(size_t)root] == NULL ||
        id.len >= sizeof(story->id)) {
        return;
    }
    story = mem_calloc(1, sizeof(*story));
    if (story == NULL) {
        return; /* it will be opened anew */
    }
    memcpy(story->id, id.ptr, id.len);
    story->announced = get_bool(item, "announced");
    story->resolved = get_bool(item, "resolved");
    story->revision = (unsigned)get_count(item, "revision");
    story->root = faults[(size_t)root];
    story->told_root = get_entry(incidents, item, "told_root");
    story->told_count = get_count(item, "told_count");
    story->told_faults = (size_t)get_count(item, "told_faults");
    story->opened_ns = get_time(item, "opened");
    story->told_ns = get_time(item, "told");
    story->next = incidents->stories;
    incidents->stories = story;
}

static void read_faults(struct incidents *incidents, const cJSON *root)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "faults");
    size_t n = (size_t)cJSON_GetArraySize(list);
    struct fault **faults;
    const cJSON *item;
    size_t i = 0;

    if (n == 0 || n > INCIDENTS_FAULTS_MAX) {
        return;
    }
    faults = mem_calloc(n, sizeof(*faults));
    if (faults == NULL) {
        return; /* incidents begin anew */
    }
    incidents->graph = incidents->graph != NULL ? incidents->graph : graph_new(incidents->opts.kb);
    cJSON_ArrayForEach(item, list)
    {
        faults[i++] = read_fault(incidents, item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "stories"))
    {
        read_story(incidents, item, faults, n);
    }
    mem_free(faults);
}

static void read_problem(struct incidents *incidents, const cJSON *item)
{
    const struct kb_entry *entry = get_entry(incidents, item, "id");
    struct span event_id = get_text(item, "event_id");
    struct problem *problem;

    if (entry == NULL || event_id.ptr == NULL || event_id.len >= HASH_HEX_BYTES) {
        return;
    }
    problem = repeats_add(incidents->repeats, get_hex(item, "key"), event_id, entry);
    if (problem == NULL) {
        return; /* it will be told once more */
    }
    problem->severity = get_severity(item);
    problem->host = incidents_keep(get_text(item, "host"));
    problem->gpu = incidents_keep(get_text(item, "gpu"));
    rank_set_parse(&problem->ranks, get_text(item, "ranks"));
    problem->count = get_count(item, "count");
    problem->told = get_count(item, "told");
    problem->first_ns = get_time(item, "first");
    problem->last_ns = get_time(item, "last");
    problem->arrived_ns = get_time(item, "arrived");
    problem->window_ns = get_time(item, "window");
}

static void read_tally(struct incidents *incidents, const cJSON *item)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(item, "recent");
    struct recent recent[COUNTS_RECENT_MAX];
    const cJSON *one;
    unsigned n = 0;

    cJSON_ArrayForEach(one, list)
    {
        if (n < COUNTS_RECENT_MAX) {
            recent[n++] = (struct recent){get_hex(one, "value"), get_time(one, "when")};
        }
    }
    counts_restore(incidents->counts, get_hex(item, "key"), recent, n,
                   (unsigned)get_count(item, "max"));
}

enum rc incidents_load(struct incidents *incidents, struct span text)
{
    cJSON *root = cJSON_ParseWithLength(text.ptr, text.len);
    const cJSON *item;

    if (!cJSON_IsObject(root) || get_number(root, "version") != FORMAT_VERSION) {
        cJSON_Delete(root);
        return RC_INVALID;
    }
    read_faults(incidents, root);
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "censuses"))
    {
        struct span scope = get_text(item, "scope");
        struct census *census = scope.ptr != NULL ? census_find(incidents, scope) : NULL;
        if (census != NULL) {
            rank_set_parse(&census->ranks, get_text(item, "ranks"));
        }
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "counts"))
    {
        read_tally(incidents, item);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "repeats"))
    {
        read_problem(incidents, item);
    }
    cJSON_Delete(root);
    incidents->stale = true;
    return RC_OK;
}
