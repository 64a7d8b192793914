/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of the JSON event share: format_json.c (diagnoses, gaps) and
 * format_json_incident.c (repeats, incidents, resolutions). */
#ifndef GPUERR_DELIVER_FORMAT_JSON_INTERNAL_H
#define GPUERR_DELIVER_FORMAT_JSON_INTERNAL_H

#include "base/clock.h"
#include "base/json_write.h"
#include "deliver/format.h"
#include "flow/incident.h"
#include "kb/kb.h"

/* How much of what others wrote goes into an event. */
struct format_json_limits {
    size_t line_bytes;
    size_t capture_bytes;
    bool advice;
};

/* schema, event, event_id, time */
void format_json_head(struct json *json, const struct event *event, const char *kind);
/* CLOCK_NONE is null. */
void format_json_time(struct json *json, const char *name, int64_t wall_ns);
void format_json_rank(struct json *json, const char *name, int32_t rank);
void format_json_captures(struct json *json, const struct capture_list *captures,
                          const struct format_json_limits *limits);
/* id to basis; actions as the rules left them */
void format_json_classification(struct json *json, const struct event *event,
                                const struct kb_entry *entry, struct span node_action,
                                struct span job_action, const struct format_opts *opts);
/* host and labels */
void format_json_where(struct json *json, const struct event *event,
                       const struct format_opts *opts);
/* root_cause to resolvable */
void format_json_knowledge(struct json *json, const struct kb_entry *entry,
                           const struct capture_list *captures,
                           const struct format_json_limits *limits, const struct format_opts *opts);

void format_json_repeat(struct json *json, const struct event *event,
                        const struct format_json_limits *limits, const struct format_opts *opts);
/* Incidents and their resolutions. */
void format_json_incident(struct json *json, const struct event *event,
                          const struct format_json_limits *limits, const struct format_opts *opts);
/* `incident` of a diagnosis; null where ref is NULL. */
void format_json_incident_ref(struct json *json, const struct incident_ref *ref);

#endif
