/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule packs: what the agent does with a diagnosis beyond what its entry says. Severities by
 * category, rules that change or mute a diagnosis, the windows of repeats and incidents, lines that
 * are signals (progress, a boot), and what resolves what. YAML, strict; the shipped packs
 * (the files of rules/) are compiled in, and a pack of the user's is laid over them: what has the
 * same name is replaced, the rest stays. Immutable once loaded.
 *
 * Rules apply in their order; each that matches lays its `set` over what the ones before it have
 * set. A rule with `when` matches only once its count is reached; counting is the caller's, since
 * rules have no state.
 */
#ifndef GPUERR_RULES_RULES_H
#define GPUERR_RULES_RULES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "flow/event.h"

struct kb_entry;
struct rules;

/* At most this many rules are named in an event, and fields in a `same`. */
#define RULES_APPLIED_MAX 8
#define RULES_SAME_MAX    4

struct rules_timing {
    int64_t repeat_ns; /* repeats of a diagnosis within this time are counted; 0: all are told */
    int64_t window_ns; /* what is joined lies no further apart */
    int64_t settle_ns; /* an incident is told when it is this old: logs are flushed late */
    int64_t update_ns; /* growth is told no more often */
    int64_t skew_ns;   /* clocks that stamped lines differ by no more */
    int64_t late_ns;   /* a line without a stamp is read no later than this */
};

enum rules_signal_means {
    SIGNAL_PROGRESS, /* the job goes on: its regex captures `iteration` */
    SIGNAL_BOOT,     /* the node was started anew */
};

/* A line that is no failure and says something about one. */
struct rules_signal {
    struct span name;
    struct span regex;
    enum rules_signal_means means;
};

/* What a rule sees. */
struct rules_subject {
    const struct event *event; /* a diagnosis; its severity is still the entry's */
    const struct label *labels;
    size_t n_labels;
};

/* The condition on the past: `count` matches with the same values of `same`, and as many different
 * values of `different`, within within_ns. */
struct rules_when {
    unsigned count;
    int64_t within_ns;
    struct span same[RULES_SAME_MAX];
    size_t n_same;
    struct span different; /* absent: every match counts */
};

/* Counts a match of rule number `rule`, and says whether its condition holds now. */
typedef bool rules_count_fn(void *ctx, size_t rule, const struct rules_when *when,
                            const struct rules_subject *subject);

/* What the rules make of a diagnosis. */
struct rules_effect {
    enum severity severity;
    struct span node_action;
    struct span job_action;
    struct span note;
    struct span route;
    bool mute;
    bool never_root;
    struct span applied[RULES_APPLIED_MAX];
    size_t n_applied;
};

enum rc rules_load_builtin(struct rules **ret_rules, struct err *err) GPUERR_MUSTCHECK;

/* The user's pack over the shipped ones (or alone, when it says `extends: none`). Errors have file,
 * line and column. */
enum rc rules_load_file(const char *path, struct rules **ret_rules,
                        struct err *err) GPUERR_MUSTCHECK;

struct rules *rules_free(struct rules *rules);

/* The entry's own severity, else that of its category, else the pack's default. */
enum severity rules_severity(const struct rules *rules, const struct kb_entry *entry);

bool rules_knows_category(const struct rules *rules, struct span category);

const struct rules_timing *rules_timing(const struct rules *rules);

/* The name of rule number `rule`, as rules_count_fn gets it. */
struct span rules_name(const struct rules *rules, size_t rule);

/* count NULL: conditions on the past do not hold. */
void rules_apply(const struct rules *rules, const struct rules_subject *subject,
                 rules_count_fn *count, void *ctx, struct rules_effect *ret_effect);

/* The value of a field of the subject: id, domain, host, unit, rank, gpu, else a capture by its
 * kind or name; absent where it has none. number holds the digits of a rank. */
struct span rules_field(const struct rules_subject *subject, struct span name, char number[16]);

size_t rules_signal_count(const struct rules *rules);
const struct rules_signal *rules_signal_at(const struct rules *rules, size_t i);

/* Whether one entry's appearance says that what another one reported is over; names the fields that
 * have to be equal. */
bool rules_resolves(const struct rules *rules, const struct rules_subject *by,
                    const struct kb_entry *resolved, const struct span **ret_same, size_t *ret_n,
                    struct span *ret_name);

/* Whether one failure may follow from another though the knowledge base has no edge between the two
 * entries; why lives as long as rules. */
bool rules_joins(const struct rules *rules, const struct kb_entry *cause,
                 enum severity cause_severity, const struct kb_entry *effect,
                 enum severity effect_severity, struct span *ret_why);
/* Whether rules_joins may be true for this effect at all. */
bool rules_is_effect(const struct rules *rules, const struct kb_entry *effect,
                     enum severity severity);

/* The effective rules as YAML. */
void rules_write_yaml(const struct rules *rules, struct buf *out);

#endif
