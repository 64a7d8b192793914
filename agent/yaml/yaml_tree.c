/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's events become nodes; a stack of open collections replaces recursion. See yaml_tree.h.
 */
#include "yaml/yaml_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/nearest.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)
#define DEPTH_MAX      64
#define KEYS_MAX       4096 /* of one mapping: finding a key twice compares each with all before it */

struct tree {
    struct arena *arena;
    struct err *err;
    struct yaml_node *root;
    struct yaml_node *open[DEPTH_MAX];
    struct yaml_node **tail[DEPTH_MAX]; /* where the next child of open[i] goes */
    size_t depth;
    struct span key; /* read, its value comes next */
    unsigned key_line, key_column;
    bool ended;
};

static enum rc fail_at(struct tree *tree, yaml_mark_t mark, const char *reason)
{
    (void)err_set(tree->err, RC_INVALID, "%s", reason);
    err_place(tree->err, (unsigned)mark.line + 1, (unsigned)mark.column + 1);
    return RC_INVALID;
}

static bool wants_key(const struct tree *tree)
{
    return tree->depth > 0 && tree->open[tree->depth - 1]->kind == YAML_MAPPING &&
           tree->key.ptr == NULL;
}

static enum rc add_node(struct tree *tree, enum yaml_kind kind, yaml_mark_t mark,
                        struct yaml_node **ret_node)
{
    struct yaml_node *node;

    if (wants_key(tree)) {
        return fail_at(tree, mark, "a key must be a plain word");
    }
    node = arena_alloc(tree->arena, 1, sizeof(*node));
    if (node == NULL) {
        return err_set(tree->err, RC_NOMEM, "out of memory");
    }
    *node = (struct yaml_node){
        .kind = kind,
        .line = (unsigned)mark.line + 1,
        .column = (unsigned)mark.column + 1,
        .key = tree->key,
        .key_line = tree->key_line,
        .key_column = tree->key_column,
    };
    tree->key = (struct span){0};
    if (tree->depth > 0) {
        assert(tree->tail[tree->depth - 1] != NULL);
        *tree->tail[tree->depth - 1] = node;
        tree->tail[tree->depth - 1] = &node->next;
    } else {
        tree->root = node;
    }
    *ret_node = node;
    return RC_OK;
}

static enum rc open_collection(struct tree *tree, enum yaml_kind kind, yaml_mark_t mark)
{
    struct yaml_node *node;
    enum rc rc;

    if (tree->depth == DEPTH_MAX) {
        return fail_at(tree, mark, "nested deeper than 64 levels");
    }
    rc = add_node(tree, kind, mark, &node);
    if (rc == RC_OK) {
        tree->open[tree->depth] = node;
        tree->tail[tree->depth] = &node->children;
        tree->depth++;
    }
    return rc;
}

static enum rc take_key(struct tree *tree, struct span text, yaml_mark_t mark)
{
    const struct yaml_node *mapping = tree->open[tree->depth - 1];
    size_t n = 0;

    assert(mapping != NULL); /* wants_key has seen it */
    if (text.len == 0) {
        return fail_at(tree, mark, "a key must not be empty");
    }
    for (const struct yaml_node *child = mapping->children; child != NULL; child = child->next) {
        if (++n == KEYS_MAX) {
            return fail_at(tree, mark, "more than 4096 keys");
        }
        if (span_eq(child->key, text)) {
            (void)err_set(tree->err, RC_INVALID, "key \"%.*s\" stands twice", (int)text.len,
                          text.ptr);
            err_place(tree->err, (unsigned)mark.line + 1, (unsigned)mark.column + 1);
            err_hint(tree->err, "first in line %u", child->key_line);
            return RC_INVALID;
        }
    }
    tree->key = text;
    tree->key_line = (unsigned)mark.line + 1;
    tree->key_column = (unsigned)mark.column + 1;
    return RC_OK;
}

static enum rc add_scalar(struct tree *tree, const yaml_event_t *event)
{
    struct span text = arena_copy(
        tree->arena, span_of((const char *)event->data.scalar.value, event->data.scalar.length));
    struct yaml_node *node;
    enum rc rc;

    if (text.ptr == NULL) {
        return err_set(tree->err, RC_NOMEM, "out of memory");
    }
    if (memchr(text.ptr, '\0', text.len) != NULL) {
        return fail_at(tree, event->start_mark, "holds a NUL character");
    }
    if (wants_key(tree)) {
        return take_key(tree, text, event->start_mark);
    }
    rc = add_node(tree, YAML_SCALAR, event->start_mark, &node);
    if (rc == RC_OK) {
        node->text = text;
    }
    return rc;
}

static bool has_anchor(const yaml_event_t *event)
{
    return (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor != NULL) ||
           (event->type == YAML_SEQUENCE_START_EVENT &&
            event->data.sequence_start.anchor != NULL) ||
           (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor != NULL);
}

static enum rc take_event(struct tree *tree, const yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT || has_anchor(event)) {
        return fail_at(tree, event->start_mark, "anchors and aliases are not supported");
    }
    if (event->type == YAML_SCALAR_EVENT) {
        return add_scalar(tree, event);
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        return open_collection(tree, YAML_SEQUENCE, event->start_mark);
    }
    if (event->type == YAML_MAPPING_START_EVENT) {
        return open_collection(tree, YAML_MAPPING, event->start_mark);
    }
    if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT) {
        tree->depth--;
    } else if (event->type == YAML_DOCUMENT_START_EVENT && tree->root != NULL) {
        return fail_at(tree, event->start_mark, "a second document");
    }
    tree->ended = event->type == YAML_STREAM_END_EVENT;
    return RC_OK;
}

static enum rc syntax_error(struct tree *tree, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        return err_set(tree->err, RC_NOMEM, "out of memory");
    }
    return fail_at(tree, parser->problem_mark,
                   parser->problem != NULL ? parser->problem : "is not valid YAML");
}

static enum rc run_parser(struct tree *tree, yaml_parser_t *parser)
{
    enum rc rc = RC_OK;

    while (rc == RC_OK && !tree->ended) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            return syntax_error(tree, parser);
        }
        rc = take_event(tree, &event);
        yaml_event_delete(&event);
    }
    return rc;
}

enum rc yaml_parse(struct span text, struct arena *arena, struct yaml_node **ret_root,
                   struct err *err)
{
    struct tree tree = {.arena = arena, .err = err};
    yaml_parser_t parser;
    enum rc rc;

    if (text.len > FILE_MAX_BYTES) {
        return err_set(err, RC_TOO_BIG, "is larger than 1 MiB");
    }
    if (yaml_parser_initialize(&parser) == 0) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    rc = run_parser(&tree, &parser);
    yaml_parser_delete(&parser);
    if (rc == RC_OK && tree.root == NULL) {
        rc = open_collection(&tree, YAML_MAPPING, (yaml_mark_t){0});
    }
    if (rc == RC_OK) {
        *ret_root = tree.root;
    }
    return rc;
}

static enum rc read_file(const char *path, struct buf *text, struct err *err)
{
    FILE *file = fopen(path, "re");
    enum rc rc = RC_OK;

    if (file == NULL) {
        return err_set(err, rc_from_errno(errno), "%s", strerror(errno));
    }
    while (rc == RC_OK && feof(file) == 0) {
        rc = buf_reserve(text, 4096);
        if (rc == RC_OK) {
            text->len += fread(text->ptr + text->len, 1, 4096, file);
            rc = ferror(file) != 0 ? RC_IO : RC_OK;
        }
    }
    (void)fclose(file); /* only read from */
    if (rc != RC_OK) {
        return err_set(err, rc, "%s",
                       rc == RC_TOO_BIG ? "is larger than 1 MiB"
                       : rc == RC_IO    ? "cannot be read"
                                        : rc_text(rc));
    }
    return RC_OK;
}

enum rc yaml_parse_file(const char *path, struct arena *arena, struct yaml_node **ret_root,
                        struct err *err)
{
    struct buf text;
    enum rc rc;

    buf_init(&text, FILE_MAX_BYTES + 4096);
    rc = read_file(path, &text, err);
    if (rc == RC_OK) {
        rc = yaml_parse(buf_span(&text), arena, ret_root, err);
    }
    buf_fini(&text);
    if (rc != RC_OK) {
        err_file(err, path);
    }
    return rc;
}

struct yaml_node *yaml_child(const struct yaml_node *mapping, const char *key)
{
    for (struct yaml_node *child = mapping->children; child != NULL; child = child->next) {
        if (span_eq_str(child->key, key)) {
            return child;
        }
    }
    return NULL;
}

static enum rc set_message(struct err *err, unsigned line, unsigned column, const char *format,
                           va_list args) __attribute__((format(printf, 4, 0)));

static enum rc set_message(struct err *err, unsigned line, unsigned column, const char *format,
                           va_list args)
{
    char message[400];

    (void)vsnprintf(message, sizeof(message), format,
                    args); /* a message that does not fit is cut */
    (void)err_set(err, RC_INVALID, "%s", message);
    err_place(err, line, column);
    return RC_INVALID;
}

enum rc yaml_fail(const struct yaml_node *node, struct err *err, const char *format, ...)
{
    va_list args;
    enum rc rc;

    va_start(args, format);
    rc = set_message(err, node->line, node->column, format, args);
    va_end(args);
    return rc;
}

enum rc yaml_fail_key(const struct yaml_node *node, struct err *err, const char *format, ...)
{
    va_list args;
    enum rc rc;

    va_start(args, format);
    rc = set_message(err, node->key_line, node->key_column, format, args);
    va_end(args);
    return rc;
}

enum rc yaml_check_keys(const struct yaml_node *mapping, const char *const *names, size_t n,
                        struct err *err)
{
    for (const struct yaml_node *child = mapping->children; child != NULL; child = child->next) {
        struct nearest nearest;
        size_t i = 0;

        while (i < n && !span_eq_str(child->key, names[i])) {
            i++;
        }
        if (i < n) {
            continue;
        }
        nearest_init(&nearest, child->key);
        for (i = 0; i < n; i++) {
            nearest_offer(&nearest, span_str(names[i]));
        }
        (void)yaml_fail_key(child, err, "unknown key \"%.*s\"",
                            (int)(child->key.len < 100 ? child->key.len : 100), child->key.ptr);
        if (nearest.best.ptr != NULL) {
            err_hint(err, "did you mean %.*s?", (int)nearest.best.len, nearest.best.ptr);
        }
        return RC_INVALID;
    }
    return RC_OK;
}
