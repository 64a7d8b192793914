/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that are JSON objects: docker's json-file, and what structured loggers write. The text is
 * in one of the fields that loggers use for it; tracebacks often lie in a field of their own and
 * follow it. Time and rank are taken where their fields have the usual names. An object in which no
 * text is found stays the line that it is.
 */
#include <cjson/cJSON.h>

#include "base/clock.h"
#include "decode/decode_internal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* First found wins. */
static const char *const message_names[] = {"message", "msg",      "log",          "text",
                                            "MESSAGE", "event",    "body",         "textPayload",
                                            "content", "@message", "short_message"};
/* All that are there follow the message. */
static const char *const trace_names[] = {"exc_info",   "exception",   "traceback", "stack_trace",
                                          "stack_info", "stacktrace",  "stack",     "error",
                                          "err",        "full_message"};
static const char *const time_names[] = {"time", "timestamp", "@timestamp", "ts", "asctime"};
static const char *const rank_names[] = {"rank", "global_rank", "RANK"};

static struct span get_string(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return span_str(cJSON_IsString(item) ? item->valuestring : NULL);
}

static void add_text(struct json_line *line, struct span text)
{
    if (text.len > 0 && line->n_texts < JSON_TEXTS_MAX) {
        line->texts[line->n_texts++] = text;
    }
}

static void find_texts(const cJSON *root, struct span field, struct json_line *line)
{
    char name[64];

    if (field.ptr != NULL) {
        if (field.len < sizeof(name)) {
            memcpy(name, field.ptr, field.len);
            name[field.len] = '\0';
            add_text(line, get_string(root, name));
        }
        return;
    }
    for (size_t i = 0; i < COUNT(message_names) && line->n_texts == 0; i++) {
        add_text(line, get_string(root, message_names[i]));
    }
    for (size_t i = 0; i < COUNT(trace_names); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, trace_names[i]);
        if (cJSON_IsString(item)) {
            add_text(line, span_str(item->valuestring));
        } else if (cJSON_IsObject(item)) { /* `"error": {"message": ..., "stack_trace": ...}` */
            add_text(line, get_string(item, "message"));
            add_text(line, get_string(item, "stack_trace"));
            add_text(line, get_string(item, "stack"));
        }
    }
}

/* Seconds, milli-, micro- or nanoseconds since 1970, told apart by their size. */
static int64_t epoch_to_wall_ns(double value)
{
    double unit = 1e9;

    if (!(value > 0 && value < 9e18)) {
        return CLOCK_NONE;
    }
    for (double limit = 1e11; value >= limit && unit > 1; limit *= 1e3) {
        unit /= 1e3;
    }
    value *= unit;
    return value < 9e18 ? (int64_t)value : CLOCK_NONE;
}

static int64_t find_time(const cJSON *root, struct stamp_zone *zone)
{
    for (size_t i = 0; i < COUNT(time_names); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, time_names[i]);
        if (cJSON_IsNumber(item)) {
            return epoch_to_wall_ns(item->valuedouble);
        }
        if (cJSON_IsString(item)) {
            return stamp_parse(span_str(item->valuestring), zone).wall_ns;
        }
    }
    return CLOCK_NONE;
}

static int32_t find_rank(const cJSON *root)
{
    for (size_t i = 0; i < COUNT(rank_names); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, rank_names[i]);
        if (cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1e6) {
            return (int32_t)item->valuedouble;
        }
    }
    return RANK_NONE;
}

/* docker writes log, stream (and attrs) and time, and nothing else. */
static bool is_docker(const cJSON *root)
{
    return get_string(root, "log").ptr != NULL && get_string(root, "stream").ptr != NULL &&
           get_string(root, "time").ptr != NULL;
}

static bool may_be_object(struct span line)
{
    while (line.len > 0 && line.ptr[line.len - 1] == ' ') {
        line.len--;
    }
    return line.len > 2 && line.ptr[0] == '{' && line.ptr[line.len - 1] == '}';
}

/* Whether an escaped NUL is in line; behind an escaped backslash the same letters are text. */
static bool has_escaped_nul(struct span line)
{
    static const struct span nul = SPAN_LIT("\\u0000");
    const char *p = span_find(line, nul);

    while (p != NULL) {
        size_t backslashes = 1;
        while (p - backslashes >= line.ptr && p[-(ptrdiff_t)backslashes] == '\\') {
            backslashes++;
        }
        if (backslashes % 2 == 1) {
            return true;
        }
        p = span_find(span_from(line, (size_t)(p + nul.len - line.ptr)), nul);
    }
    return false;
}

/* cJSON ends a string at an escaped NUL: such a line is kept as it is, so that nothing of it is
 * hidden, and so is one with something behind the object. */
static cJSON *parse_object(struct span line)
{
    const char *end = NULL;
    cJSON *root;

    if (!may_be_object(line) || has_escaped_nul(line)) {
        return NULL;
    }
    root = cJSON_ParseWithLengthOpts(line.ptr, line.len, &end, false);
    for (; root != NULL && end < line.ptr + line.len; end++) {
        if (*end != ' ') {
            cJSON_Delete(root);
            return NULL;
        }
    }
    return root;
}

bool json_line_parse(struct span line, const struct json_formats *formats, struct stamp_zone *zone,
                     struct json_line *ret_line)
{
    cJSON *root = parse_object(line);

    *ret_line = (struct json_line){.root = root, .rank = RANK_NONE, .log_wall_ns = CLOCK_NONE};
    if (root == NULL) {
        return false;
    }
    if (formats->docker && is_docker(root)) {
        ret_line->is_docker = true;
        ret_line->stream = span_eq_str(get_string(root, "stream"), "stderr");
        ret_line->texts[ret_line->n_texts++] = get_string(root, "log");
    } else if (formats->json) {
        find_texts(root, formats->field, ret_line);
        ret_line->rank = find_rank(root);
    }
    if (ret_line->n_texts == 0) {
        cJSON_Delete(root);
        return false;
    }
    ret_line->log_wall_ns = find_time(root, zone);
    return true;
}

void json_line_free(struct json_line *line)
{
    cJSON_Delete(line->root);
}
