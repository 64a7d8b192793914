/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The knowledge base: all entries that are in force, sorted by id, immutable once built.
 *
 * An entry is one file `kb/<domain>/<slug>.json` (format: kb/README.md). The shipped ones are
 * compiled into the program as constant data (kb_embed), so that starting costs no parsing and no
 * heap; entries of a --kb directory are parsed into an arena of the KB that holds them and replace
 * a shipped one of the same id.
 *
 * Spans of an entry live as long as its KB. An absent optional field and a JSON null are both a
 * span with ptr NULL.
 */
#ifndef GPUERR_KB_KB_H
#define GPUERR_KB_KB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "flow/event.h"

/* Best first, so that a smaller value is better. */
enum kb_tier {
    KB_TIER_VENDOR_DOCUMENTED,
    KB_TIER_SOURCE_CONFIRMED,
    KB_TIER_COMMUNITY_REPORTED,
    KB_TIER_AI_GENERATED,
};

enum kb_role {
    KB_ROLE_EITHER, /* also when the entry says nothing */
    KB_ROLE_CAUSE,
    KB_ROLE_SYMPTOM,
    KB_ROLE_WRAPPER,
};

/* A number from 0 to 1, or nothing. */
struct kb_rate {
    bool known;
    double value;
};

struct kb_version {
    struct span version, introduced, deprecated, removed, behavior_change, status;
};

/* A workaround or a dead end. */
struct kb_advice {
    struct span action;
    struct span why_fails; /* dead ends */
    struct span how;       /* workarounds */
    struct span condition;
    struct span when;    /* comparison over captures that selects this workaround */
    struct kb_rate rate; /* success_rate or fail_rate */
    struct span_list sources;
    struct span
        retired; /* why the claim was found false (from retired_claims); absent when it stands */
};

struct kb_advice_list {
    const struct kb_advice *items;
    size_t n;
};

struct kb_link {
    struct span id;
    struct span why;
};

struct kb_link_list {
    const struct kb_link *items;
    size_t n;
};

struct kb_capture {
    struct span name, kind, what;
};

struct kb_source {
    struct span url, supports, checked;
};

struct kb_retired_claim {
    struct span claim, reason, source, field;
};

struct kb_entry {
    struct span id, signature, signature_zh, regex, domain, category, subcategory;
    struct span root_cause, root_cause_type, root_cause_zh;
    const struct kb_version *versions;
    size_t n_versions;
    struct span os_specific; /* JSON text of the object */
    struct kb_advice_list dead_ends, workarounds;
    struct span_list workarounds_zh, dead_ends_zh;
    struct kb_link_list leads_to, preceded_by, confused_with;
    struct span official_doc_url, official_doc_section, error_code;
    enum kb_tier tier;
    double confidence;
    struct kb_rate fix_success_rate;
    struct span resolvable, first_seen, last_confirmed, last_updated;
    unsigned evidence_count;
    struct span_list tags, aliases;
    struct span locale;
    /* optional */
    bool has_severity;
    enum severity severity;
    struct span scope, node_action, job_action;
    struct span_list basis;
    bool basis_disagrees;
    bool has_role;
    enum kb_role role;
    struct span_list samples, counter_samples;
    const struct kb_capture *captures;
    size_t n_captures;
    const struct kb_source *sources;
    size_t n_sources;
    const struct kb_retired_claim *retired_claims;
    size_t n_retired_claims;
};

struct kb;
struct kb_builtin;

/* Called once for each entry that is refused; err names file, field and reason. */
typedef void kb_refused_fn(void *ctx, const struct err *err);

struct kb_opts {
    const struct kb_builtin *builtin; /* the shipped entries (kb_builtin.h); NULL: none */
    const char *const
        *paths; /* directories (or single files) with further entries, later ones win */
    size_t n_paths;
    kb_refused_fn *on_refused;
    void *ctx;
};

/*
 * Builds a KB. A bad entry is refused through on_refused and the others load; the caller decides
 * whether that is fatal (--strict). RC_NOT_FOUND or RC_IO (with err) when a path itself cannot be
 * read. The result has one reference.
 */
enum rc kb_build(const struct kb_opts *opts, struct kb **ret_kb, struct err *err) GPUERR_MUSTCHECK;
struct kb *kb_ref(struct kb *kb);
struct kb *kb_unref(struct kb *kb);

/* Entries by index, in ascending order of id; i < kb_count. */
size_t kb_count(const struct kb *kb);
const struct kb_entry *kb_at(const struct kb *kb, size_t i);

/* The entry of that id, or NULL. */
const struct kb_entry *kb_find(const struct kb *kb, struct span id);

/* The file an entry came from, or "builtin". */
const char *kb_file(const struct kb *kb, const struct kb_entry *entry);

/*
 * Refuses a regex that does not compile, matches the empty string, sets limits or options of its
 * own, calls out, or has more named groups than MATCH_CAPTURES_MAX; and captures that name no group
 * of it.
 */
enum rc kb_check_regex(const struct kb_entry *entry, struct err *err) GPUERR_MUSTCHECK;

/* The entry as one JSON object with every field; absent optional fields are left out. */
void kb_write_json(const struct kb_entry *entry, struct buf *out);

/* A rate as JSON: a number, or null. */
struct json;
void kb_write_rate(struct json *json, const char *name, struct kb_rate rate);

/* Names as the KB and the event spell them. */
const char *kb_tier_name(enum kb_tier tier);
const char *kb_role_name(enum kb_role role);
const char *kb_severity_name(enum severity severity);
enum rc kb_severity_parse(struct span name, enum severity *ret_severity) GPUERR_MUSTCHECK;

/* Whether the claim of an advice is backed: it names sources, or its entry's tier is above
 * ai_generated, and it is not retired. */
bool kb_advice_confirmed(const struct kb_entry *entry, const struct kb_advice *advice);

#endif
