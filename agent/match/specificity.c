/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the entries that match one record. See specificity.h. */
#include "match/specificity.h"

#include "match/regex_tree_internal.h"

/* Enough to keep any sum of real patterns, and no sum of two overflows. */
#define COUNT_MAX 1000000U

static unsigned add_capped(unsigned a, unsigned b)
{
    return a + b < COUNT_MAX ? a + b : COUNT_MAX;
}

static unsigned count_node(const struct regex_tree *tree, uint32_t at);

static unsigned count_children(const struct regex_tree *tree, const struct regex_node *node)
{
    bool alternation = node->kind == REGEX_ALTERNATION;
    unsigned sum = 0;
    unsigned least = COUNT_MAX;

    for (uint32_t child = node->child; child != REGEX_NONE; child = tree->nodes[child].next) {
        unsigned count = count_node(tree, child);
        sum = add_capped(sum, count);
        least = count < least ? count : least;
    }
    return alternation ? least : sum;
}

static unsigned count_node(const struct regex_tree *tree, uint32_t at)
{
    const struct regex_node *node = &tree->nodes[at];

    switch (node->kind) {
    case REGEX_CHAR:
        return 1;
    case REGEX_SEQUENCE:
    case REGEX_ALTERNATION:
        return count_children(tree, node);
    case REGEX_REPEAT: {
        uint64_t times = (uint64_t)count_node(tree, node->child) * node->min;
        return times < COUNT_MAX ? (unsigned)times : COUNT_MAX;
    }
    case REGEX_SET:
    case REGEX_EMPTY:
    case REGEX_UNKNOWN:
        return 0;
    }
    return 0;
}

unsigned regex_tree_literals(const struct regex_tree *tree)
{
    return count_node(tree, tree->root);
}

unsigned specificity_literals(struct span regex)
{
    struct regex_tree tree;
    unsigned count = 0;

    if (regex_tree_parse(&tree, regex) == RC_OK) {
        count = regex_tree_literals(&tree);
        regex_tree_fini(&tree);
    }
    return count;
}

int specificity_cmp(const struct specificity *a, const struct specificity *b)
{
    bool a_wraps = a->role == KB_ROLE_WRAPPER;
    bool b_wraps = b->role == KB_ROLE_WRAPPER;

    if (a_wraps != b_wraps) {
        return a_wraps ? 1 : -1;
    }
    if (a->literals != b->literals) {
        return a->literals > b->literals ? -1 : 1;
    }
    if (a->tier != b->tier) {
        return a->tier < b->tier ? -1 : 1;
    }
    return span_cmp(a->id, b->id);
}
