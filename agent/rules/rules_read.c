/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pack's YAML into struct rules. Strict: an unknown key, word or type is an error at its line and
 * column. What has the name of something that is there replaces it in its place; what is new comes
 * behind.
 */

#include <stdio.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/quantity.h"
#include "kb/kb.h"
#include "rules/rules_internal.h"
#include "yaml/yaml_tree.h"

#define RULES_MAX      1000
#define WORDS_MAX      256
#define WHEN_COUNT_MAX 64

const char *const rules_source_names[] = {"file",   "stdin", "journal", "journal_native",
                                          "syslog", "kmsg",  "exec"};
const size_t rules_source_count = sizeof(rules_source_names) / sizeof(rules_source_names[0]);

static const char *const severity_words[] = {"info", "warning", "error", "critical"};
static const char *const tier_words[] = {"vendor_documented", "source_confirmed",
                                         "community_reported", "ai_generated"};
static const char *const role_words[] = {"either", "cause", "symptom", "wrapper"};
static const char *const node_action_words[] = {
    "none",       "restart_service",  "reset_gpu",     "reboot_node",
    "drain_node", "inspect_hardware", "contact_vendor"};
static const char *const job_action_words[] = {
    "none", "restart", "restart_elsewhere", "fix_code", "fix_config", "fix_data", "stop"};
static const char *const means_words[] = {"progress", "boot"};

#define COUNT(words) (sizeof(words) / sizeof((words)[0]))

/* A reader of one key's value into a struct. */
struct key {
    const char *name;
    enum rc (*read)(struct rules *rules, const struct yaml_node *node, void *out, struct err *err);
    size_t offset;
};

static enum rc read_mapping(struct rules *rules, const struct yaml_node *node,
                            const struct key *keys, size_t n, void *out, struct err *err)
{
    const char *names[24];
    enum rc rc;

    if (node->kind != YAML_MAPPING) {
        return yaml_fail(node, err, "must be a mapping");
    }
    for (size_t i = 0; i < n; i++) {
        names[i] = keys[i].name;
    }
    rc = yaml_check_keys(node, names, n, err);
    for (size_t i = 0; i < n && rc == RC_OK; i++) {
        const struct yaml_node *child = yaml_child(node, keys[i].name);
        if (child != NULL) {
            rc = keys[i].read(rules, child, (char *)out + keys[i].offset, err);
        }
    }
    return rc;
}

/* ---- values ---- */

static enum rc read_text(struct rules *rules, const struct yaml_node *node, void *out,
                         struct err *err)
{
    (void)rules;
    if (node->kind != YAML_SCALAR || node->text.len == 0) {
        return yaml_fail(node, err, "must be a text");
    }
    *(struct span *)out = node->text;
    return RC_OK;
}

static enum rc read_bool(struct rules *rules, const struct yaml_node *node, void *out,
                         struct err *err)
{
    (void)rules;
    if (node->kind != YAML_SCALAR ||
        (!span_eq_str(node->text, "true") && !span_eq_str(node->text, "false"))) {
        return yaml_fail(node, err, "must be true or false");
    }
    *(bool *)out = span_eq_str(node->text, "true");
    return RC_OK;
}

static enum rc read_duration(struct rules *rules, const struct yaml_node *node, void *out,
                             struct err *err)
{
    (void)rules;
    if (node->kind != YAML_SCALAR || quantity_parse_duration(node->text, out) != RC_OK) {
        return yaml_fail(node, err, "must be a time such as 500ms, 10s, 5m or 24h");
    }
    return RC_OK;
}

static enum rc read_count(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    double value = 0;

    (void)rules;
    if (node->kind != YAML_SCALAR || quantity_parse_number(node->text, &value) != RC_OK ||
        value < 2 || value > WHEN_COUNT_MAX || value != (double)(unsigned)value) {
        return yaml_fail(node, err, "must be a number from 2 to %d", WHEN_COUNT_MAX);
    }
    *(unsigned *)out = (unsigned)value;
    return RC_OK;
}

/* The number of a word among n, or an error that names them and the nearest. */
static enum rc find_word(const struct yaml_node *node, const char *const *words, size_t n,
                         size_t *ret_i, struct err *err)
{
    char known[160] = "";
    struct nearest nearest;
    size_t used = 0;
    enum rc rc;

    if (node->kind != YAML_SCALAR) {
        return yaml_fail(node, err, "must be a word");
    }
    nearest_init(&nearest, node->text);
    for (size_t i = 0; i < n; i++) {
        if (span_eq_str(node->text, words[i])) {
            *ret_i = i;
            return RC_OK;
        }
        nearest_offer(&nearest, span_str(words[i]));
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? ", " : "",
                                 words[i]);
    }
    rc = yaml_fail(node, err, "\"%.*s\" is not one of %s",
                   (int)(node->text.len < 60 ? node->text.len : 60), node->text.ptr, known);
    if (nearest.best.ptr != NULL) {
        err_hint(err, "did you mean %.*s?", (int)nearest.best.len, nearest.best.ptr);
    }
    return rc;
}

static enum rc read_severity(struct rules *rules, const struct yaml_node *node, void *out,
                             struct err *err)
{
    size_t i = 0;
    enum rc rc = find_word(node, severity_words, COUNT(severity_words), &i, err);

    (void)rules;
    if (rc == RC_OK) {
        *(enum severity *)out = (enum severity)i;
    }
    return rc;
}

static enum rc read_node_action(struct rules *rules, const struct yaml_node *node, void *out,
                                struct err *err)
{
    size_t i = 0;
    enum rc rc = find_word(node, node_action_words, COUNT(node_action_words), &i, err);

    (void)rules;
    if (rc == RC_OK) {
        *(struct span *)out = node->text;
    }
    return rc;
}

static enum rc read_job_action(struct rules *rules, const struct yaml_node *node, void *out,
                               struct err *err)
{
    size_t i = 0;
    enum rc rc = find_word(node, job_action_words, COUNT(job_action_words), &i, err);

    (void)rules;
    if (rc == RC_OK) {
        *(struct span *)out = node->text;
    }
    return rc;
}

static enum rc read_means(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    size_t i = 0;
    enum rc rc = find_word(node, means_words, COUNT(means_words), &i, err);

    (void)rules;
    if (rc == RC_OK) {
        *(enum rules_signal_means *)out = (enum rules_signal_means)i;
    }
    return rc;
}

/* One word or a list of words. */
static enum rc for_words(const struct yaml_node *node, size_t max,
                         enum rc (*take)(void *ctx, const struct yaml_node *word, struct err *err),
                         void *ctx, struct err *err)
{
    size_t n = 0;
    enum rc rc = RC_OK;

    if (node->kind == YAML_SCALAR) {
        return take(ctx, node, err);
    }
    if (node->kind != YAML_SEQUENCE || node->children == NULL) {
        return yaml_fail(node, err, "must be a word or a list of words");
    }
    for (const struct yaml_node *word = node->children; word != NULL && rc == RC_OK;
         word = word->next) {
        if (word->kind != YAML_SCALAR || word->text.len == 0) {
            return yaml_fail(word, err, "must be a word");
        }
        if (++n > max) {
            return yaml_fail(word, err, "more than %zu words", max);
        }
        rc = take(ctx, word, err);
    }
    return rc;
}

struct word_list {
    struct span items[WORDS_MAX];
    size_t n;
};

static enum rc take_word(void *ctx, const struct yaml_node *word, struct err *err)
{
    struct word_list *list = ctx;

    (void)err; /* for_words has bounded the list */
    list->items[list->n++] = word->text;
    return RC_OK;
}

static enum rc read_words(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    struct word_list list = {.n = 0};
    enum rc rc = for_words(node, WORDS_MAX, take_word, &list, err);
    struct span *items;

    if (rc != RC_OK) {
        return rc;
    }
    items = arena_alloc(&rules->arena, list.n, sizeof(*items));
    if (items == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    memcpy(items, list.items, list.n * sizeof(*items));
    *(struct span_list *)out = (struct span_list){items, list.n};
    return RC_OK;
}

struct mask {
    const char *const *words;
    size_t n;
    unsigned bits;
};

static enum rc take_bit(void *ctx, const struct yaml_node *word, struct err *err)
{
    struct mask *mask = ctx;
    size_t i = 0;
    enum rc rc = find_word(word, mask->words, mask->n, &i, err);

    if (rc == RC_OK) {
        mask->bits |= 1U << i;
    }
    return rc;
}

static enum rc read_mask(const struct yaml_node *node, const char *const *words, size_t n,
                         void *out, struct err *err)
{
    struct mask mask = {words, n, 0};
    enum rc rc = for_words(node, n, take_bit, &mask, err);

    if (rc == RC_OK) {
        *(unsigned *)out = mask.bits;
    }
    return rc;
}

static enum rc read_severities(struct rules *rules, const struct yaml_node *node, void *out,
                               struct err *err)
{
    (void)rules;
    return read_mask(node, severity_words, COUNT(severity_words), out, err);
}

static enum rc read_tiers(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    (void)rules;
    return read_mask(node, tier_words, COUNT(tier_words), out, err);
}

static enum rc read_roles(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    (void)rules;
    return read_mask(node, role_words, COUNT(role_words), out, err);
}

static enum rc read_sources(struct rules *rules, const struct yaml_node *node, void *out,
                            struct err *err)
{
    (void)rules;
    return read_mask(node, rules_source_names, rules_source_count, out, err);
}

static enum rc read_pairs(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    struct rules_pair *items;
    size_t n = 0;

    if (node->kind != YAML_MAPPING || node->children == NULL) {
        return yaml_fail(node, err, "must be a mapping of names to values");
    }
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        if (child->kind != YAML_SCALAR) {
            return yaml_fail(child, err, "must be a text; * stands for anything");
        }
        n++;
    }
    items = arena_alloc(&rules->arena, n, sizeof(*items));
    if (items == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    *(struct rules_pairs *)out = (struct rules_pairs){items, n};
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        *items++ = (struct rules_pair){child->key, child->text};
    }
    return RC_OK;
}

/* ---- the parts of a pack ---- */

static const struct key match_keys[] = {
    {"id", read_words, offsetof(struct rules_match, ids)},
    {"domain", read_words, offsetof(struct rules_match, domains)},
    {"category", read_words, offsetof(struct rules_match, categories)},
    {"severity", read_severities, offsetof(struct rules_match, severities)},
    {"tier", read_tiers, offsetof(struct rules_match, tiers)},
    {"role", read_roles, offsetof(struct rules_match, roles)},
    {"source", read_sources, offsetof(struct rules_match, sources)},
    {"captures", read_pairs, offsetof(struct rules_match, captures)},
    {"labels", read_pairs, offsetof(struct rules_match, labels)},
};

static enum rc read_match(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    if (node->kind == YAML_MAPPING && node->children == NULL) {
        return yaml_fail(node, err, "matches everything; say what it is for");
    }
    return read_mapping(rules, node, match_keys, COUNT(match_keys), out, err);
}

static enum rc read_same(const struct yaml_node *node, struct span *items, size_t *n,
                         struct err *err)
{
    struct word_list list = {.n = 0};
    enum rc rc = for_words(node, RULES_SAME_MAX, take_word, &list, err);

    if (rc == RC_OK) {
        memcpy(items, list.items, list.n * sizeof(*items));
        *n = list.n;
    }
    return rc;
}

static enum rc read_when_same(struct rules *rules, const struct yaml_node *node, void *out,
                              struct err *err)
{
    struct rules_when *when = out;

    (void)rules;
    return read_same(node, when->same, &when->n_same, err);
}

static const struct key when_keys[] = {
    {"count", read_count, offsetof(struct rules_when, count)},
    {"within", read_duration, offsetof(struct rules_when, within_ns)},
    {"same", read_when_same, 0},
    {"different", read_text, offsetof(struct rules_when, different)},
};

static enum rc read_when(struct rules *rules, const struct yaml_node *node, void *out,
                         struct err *err)
{
    struct rule *rule = out;
    enum rc rc = read_mapping(rules, node, when_keys, COUNT(when_keys), &rule->when, err);

    if (rc == RC_OK && (rule->when.count == 0 || rule->when.within_ns == 0)) {
        rc = yaml_fail(node, err, "needs count and within");
    }
    rule->has_when = true;
    return rc;
}

static enum rc read_set_severity(struct rules *rules, const struct yaml_node *node, void *out,
                                 struct err *err)
{
    struct rules_set *set = out;

    set->has_severity = true;
    return read_severity(rules, node, &set->severity, err);
}

static const struct key set_keys[] = {
    {"severity", read_set_severity, 0},
    {"node_action", read_node_action, offsetof(struct rules_set, node_action)},
    {"job_action", read_job_action, offsetof(struct rules_set, job_action)},
    {"note", read_text, offsetof(struct rules_set, note)},
    {"route", read_text, offsetof(struct rules_set, route)},
    {"mute", read_bool, offsetof(struct rules_set, mute)},
    {"never_root", read_bool, offsetof(struct rules_set, never_root)},
};

static enum rc read_set(struct rules *rules, const struct yaml_node *node, void *out,
                        struct err *err)
{
    return read_mapping(rules, node, set_keys, COUNT(set_keys), out, err);
}

static const struct key rule_keys[] = {
    {"name", read_text, offsetof(struct rule, name)},
    {"match", read_match, offsetof(struct rule, match)},
    {"when", read_when, 0},
    {"set", read_set, offsetof(struct rule, set)},
};

static const struct key signal_keys[] = {
    {"name", read_text, offsetof(struct rules_signal, name)},
    {"regex", read_text, offsetof(struct rules_signal, regex)},
    {"means", read_means, offsetof(struct rules_signal, means)},
};

static enum rc read_resolution_same(struct rules *rules, const struct yaml_node *node, void *out,
                                    struct err *err)
{
    struct rules_resolution *resolution = out;

    (void)rules;
    return read_same(node, resolution->same, &resolution->n_same, err);
}

static const struct key resolution_keys[] = {
    {"name", read_text, offsetof(struct rules_resolution, name)},
    {"by", read_match, offsetof(struct rules_resolution, by)},
    {"resolves", read_words, offsetof(struct rules_resolution, resolves)},
    {"same", read_resolution_same, 0},
};

/* Joins are asked of entries, long after their lines have gone. */
static enum rc read_entry_match(struct rules *rules, const struct yaml_node *node, void *out,
                                struct err *err)
{
    static const char *const keys[] = {"id", "domain", "category", "severity", "tier", "role"};
    enum rc rc = node->kind == YAML_MAPPING ? yaml_check_keys(node, keys, COUNT(keys), err) : RC_OK;

    return rc == RC_OK ? read_match(rules, node, out, err) : rc;
}

static const struct key join_keys[] = {
    {"name", read_text, offsetof(struct rules_join, name)},
    {"cause", read_entry_match, offsetof(struct rules_join, cause)},
    {"effect", read_entry_match, offsetof(struct rules_join, effect)},
    {"why", read_text, offsetof(struct rules_join, why)},
};

/* A list of mappings that each have a name: where one of the array's has it, it is replaced. The
 * name is the first member of all of them. */
struct named_list {
    struct rules_array *array;
    size_t size;
    const struct key *keys;
    size_t n_keys;
    const char *const *wanted; /* keys that must be there */
    size_t n_wanted;
};

static struct span name_at(const struct named_list *list, size_t i)
{
    struct span name;

    memcpy(&name, (char *)list->array->items + i * list->size, sizeof(name));
    return name;
}

static enum rc place_for(const struct named_list *list, struct span name, void **ret_place,
                         const struct yaml_node *node, struct err *err)
{
    void *grown;

    for (size_t i = 0; i < list->array->n; i++) {
        if (span_eq(name_at(list, i), name)) {
            *ret_place = (char *)list->array->items + i * list->size;
            return RC_OK;
        }
    }
    if (list->array->n == RULES_MAX) {
        return yaml_fail(node, err, "more than %d of them", RULES_MAX);
    }
    grown = mem_realloc(list->array->items, list->array->n + 1, list->size);
    if (grown == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    list->array->items = grown;
    *ret_place = (char *)grown + list->array->n++ * list->size;
    return RC_OK;
}

static enum rc read_named(struct rules *rules, const struct named_list *list,
                          const struct yaml_node *node, struct err *err)
{
    /* Any of them: read here first, so that a mistake leaves the array as it was. */
    union {
        struct span name;
        struct rule rule;
        struct rules_signal signal;
        struct rules_resolution resolution;
        struct rules_join join;
    } item;
    void *place;
    enum rc rc;

    memset(&item, 0, sizeof(item));
    rc = read_mapping(rules, node, list->keys, list->n_keys, &item, err);
    for (size_t i = 0; i < list->n_wanted && rc == RC_OK; i++) {
        if (yaml_child(node, list->wanted[i]) == NULL) {
            rc = yaml_fail(node, err, "needs %s", list->wanted[i]);
        }
    }
    if (rc == RC_OK) {
        rc = place_for(list, item.name, &place, node, err);
    }
    if (rc == RC_OK) {
        memcpy(place, &item, list->size);
    }
    return rc;
}

static enum rc read_list(struct rules *rules, const struct named_list *list,
                         const struct yaml_node *node, struct err *err)
{
    enum rc rc = RC_OK;

    if (node->kind != YAML_SEQUENCE) {
        return yaml_fail(node, err, "must be a list");
    }
    for (const struct yaml_node *child = node->children; child != NULL && rc == RC_OK;
         child = child->next) {
        rc = read_named(rules, list, child, err);
    }
    return rc;
}

static enum rc read_rules(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    static const char *const wanted[] = {"name", "match", "set"};
    struct named_list list = {&rules->rules, sizeof(struct rule), rule_keys, COUNT(rule_keys),
                              wanted,        COUNT(wanted)};

    (void)out;
    return read_list(rules, &list, node, err);
}

static enum rc read_signals(struct rules *rules, const struct yaml_node *node, void *out,
                            struct err *err)
{
    static const char *const wanted[] = {"name", "regex", "means"};
    struct named_list list = {&rules->signals, sizeof(struct rules_signal),
                              signal_keys,     COUNT(signal_keys),
                              wanted,          COUNT(wanted)};

    (void)out;
    return read_list(rules, &list, node, err);
}

static enum rc read_resolutions(struct rules *rules, const struct yaml_node *node, void *out,
                                struct err *err)
{
    static const char *const wanted[] = {"name", "by", "resolves"};
    struct named_list list = {&rules->resolutions,
                              sizeof(struct rules_resolution),
                              resolution_keys,
                              COUNT(resolution_keys),
                              wanted,
                              COUNT(wanted)};

    (void)out;
    return read_list(rules, &list, node, err);
}

static enum rc read_joins(struct rules *rules, const struct yaml_node *node, void *out,
                          struct err *err)
{
    static const char *const wanted[] = {"name", "cause", "effect", "why"};
    struct named_list list = {&rules->joins, sizeof(struct rules_join),
                              join_keys,     COUNT(join_keys),
                              wanted,        COUNT(wanted)};

    (void)out;
    return read_list(rules, &list, node, err);
}

static enum rc read_categories(struct rules *rules, const struct yaml_node *node, void *out,
                               struct err *err)
{
    enum rc rc = RC_OK;

    (void)out;
    if (node->kind != YAML_MAPPING) {
        return yaml_fail(node, err, "must be a mapping of category to severity");
    }
    for (const struct yaml_node *child = node->children; child != NULL && rc == RC_OK;
         child = child->next) {
        enum severity severity;
        size_t i = 0;
        rc = read_severity(rules, child, &severity, err);
        while (i < rules->n_categories && !span_eq(rules->categories[i].name, child->key)) {
            i++;
        }
        if (rc == RC_OK && i == rules->n_categories) {
            struct rules_pair *grown = mem_realloc(rules->categories, i + 1, sizeof(*grown));
            if (grown == NULL) {
                return err_set(err, RC_NOMEM, "out of memory");
            }
            rules->categories = grown;
            rules->n_categories++;
        }
        if (rc == RC_OK) {
            rules->categories[i] = (struct rules_pair){child->key, child->text};
        }
    }
    return rc;
}

static const struct key repeat_keys[] = {
    {"window", read_duration, offsetof(struct rules_timing, repeat_ns)},
};

static enum rc read_repeat(struct rules *rules, const struct yaml_node *node, void *out,
                           struct err *err)
{
    (void)out;
    return read_mapping(rules, node, repeat_keys, COUNT(repeat_keys), &rules->timing, err);
}

static const struct key incident_keys[] = {
    {"window", read_duration, offsetof(struct rules_timing, window_ns)},
    {"settle", read_duration, offsetof(struct rules_timing, settle_ns)},
    {"update", read_duration, offsetof(struct rules_timing, update_ns)},
    {"skew", read_duration, offsetof(struct rules_timing, skew_ns)},
    {"late", read_duration, offsetof(struct rules_timing, late_ns)},
};

static enum rc read_incidents(struct rules *rules, const struct yaml_node *node, void *out,
                              struct err *err)
{
    (void)out;
    return read_mapping(rules, node, incident_keys, COUNT(incident_keys), &rules->timing, err);
}

static enum rc read_version(struct rules *rules, const struct yaml_node *node, void *out,
                            struct err *err)
{
    (void)rules;
    (void)out;
    return node->kind == YAML_SCALAR && span_eq_str(node->text, "1")
               ? RC_OK
               : yaml_fail(node, err, "version: 1 is wanted");
}

static enum rc read_extends(struct rules *rules, const struct yaml_node *node, void *out,
                            struct err *err)
{
    (void)rules;
    (void)out;
    return node->kind == YAML_SCALAR &&
                   (span_eq_str(node->text, "builtin") || span_eq_str(node->text, "none"))
               ? RC_OK
               : yaml_fail(node, err, "must be builtin or none");
}

static enum rc read_default(struct rules *rules, const struct yaml_node *node, void *out,
                            struct err *err)
{
    (void)out;
    return read_severity(rules, node, &rules->default_severity, err);
}

static const struct key pack_keys[] = {
    {"version", read_version, 0},
    {"extends", read_extends, 0},
    {"default_severity", read_default, 0},
    {"severity_by_category", read_categories, 0},
    {"repeat", read_repeat, 0},
    {"incidents", read_incidents, 0},
    {"rules", read_rules, 0},
    {"signals", read_signals, 0},
    {"resolve", read_resolutions, 0},
    {"join", read_joins, 0},
};

enum rc rules_read_pack(struct rules *rules, const struct yaml_node *root, struct err *err)
{
    if (root->kind != YAML_MAPPING) {
        return yaml_fail(root, err, "a rule pack is a mapping");
    }
    if (yaml_child(root, "version") == NULL) {
        return yaml_fail(root, err, "version: 1 is wanted");
    }
    return read_mapping(rules, root, pack_keys, COUNT(pack_keys), rules, err);
}

bool rules_pack_stands_alone(const struct yaml_node *root)
{
    const struct yaml_node *extends =
        root->kind == YAML_MAPPING ? yaml_child(root, "extends") : NULL;

    return extends != NULL && span_eq_str(extends->text, "none");
}
