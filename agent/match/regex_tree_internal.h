/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a PCRE2 pattern (10.42 syntax, PCRE2_UTF and no other option), read far enough to
 * know which characters every match must contain. Nothing is matched with it.
 *
 * The reader never guesses. What consumes text in a way that does not concern literals (classes,
 * back references, recursion, conditionals) becomes a REGEX_SET or REGEX_UNKNOWN node. What could
 * change the meaning of the rest (verbs and leading `(*...)`, callouts, syntax that differs between
 * PCRE2 versions, anything it does not know) makes the whole pattern RC_UNSUPPORTED, and such a
 * pattern is run on every record. Patterns that PCRE2 itself refuses may give any answer but never
 * a crash.
 */
#ifndef GPUERR_MATCH_REGEX_TREE_INTERNAL_H
#define GPUERR_MATCH_REGEX_TREE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define REGEX_NONE        UINT32_MAX /* no node */
#define REGEX_UNBOUNDED   UINT32_MAX /* max of `*` and `+` */
#define REGEX_CODES_MAX   4          /* larger classes are "any character" */
#define REGEX_NESTING_MAX 100        /* groups in groups; PCRE2's own limit is 250 */

enum regex_kind {
    REGEX_EMPTY,       /* matches without consuming: anchors, look-arounds, comments */
    REGEX_CHAR,        /* codes[0] */
    REGEX_SET,         /* one of codes, or any text when n_codes is 0 */
    REGEX_UNKNOWN,     /* may match anything, the empty text too */
    REGEX_SEQUENCE,    /* children in a row */
    REGEX_ALTERNATION, /* one of the children */
    REGEX_REPEAT,      /* child, min to max times */
};

struct regex_node {
    enum regex_kind kind;
    bool caseless; /* CHAR and SET */
    uint8_t n_codes;
    uint32_t codes[REGEX_CODES_MAX];
    uint32_t min; /* REPEAT */
    uint32_t max;
    uint32_t child; /* first child, or REGEX_NONE */
    uint32_t next;  /* next sibling, or REGEX_NONE */
};

struct regex_tree {
    struct regex_node *nodes;
    uint32_t n;
    uint32_t cap;
    uint32_t root;
};

/* The tree of a pattern: RC_UNSUPPORTED when not sure, RC_NOMEM. Needs regex_tree_fini only on
 * RC_OK. */
enum rc regex_tree_parse(struct regex_tree *tree, struct span pattern) GPUERR_MUSTCHECK;
void regex_tree_fini(struct regex_tree *tree);

/* --- specificity.c --- */

/* The number of literal characters, as specificity.h defines it. */
unsigned regex_tree_literals(const struct regex_tree *tree);

/* --- between regex_tree.c and regex_atom.c --- */

struct regex_flags {
    bool caseless;
    bool extended;
};

struct regex_parser {
    struct regex_tree *tree;
    const char *at;
    const char *end;
    struct regex_flags flags;
    unsigned depth;
    bool quoting; /* between \Q and \E */
};

/* A new node without relatives. */
enum rc regex_node_add(struct regex_tree *tree, enum regex_kind kind,
                       uint32_t *ret_node) GPUERR_MUSTCHECK;
/* A CHAR node of a code point, under the parser's flags. */
enum rc regex_char_add(struct regex_parser *parser, uint32_t code,
                       uint32_t *ret_node) GPUERR_MUSTCHECK;
/* Reads the escape that starts at the parser's place (a backslash, but not \Q or \E). */
enum rc regex_parse_escape(struct regex_parser *parser, uint32_t *ret_node) GPUERR_MUSTCHECK;
/* Reads the class that starts at the parser's place (`[`). */
enum rc regex_parse_class(struct regex_parser *parser, uint32_t *ret_node) GPUERR_MUSTCHECK;
/* Moves behind the next byte c; RC_UNSUPPORTED if there is none. */
enum rc regex_skip_behind(struct regex_parser *parser, char c) GPUERR_MUSTCHECK;

#endif
