/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of rules/ share: rules.c (packs over packs), rules_read.c (their YAML),
 * rules_apply.c, rules_write.c. */
#ifndef GPUERR_RULES_RULES_INTERNAL_H
#define GPUERR_RULES_RULES_INTERNAL_H

#include "base/arena.h"
#include "rules/rules.h"

struct yaml_node;

/* A name and a pattern that its value has to match. */
struct rules_pair {
    struct span name;
    struct span glob;
};

struct rules_pairs {
    const struct rules_pair *items;
    size_t n;
};

/* All that is given has to hold; of a list, one item. Absent lists and zero masks hold always. */
struct rules_match {
    struct span_list ids; /* globs, as the other lists of words */
    struct span_list domains;
    struct span_list categories;
    unsigned severities; /* bit (1 << severity) */
    unsigned tiers;
    unsigned roles;
    unsigned sources;
    struct rules_pairs captures;
    struct rules_pairs labels;
};

struct rules_set {
    bool has_severity;
    enum severity severity;
    struct span node_action;
    struct span job_action;
    struct span note;
    struct span route;
    bool mute;
    bool never_root;
};

struct rule {
    struct span name;
    struct rules_match match;
    bool has_when;
    struct rules_when when;
    struct rules_set set;
};

struct rules_resolution {
    struct span name;
    struct rules_match by;
    struct span_list resolves; /* ids, globs */
    struct span same[RULES_SAME_MAX];
    size_t n_same;
};

struct rules_join {
    struct span name;
    struct rules_match cause;
    struct rules_match effect;
    struct span why;
};

/* Items that each begin with their name; grows while packs are laid over each other. */
struct rules_array {
    void *items;
    size_t n;
};

struct rules {
    struct arena arena;
    enum severity default_severity;
    struct rules_timing timing;
    struct rules_pair *categories; /* name and the word of its severity */
    size_t n_categories;
    struct rules_array rules;       /* struct rule */
    struct rules_array signals;     /* struct rules_signal */
    struct rules_array resolutions; /* struct rules_resolution */
    struct rules_array joins;       /* struct rules_join */
};

static inline const struct rule *rules_at(const struct rules *rules, size_t i)
{
    return (const struct rule *)rules->rules.items + i;
}

static inline const struct rules_resolution *rules_resolution_at(const struct rules *rules,
                                                                 size_t i)
{
    return (const struct rules_resolution *)rules->resolutions.items + i;
}

static inline const struct rules_join *rules_join_at(const struct rules *rules, size_t i)
{
    return (const struct rules_join *)rules->joins.items + i;
}

/* Lays the pack over rules. Texts stay in the arena that the tree was parsed into, which must be
 * that of rules. */
enum rc rules_read_pack(struct rules *rules, const struct yaml_node *root,
                        struct err *err) GPUERR_MUSTCHECK;

/* Whether the pack wants to stand alone. */
bool rules_pack_stands_alone(const struct yaml_node *root);

/* `*` stands for any characters. */
bool rules_glob(struct span pattern, struct span text);
bool rules_glob_any(struct span_list patterns, struct span text);

bool rules_match_subject(const struct rules_match *match, const struct rules_subject *subject);

/* What an entry alone tells of a match. */
bool rules_match_entry(const struct rules_match *match, const struct kb_entry *entry,
                       enum severity severity);

/* The words of the enums, in the order of their constants. */
extern const char *const rules_source_names[];
extern const size_t rules_source_count;

#endif
