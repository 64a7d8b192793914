/* SPDX-License-Identifier: Apache-2.0 */
/* The rule pack, read from its YAML tree; see rules.h. */
#include "rules/rules.h"

#include "base/mem.h"
#include "kb/kb.h"
#include "yaml/yaml_tree.h"

/* rules/severity.yaml, compiled in by agent/cmake/embed.cmake. */
extern const struct span rules_builtin_yaml;

struct rules {
    struct arena arena;
    enum severity default_severity;
    const struct yaml_node *categories; /* mapping of category to severity; checked */
};

static enum rc read_severity(const struct yaml_node *node, enum severity *ret_severity,
                             struct err *err)
{
    if (node->kind != YAML_SCALAR || kb_severity_parse(node->text, ret_severity) != RC_OK) {
        return yaml_fail(node, err, "must be info, warning, error or critical");
    }
    return RC_OK;
}

static enum rc read_categories(struct rules *rules, const struct yaml_node *node, struct err *err)
{
    if (node->kind != YAML_MAPPING) {
        return yaml_fail(node, err, "must be a mapping of category to severity");
    }
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        enum severity severity;
        enum rc rc = read_severity(child, &severity, err);
        if (rc != RC_OK) {
            return rc;
        }
    }
    rules->categories = node;
    return RC_OK;
}

static enum rc read_pack(struct rules *rules, const struct yaml_node *root, struct err *err)
{
    static const char *const keys[] = {"version", "default_severity", "severity_by_category"};
    const struct yaml_node *node;
    enum rc rc = RC_OK;

    if (root->kind != YAML_MAPPING) {
        return yaml_fail(root, err, "a rule pack is a mapping");
    }
    rc = yaml_check_keys(root, keys, sizeof(keys) / sizeof(keys[0]), err);
    if (rc != RC_OK) {
        return rc;
    }
    node = yaml_child(root, "version");
    if (node == NULL || !span_eq_str(node->text, "1")) {
        return yaml_fail(node != NULL ? node : root, err, "version: 1 is wanted");
    }
    node = yaml_child(root, "default_severity");
    if (node != NULL) {
        rc = read_severity(node, &rules->default_severity, err);
    }
    node = yaml_child(root, "severity_by_category");
    if (rc == RC_OK && node != NULL) {
        rc = read_categories(rules, node, err);
    }
    return rc;
}

static enum rc load(const char *path, struct rules **ret_rules, struct err *err)
{
    struct rules *rules = mem_calloc(1, sizeof(*rules));
    struct yaml_node *root = NULL;
    enum rc rc;

    if (rules == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    rules->default_severity = SEVERITY_ERROR;
    rc = path != NULL ? yaml_parse_file(path, &rules->arena, &root, err)
                      : yaml_parse(rules_builtin_yaml, &rules->arena, &root, err);
    if (rc == RC_OK) {
        rc = read_pack(rules, root, err);
    }
    if (rc != RC_OK) {
        err_file(err, path != NULL ? path : "rules/severity.yaml");
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
        arena_fini(&rules->arena);
        mem_free(rules);
    }
    return NULL;
}

static const struct yaml_node *find_category(const struct rules *rules, struct span category)
{
    const struct yaml_node *child = rules->categories != NULL ? rules->categories->children : NULL;

    while (child != NULL && !span_eq(child->key, category)) {
        child = child->next;
    }
    return child;
}

enum severity rules_severity(const struct rules *rules, const struct kb_entry *entry)
{
    enum severity severity;
    const struct yaml_node *node;

    if (entry->has_severity) {
        return entry->severity;
    }
    node = find_category(rules, entry->category);
    if (node == NULL || kb_severity_parse(node->text, &severity) != RC_OK) {
        return rules->default_severity; /* the latter cannot be: the pack was checked */
    }
    return severity;
}

bool rules_knows_category(const struct rules *rules, struct span category)
{
    return find_category(rules, category) != NULL;
}
