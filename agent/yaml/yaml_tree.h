/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a tree that remembers where everything stands, for files whose mistakes a person
 * has to find. Guarded: at most 1 MiB, 64 levels, one document, no aliases or anchors (no bombs),
 * no key twice.
 */
#ifndef GPUERR_YAML_YAML_TREE_H
#define GPUERR_YAML_YAML_TREE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum yaml_kind {
    YAML_SCALAR,
    YAML_SEQUENCE,
    YAML_MAPPING,
};

/* Lives as long as the arena it was parsed into. Lines and columns count from 1. */
struct yaml_node {
    enum yaml_kind kind;
    unsigned line, column;
    struct span key;               /* in a mapping: the name, a non-empty scalar */
    unsigned key_line, key_column; /* where it stands */
    struct span text;              /* scalar */
    struct yaml_node *children;    /* first of a sequence or mapping */
    struct yaml_node *next;        /* sibling */
};

/* Parses text; an empty document gives an empty mapping. On failure err has line, column and
 * reason. */
enum rc yaml_parse(struct span text, struct arena *arena, struct yaml_node **ret_root,
                   struct err *err) GPUERR_MUSTCHECK;

/* Reads and parses a file; err has its name, too. */
enum rc yaml_parse_file(const char *path, struct arena *arena, struct yaml_node **ret_root,
                        struct err *err) GPUERR_MUSTCHECK;

/* The child of a mapping by name, or NULL. */
struct yaml_node *yaml_child(const struct yaml_node *mapping, const char *key);

/* Sets err at the node's (or its key's) place. */
enum rc yaml_fail(const struct yaml_node *node, struct err *err, const char *format, ...)
    GPUERR_PRINTF(3, 4);
enum rc yaml_fail_key(const struct yaml_node *node, struct err *err, const char *format, ...)
    GPUERR_PRINTF(3, 4);

/* RC_INVALID unless every key of the mapping is one of the n names; the hint is the nearest of
 * them. */
enum rc yaml_check_keys(const struct yaml_node *mapping, const char *const *names, size_t n,
                        struct err *err) GPUERR_MUSTCHECK;

#endif
