/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The knowledge base's transition graph, turned round: of an entry, what leads to it, over up to
 * three steps. An edge counts whichever of its ends names it. The edges are read once; the longer
 * ways of an entry are found when they are first asked for.
 */
#include "base/mem.h"
#include "incident/incident_internal.h"

#define HOPS_MAX 3

struct ancestors {
    struct ancestor *items;
    size_t n;
    bool closed; /* longer ways are in it */
};

struct graph {
    const struct kb *kb;
    size_t n;
    struct ancestors *of; /* by entry; direct ones first */
};

uint32_t graph_index(const struct graph *graph, const struct kb_entry *entry)
{
    size_t low = 0;
    size_t high = graph->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (span_cmp(kb_at(graph->kb, middle)->id, entry->id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

static bool add(struct ancestors *to, uint32_t entry, uint32_t hops, struct span why)
{
    struct ancestor *items;

    for (size_t i = 0; i < to->n; i++) {
        if (to->items[i].entry == entry) {
            if (to->items[i].why.len == 0 && to->items[i].hops == hops) {
                to->items[i].why = why;
            }
            return true;
        }
    }
    items = mem_realloc(to->items, to->n + 1, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    to->items = items;
    items[to->n++] = (struct ancestor){entry, hops, why};
    return true;
}

static bool add_edge(struct graph *graph, const struct kb_entry *from, const struct kb_entry *to,
                     struct span why)
{
    return from == NULL || to == NULL || from == to ||
           add(&graph->of[graph_index(graph, to)], graph_index(graph, from), 1, why);
}

static bool add_edges_of(struct graph *graph, const struct kb_entry *entry)
{
    for (size_t i = 0; i < entry->leads_to.n; i++) {
        const struct kb_link *link = &entry->leads_to.items[i];
        if (!add_edge(graph, entry, kb_find(graph->kb, link->id), link->why)) {
            return false;
        }
    }
    for (size_t i = 0; i < entry->preceded_by.n; i++) {
        const struct kb_link *link = &entry->preceded_by.items[i];
        if (!add_edge(graph, kb_find(graph->kb, link->id), entry, link->why)) {
            return false;
        }
    }
    return true;
}

struct graph *graph_new(const struct kb *kb)
{
    struct graph *graph = mem_calloc(1, sizeof(*graph));

    if (graph == NULL) {
        return NULL;
    }
    graph->kb = kb;
    graph->n = kb_count(kb);
    graph->of = mem_calloc(graph->n + 1, sizeof(*graph->of));
    if (graph->of == NULL) {
        return graph_free(graph);
    }
    for (size_t i = 0; i < graph->n; i++) {
        if (!add_edges_of(graph, kb_at(kb, i))) {
            return graph_free(graph);
        }
    }
    return graph;
}

struct graph *graph_free(struct graph *graph)
{
    if (graph != NULL) {
        for (size_t i = 0; graph->of != NULL && i < graph->n; i++) {
            mem_free(graph->of[i].items);
        }
        mem_free(graph->of);
    }
    return mem_free(graph);
}

/* The direct ancestors of those that are `hops` away come one further. What memory is out for is
 * missing: the graph then joins less. */
static void close_over(struct graph *graph, uint32_t entry)
{
    struct ancestors *of = &graph->of[entry];
    size_t from = 0;

    for (uint32_t hops = 2; hops <= HOPS_MAX; hops++) {
        size_t to = of->n;
        for (size_t i = from; i < to; i++) {
            const struct ancestors *next = &graph->of[of->items[i].entry];
            for (size_t k = 0; k < next->n && next->items[k].hops == 1; k++) {
                if (next->items[k].entry != entry &&
                    !add(of, next->items[k].entry, hops, next->items[k].why)) {
                    return;
                }
            }
        }
        from = to;
    }
    of->closed = true;
}

const struct ancestor *graph_ancestors(struct graph *graph, const struct kb_entry *entry,
                                       size_t *ret_n)
{
    uint32_t index = graph_index(graph, entry);

    if (!graph->of[index].closed) {
        close_over(graph, index);
    }
    *ret_n = graph->of[index].n;
    return graph->of[index].items;
}

static bool names(struct kb_link_list links, struct span id)
{
    for (size_t i = 0; i < links.n; i++) {
        if (span_eq(links.items[i].id, id)) {
            return true;
        }
    }
    return false;
}

bool graph_confused(const struct kb_entry *a, const struct kb_entry *b)
{
    return names(a->confused_with, b->id) || names(b->confused_with, a->id);
}
