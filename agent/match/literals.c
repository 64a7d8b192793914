/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tree of a pattern to its covers. See literals_internal.h for why a cover is right.
 *
 * A walk over the tree gives for each node either all the strings that it can match, as long as
 * they are few ("exact"), or only covers. In a sequence the strings of exact neighbours are
 * multiplied out into a running set of strings; whatever ends the run turns that set into a cover.
 */
#include "match/literals_internal.h"

#include "match/rarity_internal.h"

/* Strings of an exact set; products that would be larger end the run. */
#define EXACT_MAX 24
/* The Unicode characters that (?i) makes equal to an ASCII letter; a unit test asks PCRE2 for all.
 */
#define KELVIN_SIGN "\xe2\x84\xaa"
#define LONG_S      "\xc5\xbf"

/* What a node gives: all its strings, or not all (n is then meaningless). */
struct strings {
    bool exact;
    size_t n;
    struct literal items[EXACT_MAX];
};

/* A walk over a part of the tree whose covers are kept apart, because they may not hold for the
 * whole. */
struct walk {
    const struct regex_tree *tree;
    struct arena *arena;
    struct cover covers[COVERS_MAX]; /* cheapest first */
    size_t n_covers;
    enum rc rc; /* sticks at RC_NOMEM */
};

static void visit(struct walk *walk, uint32_t at, struct strings *out);

static bool new_literal(struct walk *walk, size_t len, struct literal *literal, uint8_t **value,
                        uint8_t **mask)
{
    *value = arena_alloc(walk->arena, 2 * len + 1, 1);
    if (*value == NULL) {
        walk->rc = RC_NOMEM;
        return false;
    }
    *mask = *value + len;
    *literal = (struct literal){*value, *mask, len};
    return true;
}

static void add_string(struct walk *walk, struct strings *out, const char *bytes, size_t len,
                       uint8_t fold)
{
    uint8_t *value;
    uint8_t *mask;

    if (out->n == EXACT_MAX) {
        out->exact = false;
        return;
    }
    if (!new_literal(walk, len, &out->items[out->n], &value, &mask)) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        mask[i] = fold;
        value[i] = (uint8_t)bytes[i] & fold;
    }
    out->n++;
}

static size_t encode_utf8(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

static void add_code(struct walk *walk, struct strings *out, uint32_t code, bool caseless)
{
    char bytes[4];
    size_t len = encode_utf8(code, bytes);
    char lower = (char)(bytes[0] | 0x20);
    bool letter = len == 1 && lower >= 'a' && lower <= 'z';

    if (caseless && len > 1) {
        out->exact = false;
        return;
    }
    add_string(walk, out, bytes, len, caseless && letter ? 0xDF : 0xFF);
    if (caseless && lower == 'k' && letter) {
        add_string(walk, out, KELVIN_SIGN, 3, 0xFF);
    }
    if (caseless && lower == 's' && letter) {
        add_string(walk, out, LONG_S, 2, 0xFF);
    }
}

static void visit_codes(struct walk *walk, const struct regex_node *node, struct strings *out)
{
    *out = (struct strings){.exact = node->n_codes > 0};
    for (size_t i = 0; out->exact && i < node->n_codes; i++) {
        add_code(walk, out, node->codes[i], node->caseless);
    }
}

static void insert_cover(struct walk *walk, const struct cover *cover)
{
    size_t at;

    if (walk->n_covers == COVERS_MAX && cover->cost >= walk->covers[COVERS_MAX - 1].cost) {
        return;
    }
    at = walk->n_covers < COVERS_MAX ? walk->n_covers++ : COVERS_MAX - 1;
    for (; at > 0 && walk->covers[at - 1].cost > cover->cost; at--) {
        walk->covers[at] = walk->covers[at - 1];
    }
    walk->covers[at] = *cover;
}

/* Whether every text that has `longer` at some place has `shorter` inside of that. */
static bool is_inside(const struct literal *shorter, const struct literal *longer)
{
    for (size_t at = 0; at + shorter->len <= longer->len; at++) {
        size_t i = 0;
        while (i < shorter->len && (longer->mask[at + i] & shorter->mask[i]) == shorter->mask[i] &&
               (longer->value[at + i] & shorter->mask[i]) == shorter->value[i]) {
            i++;
        }
        if (i == shorter->len) {
            return true;
        }
    }
    return false;
}

/* Copies literals without those that another one makes needless; returns how many are left. Large
 * sets, which are lists of names, are copied as they are. */
static size_t copy_needed(const struct literal *literals, size_t n, struct literal *copy)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool needed = true;
        for (size_t k = 0; needed && n <= EXACT_MAX && k < n; k++) {
            bool equal = literals[k].len == literals[i].len;
            needed = k == i || (equal && k > i) || !is_inside(&literals[k], &literals[i]);
        }
        if (needed) {
            copy[kept++] = literals[i];
        }
    }
    return kept;
}

/* Keeps a cover if it is one, and among the cheapest. */
static void keep_cover(struct walk *walk, const struct literal *literals, size_t n)
{
    struct cover cover = {0};
    struct literal *copy;

    for (size_t i = 0; i < n; i++) {
        if (literals[i].len == 0) {
            return; /* the empty string stands everywhere */
        }
    }
    if (n == 0 || n > COVER_LITERALS_MAX) {
        return;
    }
    copy = arena_alloc(walk->arena, n, sizeof(*copy));
    if (copy == NULL) {
        walk->rc = RC_NOMEM;
        return;
    }
    cover.literals = copy;
    cover.n = copy_needed(literals, n, copy);
    for (size_t i = 0; i < cover.n; i++) {
        cover.cost += rarity_cost(&copy[i]);
    }
    insert_cover(walk, &cover);
}

/* The run of a sequence ends: its strings are a cover, and the next run starts from nothing. */
static void end_run(struct walk *walk, struct strings *run)
{
    keep_cover(walk, run->items, run->n);
    run->n = 1;
    run->items[0].len = 0;
}

static bool join(struct walk *walk, const struct literal *a, const struct literal *b,
                 struct literal *joined)
{
    uint8_t *value;
    uint8_t *mask;

    if (!new_literal(walk, a->len + b->len, joined, &value, &mask)) {
        return false;
    }
    if (a->len > 0) {
        memcpy(value, a->value, a->len);
        memcpy(mask, a->mask, a->len);
    }
    if (b->len > 0) {
        memcpy(value + a->len, b->value, b->len);
        memcpy(mask + a->len, b->mask, b->len);
    }
    return true;
}

static bool too_long(const struct strings *a, const struct strings *b)
{
    size_t longest[2] = {0, 0};

    for (size_t i = 0; i < a->n; i++) {
        longest[0] = a->items[i].len > longest[0] ? a->items[i].len : longest[0];
    }
    for (size_t i = 0; i < b->n; i++) {
        longest[1] = b->items[i].len > longest[1] ? b->items[i].len : longest[1];
    }
    return longest[0] + longest[1] > LITERAL_BYTES_MAX;
}

/* run = run x next; when that would be too much, run ends and next begins a new one. Returns false
 * when a run was ended. */
static bool multiply(struct walk *walk, struct strings *run, const struct strings *next)
{
    struct strings product = {.exact = true};

    if (run->n * next->n > EXACT_MAX || too_long(run, next)) {
        end_run(walk, run);
        *run = *next;
        return false;
    }
    for (size_t i = 0; i < run->n; i++) {
        for (size_t k = 0; k < next->n; k++) {
            if (!join(walk, &run->items[i], &next->items[k], &product.items[product.n])) {
                return true;
            }
            product.n++;
        }
    }
    *run = product;
    return true;
}

static struct walk part_of(const struct walk *walk)
{
    return (struct walk){.tree = walk->tree, .arena = walk->arena, .rc = walk->rc};
}

/* All strings of min to max rounds of child, or false when they are too many. */
static bool expand(struct walk *walk, const struct regex_node *node, const struct strings *child,
                   struct strings *out)
{
    struct strings rounds = {.exact = true, .n = 1};

    *out = (struct strings){.exact = true};
    for (uint32_t i = 0;; i++) {
        for (size_t k = 0; i >= node->min && k < rounds.n; k++) {
            if (out->n == EXACT_MAX) {
                return false;
            }
            out->items[out->n++] = rounds.items[k];
        }
        if (i == node->max) {
            return true;
        }
        if (rounds.n * child->n > EXACT_MAX || too_long(&rounds, child)) {
            return false;
        }
        (void)multiply(walk, &rounds, child);
    }
}

/*
 * A repetition. When its rounds are too many to list, the run before it takes in the first round,
 * and the next run starts with the last one; an optional part only parts the runs.
 */
static void join_repeat(struct walk *walk, const struct regex_node *node, struct strings *run,
                        bool *whole)
{
    struct walk part = part_of(walk);
    struct strings child;
    struct strings rounds;

    visit(&part, node->child, &child);
    walk->rc = part.rc;
    if (child.exact && expand(walk, node, &child, &rounds)) {
        *whole = multiply(walk, run, &rounds) && *whole;
        return;
    }
    *whole = false;
    if (node->min > 0 && child.exact) {
        (void)multiply(walk, run, &child);
        end_run(walk, run);
        *run = child;
        return;
    }
    for (size_t i = 0; node->min > 0 && i < part.n_covers; i++) {
        insert_cover(walk, &part.covers[i]);
    }
    end_run(walk, run);
}

static void join_child(struct walk *walk, uint32_t at, struct strings *run, bool *whole)
{
    const struct regex_node *node = &walk->tree->nodes[at];
    struct strings child;

    if (node->kind == REGEX_REPEAT) {
        join_repeat(walk, node, run, whole);
        return;
    }
    visit(walk, at, &child);
    if (child.exact) {
        *whole = multiply(walk, run, &child) && *whole;
    } else {
        *whole = false;
        end_run(walk, run);
    }
}

/* Whether a node is one byte without a choice: most of any pattern, and taken together. */
static bool is_plain(const struct regex_node *node)
{
    return node->kind == REGEX_CHAR && node->codes[0] < 0x80 && !node->caseless;
}

static uint32_t join_plain(struct walk *walk, uint32_t at, struct strings *run, bool *whole)
{
    struct strings text = {.exact = true};
    char bytes[LITERAL_BYTES_MAX / 2];
    size_t len = 0;

    while (at != REGEX_NONE && len < sizeof(bytes) && is_plain(&walk->tree->nodes[at])) {
        bytes[len++] = (char)walk->tree->nodes[at].codes[0];
        at = walk->tree->nodes[at].next;
    }
    add_string(walk, &text, bytes, len, 0xFF);
    *whole = multiply(walk, run, &text) && *whole;
    return at;
}

/*
 * Items in a row. *whole stays true as long as run holds every string of everything so far.
 */
static void visit_sequence(struct walk *walk, const struct regex_node *node, struct strings *out)
{
    bool whole = true;
    uint32_t at = node->child;

    *out = (struct strings){.exact = true, .n = 1};
    while (at != REGEX_NONE && walk->rc == RC_OK) {
        if (is_plain(&walk->tree->nodes[at])) {
            at = join_plain(walk, at, out, &whole);
        } else {
            join_child(walk, at, out, &whole);
            at = walk->tree->nodes[at].next;
        }
    }
    if (!whole) {
        end_run(walk, out);
    }
    out->exact = whole;
}

/* What the branches of an alternation need, one after the other. */
struct branches {
    struct literal needed[COVER_LITERALS_MAX];
    size_t n;
    bool every; /* each branch so far needs something */
};

static void add_needed(struct branches *branches, const struct literal *literals, size_t n)
{
    if (n == 0 || branches->n + n > COVER_LITERALS_MAX) {
        branches->every = false;
        return;
    }
    memcpy(&branches->needed[branches->n], literals, n * sizeof(*literals));
    branches->n += n;
}

static void visit_branches(struct walk *walk, const struct regex_node *node,
                           struct branches *branches, struct strings *out)
{
    for (uint32_t at = node->child; at != REGEX_NONE; at = walk->tree->nodes[at].next) {
        struct walk part = part_of(walk);
        struct strings branch;
        visit(&part, at, &branch);
        walk->rc = part.rc;
        if (branch.exact && out->exact && out->n + branch.n <= EXACT_MAX) {
            memcpy(&out->items[out->n], branch.items, branch.n * sizeof(branch.items[0]));
            out->n += branch.n;
        } else {
            out->exact = false;
        }
        if (branch.exact) {
            add_needed(branches, branch.items, branch.n);
        } else if (part.n_covers > 0) {
            add_needed(branches, part.covers[0].literals, part.covers[0].n);
        } else {
            branches->every = false;
        }
    }
}

static void visit_alternation(struct walk *walk, const struct regex_node *node, struct strings *out)
{
    struct branches *branches = arena_alloc(walk->arena, 1, sizeof(*branches));

    *out = (struct strings){.exact = true};
    if (branches == NULL) {
        walk->rc = RC_NOMEM;
        return;
    }
    branches->every = true;
    visit_branches(walk, node, branches, out);
    if (!out->exact && branches->every) {
        keep_cover(walk, branches->needed, branches->n);
    }
}

static void visit(struct walk *walk, uint32_t at, struct strings *out)
{
    const struct regex_node *node = &walk->tree->nodes[at];

    switch (node->kind) {
    case REGEX_CHAR:
    case REGEX_SET:
        visit_codes(walk, node, out);
        break;
    case REGEX_SEQUENCE:
        visit_sequence(walk, node, out);
        break;
    case REGEX_ALTERNATION:
        visit_alternation(walk, node, out);
        break;
    case REGEX_EMPTY:
        *out = (struct strings){.exact = true, .n = 1};
        break;
    case REGEX_REPEAT: /* only as a child of a sequence, which joins it itself */
    case REGEX_UNKNOWN:
        *out = (struct strings){.exact = false};
        break;
    }
}

enum rc literals_analyse(struct literal_analysis *analysis, const struct regex_tree *tree)
{
    struct walk walk = {.tree = tree, .arena = &analysis->arena};
    struct strings all;

    *analysis = (struct literal_analysis){0};
    visit(&walk, tree->root, &all);
    if (all.exact) {
        keep_cover(&walk, all.items, all.n);
    }
    if (walk.rc != RC_OK) {
        arena_fini(&analysis->arena);
        return walk.rc;
    }
    memcpy(analysis->covers, walk.covers, walk.n_covers * sizeof(walk.covers[0]));
    analysis->n_covers = walk.n_covers;
    return RC_OK;
}

void literals_fini(struct literal_analysis *analysis)
{
    arena_fini(&analysis->arena);
    analysis->n_covers = 0;
}
