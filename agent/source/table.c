/* SPDX-License-Identifier: Apache-2.0 */
/* Chained slots that double when there are more nodes than slots. See table.h. */
#include "source/table.h"

#include "base/mem.h"

#define SLOTS_FIRST 64

void table_fini(struct table *table)
{
    mem_free(table->slots);
    *table = (struct table){0};
}

static struct table_node **slot_of(const struct table *table, uint64_t hash)
{
    return &table->slots[hash & (table->n_slots - 1)];
}

static enum rc grow(struct table *table)
{
    struct table grown = {.n_slots = table->n_slots > 0 ? table->n_slots * 2 : SLOTS_FIRST};

    grown.slots = mem_calloc(grown.n_slots, sizeof(struct table_node *));
    if (grown.slots == NULL) {
        return RC_NOMEM;
    }
    for (size_t i = 0; i < table->n_slots; i++) {
        for (struct table_node *node = table->slots[i]; node != NULL;) {
            struct table_node *next = node->next;
            struct table_node **slot = slot_of(&grown, node->hash);
            node->next = *slot;
            *slot = node;
            node = next;
        }
    }
    grown.n = table->n;
    mem_free(table->slots);
    *table = grown;
    return RC_OK;
}

enum rc table_add(struct table *table, struct table_node *node, uint64_t hash)
{
    struct table_node **slot;

    if (table->n == table->n_slots && grow(table) != RC_OK) {
        return RC_NOMEM;
    }
    slot = slot_of(table, hash);
    node->hash = hash;
    node->next = *slot;
    *slot = node;
    table->n++;
    return RC_OK;
}

void table_remove(struct table *table, struct table_node *node)
{
    struct table_node **at = slot_of(table, node->hash);

    while (*at != node) {
        at = &(*at)->next;
    }
    *at = node->next;
    table->n--;
}

static struct table_node *find_hash(struct table_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct table_node *table_first(const struct table *table, uint64_t hash)
{
    return table->n_slots > 0 ? find_hash(*slot_of(table, hash), hash) : NULL;
}

struct table_node *table_next(const struct table_node *node)
{
    return find_hash(node->next, node->hash);
}
