/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a story; one row of `lines` becomes as many lines as it has ranks and times. */
#include "scenarios/scenario.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "kb/kb.h"
#include "yaml/yaml_tree.h"

#define LINES_MAX 2000000
#define JITTER_NS (5 * CLOCK_NS_PER_S)

static void fail(const struct err *err)
{
    char text[1024];

    (void)fprintf(stderr, "%s\n", err_format(err, text, sizeof(text)));
    exit(2);
}

static void fail_at(const struct yaml_node *node, const char *path, const char *message)
{
    struct err err;

    (void)yaml_fail(node, &err, "%s", message);
    err_file(&err, path);
    fail(&err);
}

static struct span text_of(const struct yaml_node *node, const char *key)
{
    const struct yaml_node *child = yaml_child(node, key);

    return child != NULL && child->kind == YAML_SCALAR ? child->text : (struct span){0};
}

static int64_t duration_of(const struct yaml_node *node, const char *key, int64_t otherwise,
                           const char *path)
{
    struct span text = text_of(node, key);
    int64_t ns = otherwise;

    if (text.ptr != NULL && quantity_parse_duration(text, &ns) != RC_OK) {
        fail_at(node, path, "wrong time");
    }
    return ns;
}

static uint64_t number_of(const struct yaml_node *node, const char *key, uint64_t otherwise)
{
    struct span text = text_of(node, key);
    double value;

    return text.ptr != NULL && quantity_parse_number(text, &value) == RC_OK ? (uint64_t)value
                                                                            : otherwise;
}

/* `{rank}`, `{n}`, `{time}` (RFC 3339), `{glog}` (MMDD HH:MM:SS.ffffff) */
static struct span fill(struct scenario *scenario, struct span text, int rank, uint64_t n,
                        int64_t at_ns)
{
    struct buf out;
    struct span kept;
    char time[CLOCK_RFC3339_BYTES];

    buf_init(&out, (size_t)64 * 1024);
    clock_format_rfc3339(SCENARIO_START_NS + at_ns, time);
    while (text.len > 0) {
        if (span_starts(text, span_str("{rank}"))) {
            buf_printf(&out, "%d", rank);
            text = span_from(text, 6);
        } else if (span_starts(text, span_str("{n}"))) {
            buf_printf(&out, "%llu", (unsigned long long)n);
            text = span_from(text, 3);
        } else if (span_starts(text, span_str("{time}"))) {
            buf_add_str(&out, time);
            text = span_from(text, 6);
        } else if (span_starts(text, span_str("{glog}"))) {
            buf_printf(&out, "%.2s%.2s %.8s.%.6s", time + 5, time + 8, time + 11, time + 20);
            text = span_from(text, 6);
        } else {
            buf_add_char(&out, text.ptr[0]);
            text = span_from(text, 1);
        }
    }
    kept = arena_copy(&scenario->arena, buf_span(&out));
    buf_fini(&out);
    return kept;
}

static void add_line(struct scenario *scenario, struct scenario_line line)
{
    struct scenario_line *lines = scenario->lines;

    if ((scenario->n_lines & (scenario->n_lines - 1)) == 0) {
        lines =
            mem_realloc(lines, scenario->n_lines > 0 ? scenario->n_lines * 2 : 1, sizeof(*lines));
    }
    if (lines == NULL || scenario->n_lines == LINES_MAX) {
        (void)fprintf(stderr, "too many lines\n");
        exit(2);
    }
    scenario->lines = lines;
    lines[scenario->n_lines++] = line;
}

/* Every rank of `0-6,9`, or once with rank -1. */
static void for_ranks(struct span ranks, void (*fn)(void *ctx, int rank), void *ctx)
{
    if (ranks.ptr == NULL) {
        fn(ctx, -1);
    }
    while (ranks.len > 0) {
        char *end;
        long first = strtol(ranks.ptr, &end, 10);
        long last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        for (long rank = first; rank <= last; rank++) {
            fn(ctx, (int)rank);
        }
        ranks = span_from(ranks, (size_t)(end - ranks.ptr) + (*end == ','));
    }
}

struct row {
    struct scenario *scenario;
    const struct yaml_node *node;
    const char *path;
};

static void add_rank(void *ctx, int rank)
{
    const struct row *row = ctx;
    struct scenario *scenario = row->scenario;
    struct span text = text_of(row->node, "text");
    struct span from = text_of(row->node, "from");
    int64_t at_ns = duration_of(row->node, "at", 0, row->path);
    int64_t every_ns = duration_of(row->node, "every", CLOCK_NS_PER_MS, row->path);
    uint64_t times = number_of(row->node, "times", 1);
    uint64_t first = number_of(row->node, "first", 0);
    bool stamped = span_find(text, span_str("{time}")) != NULL ||
                   span_find(text, span_str("{glog}")) != NULL || span_eq_str(from, "kernel");

    if (text.ptr == NULL || from.ptr == NULL) {
        fail_at(row->node, row->path, "a line wants from and text");
    }
    for (uint64_t n = 0; n < times; n++) {
        int64_t when_ns = at_ns + (int64_t)n * every_ns;
        add_line(scenario, (struct scenario_line){
                               .at_ns = when_ns,
                               .stamped = stamped,
                               .from = fill(scenario, from, rank, first + n, when_ns),
                               .text = fill(scenario, text, rank, first + n, when_ns),
                           });
    }
}

static void read_lines(struct scenario *scenario, const struct yaml_node *node, const char *path)
{
    static const char *const keys[] = {"at", "from", "text", "ranks", "times", "every", "first"};

    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct row row = {scenario, child, path};
        struct err err;
        if (yaml_check_keys(child, keys, sizeof(keys) / sizeof(keys[0]), &err) != RC_OK) {
            err_file(&err, path);
            fail(&err);
        }
        for_ranks(text_of(child, "ranks"), add_rank, &row);
    }
}

static int compare_spans(const void *a, const void *b)
{
    return span_cmp(*(const struct span *)a, *(const struct span *)b);
}

static struct span join_parts(struct scenario *scenario, const struct yaml_node *parts)
{
    struct span ids[64];
    struct span joined;
    struct buf out;
    size_t n = 0;

    if (parts == NULL) {
        return (struct span){0};
    }
    for (const struct yaml_node *part = parts->children; part != NULL && n < 64;
         part = part->next) {
        ids[n++] = part->text;
    }
    qsort(ids, n, sizeof(ids[0]), compare_spans);
    buf_init(&out, 8192);
    for (size_t i = 0; i < n; i++) {
        buf_add_str(&out, i > 0 ? " " : "");
        buf_add(&out, ids[i]);
    }
    joined = arena_copy(&scenario->arena, buf_span(&out));
    buf_fini(&out);
    return joined;
}

static void read_expects(struct scenario *scenario, const struct yaml_node *node, const char *path)
{
    static const char *const keys[] = {"root",  "severity", "node_action", "suspect",
                                       "basis", "ranks",    "parts",       "resolved"};

    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        scenario->n_expects++;
    }
    scenario->expects =
        arena_alloc(&scenario->arena, scenario->n_expects + 1, sizeof(*scenario->expects));
    scenario->n_expects = 0;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct err err;
        if (yaml_check_keys(child, keys, sizeof(keys) / sizeof(keys[0]), &err) != RC_OK) {
            err_file(&err, path);
            fail(&err);
        }
        scenario->expects[scenario->n_expects++] = (struct scenario_expect){
            .root = text_of(child, "root"),
            .severity = text_of(child, "severity"),
            .node_action = text_of(child, "node_action"),
            .suspect = text_of(child, "suspect"),
            .basis = text_of(child, "basis"),
            .ranks = text_of(child, "ranks"),
            .resolved = text_of(child, "resolved"),
            .parts = join_parts(scenario, yaml_child(child, "parts")),
        };
    }
}

struct scenario *scenario_read(const char *path)
{
    static const char *const keys[] = {
        "story",     "world_size",        "rules",     "jitter", "lines",
        "incidents", "diagnoses_at_most", "diagnoses", "runs"};
    struct scenario *scenario = mem_calloc(1, sizeof(*scenario));
    struct yaml_node *root;
    struct err err;

    if (scenario == NULL) {
        exit(2);
    }
    if (yaml_parse_file(path, &scenario->arena, &root, &err) != RC_OK ||
        yaml_check_keys(root, keys, sizeof(keys) / sizeof(keys[0]), &err) != RC_OK) {
        err_file(&err, path);
        fail(&err);
    }
    if (yaml_child(root, "lines") == NULL || yaml_child(root, "incidents") == NULL) {
        fail_at(root, path, "a story wants lines and incidents");
    }
    scenario->story = text_of(root, "story");
    scenario->world_size = text_of(root, "world_size");
    scenario->rules = text_of(root, "rules");
    scenario->jitter_ns = duration_of(root, "jitter", JITTER_NS, path);
    scenario->runs = (size_t)number_of(root, "runs", SIZE_MAX);
    scenario->diagnoses = join_parts(scenario, yaml_child(root, "diagnoses"));
    scenario->diagnoses_max = (size_t)number_of(root, "diagnoses_at_most", SIZE_MAX);
    read_lines(scenario, yaml_child(root, "lines"), path);
    read_expects(scenario, yaml_child(root, "incidents"), path);
    return scenario;
}

void scenario_free(struct scenario *scenario)
{
    mem_free(scenario->lines);
    arena_fini(&scenario->arena);
    mem_free(scenario);
}
