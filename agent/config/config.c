/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers of settings over one struct config. All three layers come down to set_value(row, text);
 * only lists and labels remember which layer filled them, since a stronger layer replaces what a
 * weaker one has listed.
 */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/quantity.h"
#include "config/env_labels.h"
#include "config/options.h"
#include "yaml/yaml_tree.h"

#define LIST_MAX         4096
#define RECORD_BYTES_MIN 1024
#define RECORD_BYTES_MAX ((uint64_t)1024 * 1024)
#define DURATION_MAX_NS  (24 * 3600 * CLOCK_NS_PER_S)
#define NAME_BYTES       128

enum layer {
    LAYER_NONE,
    LAYER_FILE,
    LAYER_ENV,
    LAYER_LINE,
};

struct config_builder {
    struct config config;
    struct arena arena;
    enum layer layer;       /* being applied */
    enum layer *list_layer; /* by row: which layer filled a list */
};

enum rc config_builder_new(struct config_builder **ret_builder)
{
    struct config_builder *builder = mem_calloc(1, sizeof(*builder));

    if (builder == NULL) {
        return RC_NOMEM;
    }
    builder->list_layer =
        arena_alloc(&builder->arena, config_option_count, sizeof(*builder->list_layer));
    if (builder->list_layer == NULL) {
        config_builder_free(builder);
        return RC_NOMEM;
    }
    builder->config.builtin_kb = true;
    builder->config.max_record_bytes = (uint64_t)64 * 1024;
    builder->config.shutdown_ms = 10000;
    builder->config.repeat_ms = CONFIG_UNSET_MS;
    builder->config.log_level = LOG_WARNING;
    *ret_builder = builder;
    return RC_OK;
}

struct config_builder *config_builder_free(struct config_builder *builder)
{
    if (builder != NULL) {
        arena_fini(&builder->arena);
        mem_free(builder);
    }
    return NULL;
}

static enum rc no_memory(struct err *err)
{
    return err_set(err, RC_NOMEM, "out of memory");
}

/* The member of a row; rows and members are kept together by the kinds in options.c. */
static void *member(struct config_builder *builder, const struct config_option *row)
{
    return (char *)&builder->config + row->offset;
}

static const void *member_of(const struct config *config, const struct config_option *row)
{
    return (const char *)config + row->offset;
}

static enum rc copy(struct config_builder *builder, struct span text, const char **ret_copy,
                    struct err *err)
{
    struct span kept = arena_copy(&builder->arena, text);

    if (kept.ptr == NULL) {
        return no_memory(err);
    }
    *ret_copy = kept.ptr;
    return RC_OK;
}

/* Room for one more in a list: the array is copied in the arena, which for some dozens of settings
 * costs nothing. */
static void *grow(struct config_builder *builder, const void *items, size_t n, size_t size)
{
    char *grown = arena_alloc(&builder->arena, n + 1, size);

    if (grown != NULL && n > 0) {
        memcpy(grown, items, n * size);
    }
    return grown;
}

/* Whether the row's list holds a weaker layer's items, which are to be replaced. */
static bool starts_anew(struct config_builder *builder, const struct config_option *row)
{
    enum layer *layer = &builder->list_layer[row - config_options];
    bool anew = *layer != builder->layer;

    *layer = builder->layer;
    return anew;
}

static enum rc add_to_list(struct config_builder *builder, const struct config_option *row,
                           struct span text, struct err *err)
{
    struct string_list *list = member(builder, row);
    const char **items;
    enum rc rc;

    if (starts_anew(builder, row)) {
        *list = (struct string_list){0};
    }
    if (text.len == 0) {
        return err_set(err, RC_INVALID, "must not be empty");
    }
    if (list->n == LIST_MAX) {
        return err_set(err, RC_LIMIT, "more than %d values", LIST_MAX);
    }
    items = grow(builder, list->items, list->n, sizeof(*items));
    if (items == NULL) {
        return no_memory(err);
    }
    rc = copy(builder, text, &items[list->n], err);
    if (rc == RC_OK) {
        *list = (struct string_list){items, list->n + 1};
    }
    return rc;
}

static enum rc put_label(struct config_builder *builder, struct span key, struct span value,
                         struct err *err)
{
    struct config *config = &builder->config;
    struct config_label *labels;
    struct config_label label;
    enum rc rc;

    if (key.len == 0) {
        return err_set(err, RC_INVALID, "a label needs a name");
    }
    for (size_t i = 0; i < config->n_labels; i++) {
        if (span_eq_str(key, config->labels[i].key)) {
            return copy(builder, value, &config->labels[i].value, err);
        }
    }
    if (config->n_labels == LIST_MAX) {
        return err_set(err, RC_LIMIT, "more than %d labels", LIST_MAX);
    }
    labels = grow(builder, config->labels, config->n_labels, sizeof(*labels));
    if (labels == NULL) {
        return no_memory(err);
    }
    rc = copy(builder, key, &label.key, err);
    if (rc == RC_OK) {
        rc = copy(builder, value, &label.value, err);
    }
    if (rc == RC_OK) {
        labels[config->n_labels++] = label;
        config->labels = labels;
    }
    return rc;
}

static enum rc set_label(struct config_builder *builder, const struct config_option *row,
                         struct span key, struct span value, struct err *err)
{
    if (starts_anew(builder, row)) {
        builder->config.n_labels = 0;
    }
    return put_label(builder, key, value, err);
}

static enum rc split_label(struct config_builder *builder, const struct config_option *row,
                           struct span text, struct err *err)
{
    const char *equals = text.len > 0 ? memchr(text.ptr, '=', text.len) : NULL;

    if (equals == NULL) {
        return err_set(err, RC_INVALID, "wants NAME=VALUE, not \"%.*s\"", (int)text.len, text.ptr);
    }
    return set_label(builder, row, span_of(text.ptr, (size_t)(equals - text.ptr)),
                     span_from(text, (size_t)(equals - text.ptr) + 1), err);
}

static enum rc find_word(const struct config_option *row, struct span text, size_t *ret_i,
                         struct err *err)
{
    char allowed[128] = "";
    struct nearest nearest;
    size_t used = 0;

    nearest_init(&nearest, text);
    for (size_t i = 0; row->values[i] != NULL; i++) {
        if (span_eq_str(text, row->values[i])) {
            *ret_i = i;
            return RC_OK;
        }
        nearest_offer(&nearest, span_str(row->values[i]));
        used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, "%s%s", i > 0 ? ", " : "",
                                 row->values[i]);
    }
    (void)err_set(err, RC_INVALID, "\"%.*s\" is none of %s", (int)(text.len < 60 ? text.len : 60),
                  text.ptr, allowed);
    if (nearest.best.ptr != NULL) {
        err_hint(err, "did you mean %.*s?", (int)nearest.best.len, nearest.best.ptr);
    }
    return RC_INVALID;
}

static enum rc set_fraction(double *out, struct span text, struct err *err)
{
    double value;

    if (quantity_parse_number(text, &value) != RC_OK || value > 1) {
        return err_set(err, RC_INVALID, "wants a number from 0 to 1, not \"%.*s\"",
                       (int)(text.len < 60 ? text.len : 60), text.ptr);
    }
    *out = value;
    return RC_OK;
}

static enum rc set_size(uint64_t *out, struct span text, struct err *err)
{
    uint64_t value;

    if (quantity_parse_bytes(text, &value) != RC_OK || value < RECORD_BYTES_MIN ||
        value > RECORD_BYTES_MAX) {
        return err_set(err, RC_INVALID, "wants a size from 1KiB to 1MiB, not \"%.*s\"",
                       (int)(text.len < 60 ? text.len : 60), text.ptr);
    }
    *out = value;
    return RC_OK;
}

static enum rc set_duration(uint32_t *out, struct span text, struct err *err)
{
    int64_t ns;

    if (quantity_parse_duration(text, &ns) != RC_OK || ns > DURATION_MAX_NS) {
        return err_set(err, RC_INVALID,
                       "wants a time such as 500ms, 10s or 5m, at most 24h, not \"%.*s\"",
                       (int)(text.len < 60 ? text.len : 60), text.ptr);
    }
    *out = (uint32_t)(ns / CLOCK_NS_PER_MS);
    return RC_OK;
}

static enum rc set_bool(bool *out, struct span text, bool inverted, struct err *err)
{
    bool yes = span_eq_str(text, "true") || span_eq_str(text, "1") || span_eq_str(text, "yes");

    if (!yes && !span_eq_str(text, "false") && !span_eq_str(text, "0") &&
        !span_eq_str(text, "no")) {
        return err_set(err, RC_INVALID, "wants true or false, not \"%.*s\"",
                       (int)(text.len < 60 ? text.len : 60), text.ptr);
    }
    *out = yes != inverted;
    return RC_OK;
}

/* An enum member of struct config has the size of an int; its constants follow the order of the
 * row's words. */
static enum rc set_value(struct config_builder *builder, const struct config_option *row,
                         struct span text, struct err *err)
{
    void *out = member(builder, row);
    size_t word = 0;
    enum rc rc;

    switch (row->kind) {
    case CONFIG_FLAG:
        return set_bool(out, text, false, err);
    case CONFIG_NOT_FLAG:
        /* The key in the file says what is on; option and variable say what is off. */
        return set_bool(out, text, builder->layer != LAYER_FILE, err);
    case CONFIG_TEXT:
        return text.len > 0 ? copy(builder, text, out, err)
                            : err_set(err, RC_INVALID, "must not be empty");
    case CONFIG_LIST:
        return add_to_list(builder, row, text, err);
    case CONFIG_LABELS:
        return split_label(builder, row, text, err);
    case CONFIG_FRACTION:
        return set_fraction(out, text, err);
    case CONFIG_SIZE:
        return set_size(out, text, err);
    case CONFIG_DURATION:
        return set_duration(out, text, err);
    case CONFIG_ENUM:
    case CONFIG_NAME:
        break;
    }
    rc = find_word(row, text, &word, err);
    if (rc == RC_OK && row->kind == CONFIG_NAME) {
        *(const char **)out = row->values[word];
    } else if (rc == RC_OK) {
        *(int *)out = (int)word;
    }
    return rc;
}

enum rc config_apply_option(struct config_builder *builder, const char *option, const char *value,
                            struct err *err)
{
    const struct config_option *row = config_option_find(option);
    enum rc rc;

    if (row == NULL) {
        return err_set(err, RC_INVALID, "unknown option --%s", option);
    }
    builder->layer = LAYER_LINE;
    rc = set_value(builder, row, value != NULL ? span_str(value) : span_str("true"), err);
    if (rc != RC_OK) {
        err_field(err, "--%s", option);
    }
    return rc;
}

/* GPUERR_MIN_SEVERITY for min-severity. */
static void variable_name(const struct config_option *row, char out[NAME_BYTES])
{
    size_t n = (size_t)snprintf(out, NAME_BYTES, "GPUERR_%s", row->name);

    for (size_t i = 0; i < n; i++) {
        out[i] = (char)(out[i] == '-'                      ? '_'
                        : (out[i] >= 'a' && out[i] <= 'z') ? out[i] - 'a' + 'A'
                                                           : out[i]);
    }
}

/* A repeatable setting's variable holds several values, separated by line ends or commas. */
static enum rc set_values(struct config_builder *builder, const struct config_option *row,
                          struct span text, struct err *err)
{
    enum rc rc = RC_OK;

    while (text.len > 0 && rc == RC_OK) {
        size_t n = 0;
        while (n < text.len && text.ptr[n] != ',' && text.ptr[n] != '\n') {
            n++;
        }
        if (n > 0) {
            rc = set_value(builder, row, span_of(text.ptr, n), err);
        }
        text = span_from(text, n + 1);
    }
    return rc;
}

enum rc config_apply_env(struct config_builder *builder, char *const *environ_list, struct err *err)
{
    builder->layer = LAYER_ENV;
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *row = &config_options[i];
        bool repeatable = row->kind == CONFIG_LIST || row->kind == CONFIG_LABELS;
        char name[NAME_BYTES];

        variable_name(row, name);
        for (char *const *variable = environ_list; *variable != NULL; variable++) {
            size_t len = strlen(name);
            if (strncmp(*variable, name, len) != 0 || (*variable)[len] != '=') {
                continue;
            }
            struct span value = span_str(*variable + len + 1);
            enum rc rc = repeatable ? set_values(builder, row, value, err)
                                    : set_value(builder, row, value, err);
            if (rc != RC_OK) {
                err_field(err, "%s", name);
                return rc;
            }
        }
    }
    return RC_OK;
}

static bool has_label(const struct config *config, const char *key)
{
    for (size_t i = 0; i < config->n_labels; i++) {
        if (strcmp(config->labels[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

enum rc config_add_env_labels(struct config_builder *builder, char *const *environ_list,
                              struct err *err)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < env_label_count && rc == RC_OK; i++) {
        const char *name = env_labels[i].variable;
        size_t len = strlen(name);
        for (char *const *variable = environ_list; *variable != NULL && rc == RC_OK; variable++) {
            struct span value;
            if (strncmp(*variable, name, len) != 0 || (*variable)[len] != '=') {
                continue;
            }
            value = span_str(*variable + len + 1);
            if (value.len > 0 && !has_label(&builder->config, env_labels[i].label)) {
                rc = put_label(builder, span_str(env_labels[i].label), value, err);
            }
        }
    }
    return rc;
}

/* Replaces ${VAR} from the environment; `$$` is a dollar. */
static enum rc expand(const struct yaml_node *node, struct buf *out, struct err *err)
{
    struct span text = node->text;

    for (size_t i = 0; i < text.len; i++) {
        struct span rest = span_from(text, i);
        const char *end;
        char name[NAME_BYTES];

        if (span_starts(rest, span_str("$$"))) {
            buf_add_char(out, '$');
            i++;
            continue;
        }
        end = span_starts(rest, span_str("${")) ? memchr(rest.ptr, '}', rest.len) : NULL;
        if (end == NULL) {
            buf_add_char(out, text.ptr[i]);
            continue;
        }
        (void)snprintf(name, sizeof(name), "%.*s", (int)(end - rest.ptr - 2), rest.ptr + 2);
        const char *value = getenv(name);
        if (value == NULL) {
            (void)yaml_fail(node, err, "the variable %s is not set", name);
            err_hint(err, "$$ stands for a dollar");
            return RC_INVALID;
        }
        buf_add_str(out, value);
        i += (size_t)(end - rest.ptr);
    }
    return buf_rc(out);
}

static enum rc place(const struct yaml_node *node, enum rc rc, struct err *err)
{
    if (rc != RC_OK && err != NULL && err->line == 0) {
        err_place(err, node->line, node->column);
    }
    return rc;
}

static enum rc set_scalar(struct config_builder *builder, const struct config_option *row,
                          const struct yaml_node *node, struct err *err)
{
    struct buf text;
    enum rc rc;

    if (node->kind != YAML_SCALAR) {
        return yaml_fail(node, err, "wants a single value");
    }
    buf_init(&text, (size_t)64 * 1024);
    rc = expand(node, &text, err);
    if (rc == RC_OK) {
        rc = set_value(builder, row, span_of(text.ptr != NULL ? text.ptr : "", text.len), err);
    }
    buf_fini(&text);
    return place(node, rc, err);
}

static enum rc set_labels(struct config_builder *builder, const struct config_option *row,
                          const struct yaml_node *node, struct err *err)
{
    enum rc rc = RC_OK;

    if (node->kind != YAML_MAPPING) {
        return yaml_fail(node, err, "wants a mapping of names to values");
    }
    for (const struct yaml_node *child = node->children; child != NULL && rc == RC_OK;
         child = child->next) {
        struct buf text;
        if (child->kind != YAML_SCALAR) {
            return yaml_fail(child, err, "wants a single value");
        }
        buf_init(&text, (size_t)64 * 1024);
        rc = expand(child, &text, err);
        if (rc == RC_OK) {
            rc = set_label(builder, row, child->key,
                           span_of(text.ptr != NULL ? text.ptr : "", text.len), err);
        }
        buf_fini(&text);
        rc = place(child, rc, err);
    }
    return rc;
}

static enum rc set_node(struct config_builder *builder, const struct config_option *row,
                        const struct yaml_node *node, struct err *err)
{
    enum rc rc = RC_OK;

    if (row->kind == CONFIG_LABELS) {
        return set_labels(builder, row, node, err);
    }
    if (row->kind != CONFIG_LIST || node->kind == YAML_SCALAR) {
        return set_scalar(builder, row, node, err);
    }
    if (node->kind != YAML_SEQUENCE) {
        return yaml_fail(node, err, "wants a list");
    }
    for (const struct yaml_node *child = node->children; child != NULL && rc == RC_OK;
         child = child->next) {
        rc = set_scalar(builder, row, child, err);
    }
    return rc;
}

/* Splits `section.key`; a row of one word is a section of its own. */
static struct span row_section(const struct config_option *row)
{
    const char *dot = strchr(row->yaml, '.');

    return dot != NULL ? span_of(row->yaml, (size_t)(dot - row->yaml)) : span_str(row->yaml);
}

static const char *row_key(const struct config_option *row)
{
    const char *dot = strchr(row->yaml, '.');

    return dot != NULL ? dot + 1 : NULL;
}

static enum rc read_section(struct config_builder *builder, const struct yaml_node *section,
                            struct err *err)
{
    const char *keys[64] = {NULL};
    size_t n = 0;
    enum rc rc;

    for (size_t i = 0; i < config_option_count && n < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!span_eq(row_section(&config_options[i]), section->key)) {
            continue;
        }
        if (row_key(&config_options[i]) == NULL) {
            return set_node(builder, &config_options[i], section, err);
        }
        keys[n++] = row_key(&config_options[i]);
    }
    if (section->kind != YAML_MAPPING) {
        return yaml_fail(section, err, "wants a mapping");
    }
    rc = yaml_check_keys(section, keys, n, err);
    for (size_t i = 0; i < config_option_count && rc == RC_OK; i++) {
        const struct config_option *row = &config_options[i];
        const struct yaml_node *node =
            span_eq(row_section(row), section->key) ? yaml_child(section, row_key(row)) : NULL;
        if (node != NULL) {
            rc = set_node(builder, row, node, err);
        }
    }
    return rc;
}

static enum rc read_root(struct config_builder *builder, const struct yaml_node *root,
                         struct err *err)
{
    static const char *const sections[] = {"version", "inputs", "kb",     "rules",
                                           "output",  "labels", "limits", "log"};
    const struct yaml_node *version;
    enum rc rc;

    if (root->kind != YAML_MAPPING) {
        return yaml_fail(root, err, "a configuration is a mapping");
    }
    rc = yaml_check_keys(root, sections, sizeof(sections) / sizeof(sections[0]), err);
    if (rc != RC_OK) {
        return rc;
    }
    version = yaml_child(root, "version");
    if (version == NULL || !span_eq_str(version->text, "1")) {
        return yaml_fail(version != NULL ? version : root, err, "version: 1 is wanted");
    }
    for (const struct yaml_node *section = root->children; section != NULL && rc == RC_OK;
         section = section->next) {
        if (section != version) {
            rc = read_section(builder, section, err);
        }
    }
    return rc;
}

enum rc config_apply_file(struct config_builder *builder, const char *path, struct err *err)
{
    struct arena arena = {0};
    struct yaml_node *root;
    enum rc rc = yaml_parse_file(path, &arena, &root, err);

    builder->layer = LAYER_FILE;
    if (rc == RC_OK) {
        rc = read_root(builder, root, err);
    }
    if (rc != RC_OK) {
        err_file(err, path);
    }
    arena_fini(&arena);
    return rc;
}

enum rc config_finish(struct config_builder *builder, const struct config **ret_config,
                      struct err *err)
{
    if (!builder->config.builtin_kb && builder->config.kb_paths.n == 0) {
        (void)err_set(err, RC_INVALID,
                      "no knowledge base: the shipped one is turned off and no other is given");
        err_hint(err, "--kb DIR names one");
        return RC_INVALID;
    }
    *ret_config = &builder->config;
    return RC_OK;
}

/* A double-quoted YAML scalar; JSON strings are a subset of it, and a dollar is doubled. */
static void write_text(struct buf *out, const char *text)
{
    struct span rest = span_str(text);

    buf_add_char(out, '"');
    while (rest.len > 0) {
        const char *dollar = memchr(rest.ptr, '$', rest.len);
        size_t n = dollar != NULL ? (size_t)(dollar - rest.ptr) : rest.len;
        json_escape(out, span_of(rest.ptr, n));
        buf_add_str(out, dollar != NULL ? "$$" : "");
        rest = span_from(rest, n + (dollar != NULL));
    }
    buf_add_char(out, '"');
}

static void write_list(struct buf *out, const struct string_list *list)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        buf_add_str(out, i > 0 ? ", " : "");
        write_text(out, list->items[i]);
    }
    buf_add_char(out, ']');
}

static void write_labels(struct buf *out, const struct config *config)
{
    for (size_t i = 0; i < config->n_labels; i++) {
        buf_add_str(out, "  ");
        write_text(out, config->labels[i].key);
        buf_add_str(out, ": ");
        write_text(out, config->labels[i].value);
        buf_add_char(out, '\n');
    }
}

static void write_value(struct buf *out, const struct config_option *row,
                        const struct config *config)
{
    const void *value = member_of(config, row);

    switch (row->kind) {
    case CONFIG_FLAG:
    case CONFIG_NOT_FLAG:
        buf_add_str(out, *(const bool *)value ? "true" : "false");
        break;
    case CONFIG_TEXT:
    case CONFIG_NAME:
        write_text(out, *(const char *const *)value);
        break;
    case CONFIG_LIST:
        write_list(out, value);
        break;
    case CONFIG_ENUM:
        buf_add_str(out, row->values[*(const int *)value]);
        break;
    case CONFIG_FRACTION:
        buf_printf(out, "%.17g", *(const double *)value);
        break;
    case CONFIG_SIZE:
        buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)value);
        break;
    case CONFIG_DURATION:
        buf_printf(out, "%ums", (unsigned)*(const uint32_t *)value);
        break;
    case CONFIG_LABELS:
        break; /* a section of its own */
    }
}

static bool is_set(const struct config_option *row, const struct config *config)
{
    if (row->kind == CONFIG_LABELS) {
        return config->n_labels > 0;
    }
    if (row->kind == CONFIG_DURATION) {
        return *(const uint32_t *)member_of(config, row) != CONFIG_UNSET_MS;
    }
    return (row->kind != CONFIG_TEXT && row->kind != CONFIG_NAME) ||
           *(const char *const *)member_of(config, row) != NULL;
}

void config_write_yaml(const struct config *config, struct buf *out)
{
    struct span section = {0};

    buf_add_str(out, "version: 1\n");
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *row = &config_options[i];
        if (!is_set(row, config)) {
            continue;
        }
        if (!span_eq(row_section(row), section) || section.ptr == NULL) {
            section = row_section(row);
            buf_printf(out, "%.*s:\n", (int)section.len, section.ptr);
        }
        if (row->kind == CONFIG_LABELS) {
            write_labels(out, config);
            continue;
        }
        buf_printf(out, "  %s: ", row_key(row));
        write_value(out, row, config);
        buf_add_char(out, '\n');
    }
}
