/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event as one JSON line, schema "gpuerr.event/1". Names are a contract: new ones may be added,
 * none change.
 *
 * The bound of 64 KiB holds by construction: log text is cut before it is escaped, and when an
 * event still does not fit (a KB entry of somebody's own with a book in it), it is written a second
 * time with the line cut to the bone and without advice, and says `advice_omitted`.
 */
#include "base/utf8.h"
#include "deliver/format_json_internal.h"
#include "kb/kb_when.h"

#define LINE_BYTES        ((size_t)6 * 1024) /* control characters grow sixfold when escaped */
#define LINE_BYTES_SHORT  ((size_t)1024)
#define CAPTURE_BYTES     ((size_t)256)
#define CAPTURE_BYTES_MIN ((size_t)64)
#define ALSO_MATCHED_MAX  16

static const char *source_name(enum source_type type)
{
    static const char *const names[] = {
        [SOURCE_FILE] = "file",       [SOURCE_STDIN] = "stdin",
        [SOURCE_JOURNAL] = "journal", [SOURCE_JOURNAL_NATIVE] = "journal_native",
        [SOURCE_SYSLOG] = "syslog",   [SOURCE_KMSG] = "kmsg",
        [SOURCE_EXEC] = "exec",
    };

    return names[type];
}

void format_json_time(struct json *json, const char *name, int64_t wall_ns)
{
    char text[CLOCK_RFC3339_BYTES];

    json_key(json, name);
    if (wall_ns == CLOCK_NONE) {
        json_null(json);
        return;
    }
    clock_format_rfc3339(wall_ns, text);
    json_string(json, span_str(text));
}

static void key_links(struct json *json, const char *name, struct kb_link_list links)
{
    json_key(json, name);
    json_array_begin(json);
    for (size_t i = 0; i < links.n; i++) {
        json_string(json, links.items[i].id);
    }
    json_array_end(json);
}

/* What a reader needs to know before acting on an advice: is it backed, was it found false, is its
 * rate a guess. */
static void write_trust(struct json *json, const struct kb_entry *entry,
                        const struct kb_advice *advice)
{
    if (advice->rate.known && advice->sources.n == 0) {
        json_key_bool(json, "rate_is_estimate", true);
    }
    json_key_bool(json, "confirmed", kb_advice_confirmed(entry, advice));
    if (advice->retired.ptr != NULL) {
        json_key_string(json, "retired", advice->retired);
    }
}

static void write_dead_end(struct json *json, const struct kb_entry *entry, size_t i,
                           const struct format_opts *opts)
{
    const struct kb_advice *advice = &entry->dead_ends.items[i];

    json_object_begin(json);
    if (opts->chinese && i < entry->dead_ends_zh.n) {
        json_key_string(json, "action", entry->dead_ends_zh.items[i]);
    } else {
        json_key_string(json, "action", advice->action);
        json_key_string(json, "why_fails", advice->why_fails);
    }
    kb_write_rate(json, "fail_rate", advice->rate);
    write_trust(json, entry, advice);
    json_object_end(json);
}

static void write_workaround(struct json *json, const struct kb_entry *entry, size_t i,
                             enum kb_when_result when, const struct format_opts *opts)
{
    const struct kb_advice *advice = &entry->workarounds.items[i];

    json_object_begin(json);
    if (opts->chinese && i < entry->workarounds_zh.n) {
        json_key_string(json, "action", entry->workarounds_zh.items[i]);
    } else {
        json_key_string(json, "action", advice->action);
        if (advice->how.len > 0 && !span_eq(advice->how, advice->action)) {
            json_key_string(json, "how", advice->how);
        }
    }
    if (advice->condition.len > 0) {
        json_key_string(json, "condition", advice->condition);
    }
    if (when != KB_WHEN_ALWAYS) {
        json_key_bool(json, "applies", when == KB_WHEN_TRUE);
    }
    kb_write_rate(json, "success_rate", advice->rate);
    write_trust(json, entry, advice);
    json_object_end(json);
}

static void write_advice(struct json *json, const struct kb_entry *entry,
                         const struct capture_list *captures, const struct format_opts *opts)
{
    /* Those that the values in the line select come first, those that they rule out last. */
    static const enum kb_when_result order[] = {KB_WHEN_TRUE, KB_WHEN_ALWAYS, KB_WHEN_FALSE};

    json_key(json, "dead_ends");
    json_array_begin(json);
    for (size_t i = 0; i < entry->dead_ends.n; i++) {
        write_dead_end(json, entry, i, opts);
    }
    json_array_end(json);
    json_key(json, "workarounds");
    json_array_begin(json);
    for (size_t pass = 0; pass < sizeof(order) / sizeof(order[0]); pass++) {
        for (size_t i = 0; i < entry->workarounds.n; i++) {
            enum kb_when_result when = kb_when_eval(entry->workarounds.items[i].when, captures);
            if (when == order[pass]) {
                write_workaround(json, entry, i, when, opts);
            }
        }
    }
    json_array_end(json);
}

static void write_retired(struct json *json, const struct kb_entry *entry)
{
    if (entry->n_retired_claims == 0) {
        return;
    }
    json_key(json, "retired_claims");
    json_array_begin(json);
    for (size_t i = 0; i < entry->n_retired_claims; i++) {
        json_object_begin(json);
        json_key_string(json, "claim", entry->retired_claims[i].claim);
        json_key_string(json, "reason", entry->retired_claims[i].reason);
        json_object_end(json);
    }
    json_array_end(json);
}

void format_json_classification(struct json *json, const struct event *event,
                                const struct kb_entry *entry, struct span node_action,
                                struct span job_action, const struct format_opts *opts)
{
    json_key_string(json, "id", entry->id);
    json_key_string(json, "signature", opts->chinese ? entry->signature_zh : entry->signature);
    json_key_string(json, "severity", span_str(kb_severity_name(event->severity)));
    json_key_string(json, "scope", entry->scope);
    json_key_string(json, "domain", entry->domain);
    json_key_string(json, "category", entry->category);
    json_key_string(json, "error_code", entry->error_code);
    json_key_string(json, "role", span_str(kb_role_name(entry->role)));
    json_key_string(json, "node_action", node_action);
    json_key_string(json, "job_action", job_action);
    json_key_strings(json, "basis", entry->basis);
    if (entry->basis_disagrees) {
        json_key_bool(json, "basis_disagrees", true);
    }
}

void format_json_captures(struct json *json, const struct capture_list *captures,
                          const struct format_json_limits *limits)
{
    json_key(json, "captures");
    json_object_begin(json);
    for (size_t i = 0; i < captures->n; i++) {
        json_key_span(json, captures->items[i].name);
        json_string(json, utf8_cut(captures->items[i].value, limits->capture_bytes));
    }
    json_object_end(json);
}

void format_json_rank(struct json *json, const char *name, int32_t rank)
{
    json_key(json, name);
    if (rank == RANK_NONE) {
        json_null(json);
    } else {
        json_int(json, rank);
    }
}

static void write_found(struct json *json, const struct diagnosis *diagnosis,
                        const struct format_json_limits *limits)
{
    struct span line = diagnosis->record->text;
    struct span cut = utf8_cut(line, limits->line_bytes);

    json_key_string(json, "line", cut);
    json_key_bool(json, "line_truncated", diagnosis->record->truncated || cut.len < line.len);
    if (diagnosis->record->partial) {
        json_key_bool(json, "line_partial", true);
    }
    if (diagnosis->record->replayed) {
        json_key_bool(json, "replayed", true);
    }
    format_json_captures(json, &diagnosis->captures, limits);
    format_json_rank(json, "rank", diagnosis->rank);
    json_key_string(json, "gpu", utf8_cut(diagnosis->gpu, limits->capture_bytes));
    json_key(json, "also_matched");
    json_array_begin(json);
    for (size_t i = 0; i < diagnosis->also_matched.n && i < ALSO_MATCHED_MAX; i++) {
        json_string(json, diagnosis->also_matched.entries[i]->id);
    }
    json_array_end(json);
}

void format_json_where(struct json *json, const struct event *event, const struct format_opts *opts)
{
    json_key_string(json, "host", event->host);
    json_key(json, "labels");
    json_object_begin(json);
    for (size_t i = 0; i < opts->n_labels; i++) {
        json_key_span(json, opts->labels[i].key);
        json_string(json, opts->labels[i].value);
    }
    json_object_end(json);
}

static void write_source(struct json *json, const struct origin *origin,
                         const struct record *record)
{
    json_key(json, "source");
    json_object_begin(json);
    json_key_string(json, "type", span_str(source_name(origin->type)));
    json_key_string(json, "path", origin->path);
    if (record != NULL) {
        json_key_uint(json, "offset", record->offset);
    }
    if (origin->inode != 0) {
        json_key_uint(json, "inode", origin->inode);
    }
    if (record != NULL && record->unit.len > 0) {
        json_key_string(json, "unit", record->unit);
    }
    if (record != NULL && record->cursor.len > 0) {
        json_key_string(json, "cursor", record->cursor);
    }
    json_object_end(json);
}

void format_json_knowledge(struct json *json, const struct kb_entry *entry,
                           const struct capture_list *captures,
                           const struct format_json_limits *limits, const struct format_opts *opts)
{
    if (limits->advice) {
        json_key_string(json, "root_cause",
                        opts->chinese ? entry->root_cause_zh : entry->root_cause);
        write_advice(json, entry, captures, opts);
        write_retired(json, entry);
        key_links(json, "leads_to", entry->leads_to);
        key_links(json, "preceded_by", entry->preceded_by);
        key_links(json, "confused_with", entry->confused_with);
    } else {
        json_key_bool(json, "advice_omitted", true);
    }
    json_key_string(json, "doc_url", entry->official_doc_url);
    json_key(json, "confidence");
    json_double(json, entry->confidence);
    json_key_string(json, "verification_tier", span_str(kb_tier_name(entry->tier)));
    kb_write_rate(json, "fix_success_rate", entry->fix_success_rate);
    json_key_string(json, "resolvable", entry->resolvable);
}

void format_json_head(struct json *json, const struct event *event, const char *kind)
{
    json_key_string(json, "schema", span_str("gpuerr.event/1"));
    json_key_string(json, "event", span_str(kind));
    json_key_string(json, "event_id", span_str(event->id));
    format_json_time(json, "time", event->time_wall_ns);
}

static void write_diagnosis(struct json *json, const struct event *event,
                            const struct format_json_limits *limits, const struct format_opts *opts)
{
    const struct diagnosis *diagnosis = event->diagnosis;

    format_json_head(json, event, "diagnosis");
    format_json_time(json, "log_time", diagnosis->record->log_wall_ns);
    format_json_classification(json, event, diagnosis->entry, diagnosis->node_action,
                               diagnosis->job_action, opts);
    write_found(json, diagnosis, limits);
    format_json_where(json, event, opts);
    write_source(json, event->origin, diagnosis->record);
    if (diagnosis->rules.n > 0) {
        json_key_strings(json, "rules", diagnosis->rules);
    }
    if (diagnosis->note.ptr != NULL) {
        json_key_string(json, "note", diagnosis->note);
    }
    format_json_incident_ref(json, diagnosis->incident);
    format_json_knowledge(json, diagnosis->entry, &diagnosis->captures, limits, opts);
}

static void write_gap(struct json *json, const struct event *event, const struct format_opts *opts)
{
    format_json_head(json, event, "gap");
    json_key_string(json, "severity", span_str(kb_severity_name(event->severity)));
    json_key_string(json, "reason", event->gap->reason);
    json_key_uint(json, "from", event->gap->from);
    json_key_uint(json, "to", event->gap->to);
    format_json_where(json, event, opts);
    write_source(json, event->origin, NULL);
}

static enum rc write_event(const struct event *event, const struct format_json_limits *limits,
                           const struct format_opts *opts, struct buf *out)
{
    struct json json;

    json_init(&json, out);
    json_object_begin(&json);
    switch (event->kind) {
    case EVENT_DIAGNOSIS:
        write_diagnosis(&json, event, limits, opts);
        break;
    case EVENT_GAP:
        write_gap(&json, event, opts);
        break;
    case EVENT_REPEAT:
        format_json_repeat(&json, event, limits, opts);
        break;
    case EVENT_INCIDENT:
    case EVENT_RESOLVED:
        format_json_incident(&json, event, limits, opts);
        break;
    }
    json_object_end(&json);
    return out->len > FORMAT_JSON_MAX_BYTES ? RC_TOO_BIG : buf_rc(out);
}

enum rc format_json(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    static const struct format_json_limits usual = {LINE_BYTES, CAPTURE_BYTES, true};
    static const struct format_json_limits tight = {LINE_BYTES_SHORT, CAPTURE_BYTES_MIN, false};
    enum rc rc;

    if (event->kind == EVENT_INCIDENT && !incident_is_news(event->incident)) {
        return RC_OK; /* its diagnosis has told it */
    }
    rc = write_event(event, &usual, opts, out);
    if (rc == RC_TOO_BIG) {
        buf_clear(out);
        rc = write_event(event, &tight, opts, out);
    }
    return rc;
}
