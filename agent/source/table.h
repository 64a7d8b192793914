/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table of nodes that lie in their owners' structs; it owns only its slots. Callers hash and
 * compare keys themselves: table_first and table_next walk the nodes of one hash.
 */
#ifndef GPUERR_SOURCE_TABLE_H
#define GPUERR_SOURCE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

/* A zeroed table is empty and ready. */
struct table {
    struct table_node **slots;
    size_t n_slots; /* a power of two, or 0 */
    size_t n;
};

/* Frees the slots; the nodes are their owners'. */
void table_fini(struct table *table);

enum rc table_add(struct table *table, struct table_node *node, uint64_t hash) GPUERR_MUSTCHECK;
void table_remove(struct table *table, struct table_node *node);

struct table_node *table_first(const struct table *table, uint64_t hash);
struct table_node *table_next(const struct table_node *node);

#endif
