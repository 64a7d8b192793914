/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which entry wins when several match a record. The rule, in this order:
 *
 *   1. an entry whose role is not `wrapper` comes before a wrapper;
 *   2. then the entry whose regex has more literal characters;
 *   3. then the better verification tier;
 *   4. then the smaller id, bytewise.
 *
 * "Literal characters" is the least number of literal characters that a match can consist of:
 *
 *   - a character written as itself or escaped (`a`, `\.`, `\n`, `\x41`, text of \Q...\E) counts 1,
 *     whether or not case matters; so does a class of one character (`[.]`);
 *   - everything that leaves a choice of character counts 0: `.`, other classes, `\d`, `\R`, `\p`,
 *     back references, recursion, conditionals; so do look-arounds, anchors and `\b`;
 *   - things in a row add up, of the branches of an alternation the smallest counts;
 *   - `X{m,n}` counts m times X: `X?` and `X*` nothing, `X+` once;
 *   - a regex with syntax that this room does not read (verbs such as `(*ACCEPT)`, callouts: see
 *     regex_tree_internal.h) counts 0 as a whole.
 *
 * So `NVRM: Xid .*: 79\b` (16) beats `NVRM: Xid ` (10), and adding an alternative or an optional
 * part to a regex never raises its number.
 */
#ifndef GPUERR_MATCH_SPECIFICITY_H
#define GPUERR_MATCH_SPECIFICITY_H

#include "base/span.h"
#include "kb/kb.h"

/* What the rule looks at. */
struct specificity {
    enum kb_role role;
    unsigned literals;
    enum kb_tier tier;
    struct span id;
};

/* The number of literal characters of a regex; 0 too for one that PCRE2 would refuse. */
unsigned specificity_literals(struct span regex);

/* Negative when a is the more specific of two, 0 only for equal ids. */
int specificity_cmp(const struct specificity *a, const struct specificity *b);

#endif
