/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry back to JSON, in the order of the format (kb/README.md). What was accepted reads back
 * the same: required fields are always written, absent ones as null; optional fields only where
 * they are set.
 */
#include "base/json_write.h"
#include "kb/kb.h"

void kb_write_rate(struct json *json, const char *name, struct kb_rate rate)
{
    json_key(json, name);
    if (rate.known) {
        json_double(json, rate.value);
    } else {
        json_null(json);
    }
}

static void key_optional(struct json *json, const char *name, struct span text)
{
    if (text.ptr != NULL) {
        json_key_string(json, name, text);
    }
}

static void key_optional_strings(struct json *json, const char *name, struct span_list list)
{
    if (list.n > 0) {
        json_key_strings(json, name, list);
    }
}

static void write_versions(struct json *json, const struct kb_entry *entry)
{
    json_key(json, "versions");
    json_array_begin(json);
    for (size_t i = 0; i < entry->n_versions; i++) {
        const struct kb_version *version = &entry->versions[i];
        json_object_begin(json);
        json_key_string(json, "version", version->version);
        json_key_string(json, "introduced", version->introduced);
        json_key_string(json, "deprecated", version->deprecated);
        json_key_string(json, "removed", version->removed);
        json_key_string(json, "behavior_change", version->behavior_change);
        json_key_string(json, "status", version->status);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_dead_ends(struct json *json, const struct kb_entry *entry)
{
    json_key(json, "dead_ends");
    json_array_begin(json);
    for (size_t i = 0; i < entry->dead_ends.n; i++) {
        const struct kb_advice *advice = &entry->dead_ends.items[i];
        json_object_begin(json);
        json_key_string(json, "action", advice->action);
        json_key_string(json, "why_fails", advice->why_fails);
        kb_write_rate(json, "fail_rate", advice->rate);
        key_optional(json, "condition", advice->condition);
        json_key_strings(json, "sources", advice->sources);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_workarounds(struct json *json, const struct kb_entry *entry)
{
    json_key(json, "workarounds");
    json_array_begin(json);
    for (size_t i = 0; i < entry->workarounds.n; i++) {
        const struct kb_advice *advice = &entry->workarounds.items[i];
        json_object_begin(json);
        json_key_string(json, "action", advice->action);
        kb_write_rate(json, "success_rate", advice->rate);
        key_optional(json, "how", advice->how);
        key_optional(json, "condition", advice->condition);
        key_optional(json, "when", advice->when);
        json_key_strings(json, "sources", advice->sources);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_links(struct json *json, const char *name, struct kb_link_list links)
{
    json_key(json, name);
    json_array_begin(json);
    for (size_t i = 0; i < links.n; i++) {
        if (links.items[i].why.ptr == NULL) {
            json_string(json, links.items[i].id);
            continue;
        }
        json_object_begin(json);
        json_key_string(json, "id", links.items[i].id);
        json_key_string(json, "why", links.items[i].why);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_graph(struct json *json, const struct kb_entry *entry)
{
    json_key(json, "transition_graph");
    json_object_begin(json);
    write_links(json, "leads_to", entry->leads_to);
    write_links(json, "preceded_by", entry->preceded_by);
    write_links(json, "frequently_confused_with", entry->confused_with);
    json_object_end(json);
}

static void write_required_fields(struct json *json, const struct kb_entry *entry)
{
    json_key_string(json, "id", entry->id);
    json_key_string(json, "signature", entry->signature);
    json_key_string(json, "signature_zh", entry->signature_zh);
    json_key_string(json, "regex", entry->regex);
    json_key_string(json, "domain", entry->domain);
    json_key_string(json, "category", entry->category);
    json_key_string(json, "subcategory", entry->subcategory);
    json_key_string(json, "root_cause", entry->root_cause);
    json_key_string(json, "root_cause_type", entry->root_cause_type);
    json_key_string(json, "root_cause_zh", entry->root_cause_zh);
    write_versions(json, entry);
    json_key(json, "os_specific");
    json_raw(json, entry->os_specific);
    write_dead_ends(json, entry);
    write_workarounds(json, entry);
    json_key_strings(json, "workarounds_zh", entry->workarounds_zh);
    write_graph(json, entry);
    json_key_string(json, "official_doc_url", entry->official_doc_url);
    json_key_string(json, "official_doc_section", entry->official_doc_section);
    json_key_string(json, "error_code", entry->error_code);
    json_key_string(json, "verification_tier", span_str(kb_tier_name(entry->tier)));
    json_key(json, "confidence");
    json_double(json, entry->confidence);
    kb_write_rate(json, "fix_success_rate", entry->fix_success_rate);
    json_key_string(json, "resolvable", entry->resolvable);
    json_key_string(json, "first_seen", entry->first_seen);
    json_key_string(json, "last_confirmed", entry->last_confirmed);
    json_key_string(json, "last_updated", entry->last_updated);
    json_key_uint(json, "evidence_count", entry->evidence_count);
    json_key_strings(json, "tags", entry->tags);
    json_key_string(json, "locale", entry->locale);
    json_key_strings(json, "aliases", entry->aliases);
}

static void write_captures(struct json *json, const struct kb_entry *entry)
{
    json_key(json, "captures");
    json_object_begin(json);
    for (size_t i = 0; i < entry->n_captures; i++) {
        json_key_span(json, entry->captures[i].name);
        json_object_begin(json);
        json_key_string(json, "kind", entry->captures[i].kind);
        key_optional(json, "what", entry->captures[i].what);
        json_object_end(json);
    }
    json_object_end(json);
}

static void write_sources(struct json *json, const struct kb_entry *entry)
{
    json_key(json, "sources");
    json_array_begin(json);
    for (size_t i = 0; i < entry->n_sources; i++) {
        json_object_begin(json);
        json_key_string(json, "url", entry->sources[i].url);
        json_key_string(json, "supports", entry->sources[i].supports);
        json_key_string(json, "checked", entry->sources[i].checked);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_retired(struct json *json, const struct kb_entry *entry)
{
    json_key(json, "retired_claims");
    json_array_begin(json);
    for (size_t i = 0; i < entry->n_retired_claims; i++) {
        json_object_begin(json);
        json_key_string(json, "claim", entry->retired_claims[i].claim);
        json_key_string(json, "reason", entry->retired_claims[i].reason);
        key_optional(json, "source", entry->retired_claims[i].source);
        key_optional(json, "field", entry->retired_claims[i].field);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_optional_fields(struct json *json, const struct kb_entry *entry)
{
    if (entry->has_severity) {
        json_key_string(json, "severity", span_str(kb_severity_name(entry->severity)));
    }
    key_optional(json, "scope", entry->scope);
    key_optional(json, "node_action", entry->node_action);
    key_optional(json, "job_action", entry->job_action);
    key_optional_strings(json, "basis", entry->basis);
    if (entry->basis_disagrees) {
        json_key_bool(json, "basis_disagrees", true);
    }
    if (entry->has_role) {
        json_key_string(json, "role", span_str(kb_role_name(entry->role)));
    }
    key_optional_strings(json, "samples", entry->samples);
    key_optional_strings(json, "counter_samples", entry->counter_samples);
    if (entry->n_captures > 0) {
        write_captures(json, entry);
    }
    key_optional_strings(json, "dead_ends_zh", entry->dead_ends_zh);
    if (entry->n_sources > 0) {
        write_sources(json, entry);
    }
    if (entry->n_retired_claims > 0) {
        write_retired(json, entry);
    }
}

void kb_write_json(const struct kb_entry *entry, struct buf *out)
{
    struct json json;

    json_init(&json, out);
    json_object_begin(&json);
    write_required_fields(&json, entry);
    write_optional_fields(&json, entry);
    json_object_end(&json);
}
