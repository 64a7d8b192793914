/* SPDX-License-Identifier: Apache-2.0 */
/* Packs over packs: the shipped ones in the order of their names, then the user's; see rules.h. */
#include "rules/rules.h"

#include "base/mem.h"
#include "kb/kb.h"
#include "rules/rules_builtin.h"
#include "rules/rules_internal.h"
#include "yaml/yaml_tree.h"

static enum rc add_builtin(struct rules *rules, struct err *err)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < rules_builtin_count && rc == RC_OK; i++) {
        struct yaml_node *root = NULL;
        rc = yaml_parse(rules_builtin[i].text, &rules->arena, &root, err);
        if (rc == RC_OK) {
            rc = rules_read_pack(rules, root, err);
        }
        if (rc != RC_OK) {
            err_file(err, rules_builtin[i].name);
        }
    }
    return rc;
}

static enum rc add_file(struct rules *rules, const char *path, struct err *err)
{
    struct yaml_node *root = NULL;
    enum rc rc = yaml_parse_file(path, &rules->arena, &root, err);

    if (rc != RC_OK) {
        return rc;
    }
    if (!rules_pack_stands_alone(root)) {
        rc = add_builtin(rules, err);
    }
    if (rc == RC_OK) {
        rc = rules_read_pack(rules, root, err);
        if (rc != RC_OK) {
            err_file(err, path);
        }
    }
    return rc;
}

static enum rc load(const char *path, struct rules **ret_rules, struct err *err)
{
    struct rules *rules = mem_calloc(1, sizeof(*rules));
    enum rc rc;

    if (rules == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    rules->default_severity = SEVERITY_ERROR;
    rc = path != NULL ? add_file(rules, path, err) : add_builtin(rules, err);
    if (rc != RC_OK) {
        rules_free(rules);
        return rc;
    }
    *ret_rules = rules;
    return RC_OK;
}

enum rc rules_load_builtin(struct rules **ret_rules, struct err *err)
{
    return load(NULL, ret_rules, err);
}

enum rc rules_load_file(const char *path, struct rules **ret_rules, struct err *err)
{
    return load(path, ret_rules, err);
}

struct rules *rules_free(struct rules *rules)
{
    if (rules != NULL) {
        mem_free(rules->categories);
        mem_free(rules->rules.items);
        mem_free(rules->signals.items);
        mem_free(rules->resolutions.items);
        mem_free(rules->joins.items);
        arena_fini(&rules->arena);
        mem_free(rules);
    }
    return NULL;
}

static const struct rules_pair *find_category(const struct rules *rules, struct span category)
{
    for (size_t i = 0; i < rules->n_categories; i++) {
        if (span_eq(rules->categories[i].name, category)) {
            return &rules->categories[i];
        }
    }
    return NULL;
}

enum severity rules_severity(const struct rules *rules, const struct kb_entry *entry)
{
    enum severity severity;
    const struct rules_pair *category;

    if (entry->has_severity) {
        return entry->severity;
    }
    category = find_category(rules, entry->category);
    if (category == NULL || kb_severity_parse(category->glob, &severity) != RC_OK) {
        return rules->default_severity; /* the latter cannot be: the pack was checked */
    }
    return severity;
}

bool rules_knows_category(const struct rules *rules, struct span category)
{
    return find_category(rules, category) != NULL;
}

const struct rules_timing *rules_timing(const struct rules *rules)
{
    return &rules->timing;
}

struct span rules_name(const struct rules *rules, size_t rule)
{
    return rules_at(rules, rule)->name;
}

size_t rules_signal_count(const struct rules *rules)
{
    return rules->signals.n;
}

const struct rules_signal *rules_signal_at(const struct rules *rules, size_t i)
{
    return (const struct rules_signal *)rules->signals.items + i;
}
