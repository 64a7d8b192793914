/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeats, incidents and resolutions as JSON. An incident has the names of a diagnosis for its root
 * (id, signature, root_cause, workarounds ...), `incident` for the verdict, and `parts` for what
 * belongs to it, so that a reader who only knows diagnoses reads it as one.
 */
#include "base/utf8.h"
#include "deliver/format_json_internal.h"

static const char *const role_names[] = {
    [INCIDENT_ALONE] = "alone",
    [INCIDENT_ROOT] = "root",
    [INCIDENT_CASCADE] = "cascade",
    [INCIDENT_TEARDOWN] = "teardown",
};

static const char *const change_names[] = {
    [INCIDENT_OPENED] = "opened",
    [INCIDENT_GROWN] = "grown",
    [INCIDENT_ROOT_CHANGED] = "root_changed",
    [INCIDENT_RESOLVED] = "resolved",
};

static const char *const basis_names[] = {
    [SUSPECT_DIRECT] = "direct",
    [SUSPECT_BEHIND] = "behind",
    [SUSPECT_MISSING] = "missing",
};

void format_json_incident_ref(struct json *json, const struct incident_ref *ref)
{
    json_key(json, "incident");
    if (ref == NULL) {
        json_null(json);
        return;
    }
    json_object_begin(json);
    json_key_string(json, "id", span_str(ref->id));
    json_key_uint(json, "revision", ref->revision);
    json_key_string(json, "role", span_str(role_names[ref->role]));
    json_key_string(json, "root_id", ref->root->id);
    json_object_end(json);
}

void format_json_repeat(struct json *json, const struct event *event,
                        const struct format_json_limits *limits, const struct format_opts *opts)
{
    const struct repeat *repeat = event->repeat;
    const struct kb_entry *entry = repeat->entry;

    format_json_head(json, event, "repeat");
    format_json_classification(json, event, entry, entry->node_action, entry->job_action, opts);
    json_key_string(json, "first_event_id", span_str(repeat->first_event_id));
    json_key_uint(json, "count", repeat->count);
    format_json_time(json, "since", repeat->first_wall_ns);
    format_json_time(json, "last", repeat->last_wall_ns);
    json_key_bool(json, "ended", repeat->ended);
    json_key_string(json, "ranks", repeat->ranks);
    json_key_string(json, "gpu", utf8_cut(repeat->gpu, limits->capture_bytes));
    json_key_string(json, "line", utf8_cut(repeat->line, limits->line_bytes));
    format_json_where(json, event, opts);
}

static void write_verdict(struct json *json, const struct event *event)
{
    const struct incident *incident = event->incident;

    json_key(json, "incident");
    json_object_begin(json);
    json_key_string(json, "id", span_str(incident->id));
    json_key_uint(json, "revision", incident->revision);
    json_key_string(json, "change", span_str(change_names[incident->change]));
    json_key_string(json, "role",
                    span_str(role_names[incident->n_parts > 1 ? INCIDENT_ROOT : INCIDENT_ALONE]));
    json_key_string(json, "root_id", incident->root->id);
    format_json_rank(json, "first_rank", incident->first_rank);
    format_json_rank(json, "suspect_rank", incident->suspect_rank);
    json_key_string(json, "suspect_ranks", incident->suspect_ranks);
    json_key_string(json, "suspect_basis",
                    incident->suspect_basis == SUSPECT_NONE
                        ? (struct span){0}
                        : span_str(basis_names[incident->suspect_basis]));
    json_key(json, "suspect_confidence");
    if (incident->suspect_basis == SUSPECT_NONE) {
        json_null(json);
    } else {
        json_double(json, incident->suspect_confidence);
    }
    if (incident->seq != 0) {
        json_key_uint(json, "seq", incident->seq);
    }
    if (incident->world != 0) {
        json_key_uint(json, "world_size", incident->world);
    }
    json_key_string(json, "ranks", incident->ranks);
    json_key_uint(json, "count", incident->count);
    format_json_time(json, "since", incident->since_ns);
    format_json_time(json, "last", incident->last_ns);
    json_object_end(json);
}

static void write_part(struct json *json, const struct incident_part *part,
                       const struct format_opts *opts)
{
    json_object_begin(json);
    json_key_string(json, "id", part->entry->id);
    json_key_string(json, "signature",
                    opts->chinese ? part->entry->signature_zh : part->entry->signature);
    json_key_string(json, "role", span_str(role_names[part->role]));
    json_key_string(json, "host", part->host);
    json_key_string(json, "gpu", part->gpu);
    json_key_string(json, "ranks", part->ranks);
    json_key_uint(json, "count", part->count);
    json_key_string(json, "caused_by",
                    part->caused_by != NULL ? part->caused_by->id : (struct span){0});
    json_key_string(json, "why", part->why);
    json_object_end(json);
}

void format_json_incident(struct json *json, const struct event *event,
                          const struct format_json_limits *limits, const struct format_opts *opts)
{
    const struct incident *incident = event->incident;

    format_json_head(json, event, event->kind == EVENT_RESOLVED ? "resolved" : "incident");
    format_json_classification(json, event, incident->root, incident->node_action,
                               incident->job_action, opts);
    if (event->kind == EVENT_RESOLVED) {
        json_key_string(json, "reason", incident->reason);
    }
    write_verdict(json, event);
    json_key_string(json, "line", utf8_cut(incident->line, limits->line_bytes));
    format_json_captures(json, &incident->captures, limits);
    json_key_string(json, "gpu", incident->gpu);
    json_key_string(json, "gpus", incident->gpus);
    json_key_string(json, "job_scope", incident->scope);
    json_key(json, "parts");
    json_array_begin(json);
    for (size_t i = 0; i < incident->n_parts; i++) {
        write_part(json, &incident->parts[i], opts);
    }
    json_array_end(json);
    if (incident->n_parts_omitted > 0) {
        json_key_uint(json, "parts_omitted", incident->n_parts_omitted);
    }
    if (incident->note.ptr != NULL) {
        json_key_string(json, "note", incident->note);
    }
    format_json_where(json, event, opts);
    format_json_knowledge(json, incident->root, &incident->captures, limits, opts);
}
