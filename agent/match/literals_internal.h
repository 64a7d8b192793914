/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The literals that a pattern needs. A *cover* is a set of byte strings of which at least one
 * stands in every text that the pattern matches; a text without any of them need not be shown to
 * PCRE2.
 *
 * Why a cover is right: it is made of pieces that a match has to consume. Things in a row give the
 * strings of the first joined with those of the next while both are few and certain; an alternation
 * gives the union of what its branches need; an optional part gives nothing; look-arounds, anchors
 * and comments consume nothing and so do not part what stands around them. A piece that is not
 * certain (a class, a back reference, a recursion) ends the string at hand. Under (?i) a letter
 * stands for both its cases, `k` and `s` for the Kelvin sign and the long s as well, and characters
 * outside ASCII for anything.
 */
#ifndef GPUERR_MATCH_LITERALS_INTERNAL_H
#define GPUERR_MATCH_LITERALS_INTERNAL_H

#include <stdint.h>

#include "base/arena.h"
#include "match/regex_tree_internal.h"

#define LITERAL_BYTES_MAX  64 /* longer ones are cut: a part is as necessary as the whole */
#define COVER_LITERALS_MAX 256
#define COVER_COST_MAX     1e6 /* a cover with a literal that is too short to look for */
#define COVERS_MAX         12  /* of a pattern; the cheapest are kept */

/* A text byte t fits byte i when (t & mask[i]) == value[i]; mask is 0xFF, or 0xDF for a letter in
 * both cases. */
struct literal {
    const uint8_t *value;
    const uint8_t *mask;
    size_t len;
};

struct cover {
    const struct literal *literals;
    size_t n;
    double cost; /* how often one of them is expected in a byte of log text, and how dear it is to
                    look for them; smaller is better */
};

struct literal_analysis {
    struct arena arena;              /* holds everything below */
    struct cover covers[COVERS_MAX]; /* cheapest first; all of them hold */
    size_t n_covers;
};

/* RC_OK also when there is no cover: then the pattern must be run on every text. RC_NOMEM. Needs
 * literals_fini only on RC_OK. */
enum rc literals_analyse(struct literal_analysis *analysis,
                         const struct regex_tree *tree) GPUERR_MUSTCHECK;
void literals_fini(struct literal_analysis *analysis);

/* Whether the literal stands at the start of text, which is long enough. */
static inline bool literal_fits(const struct literal *literal, const uint8_t *text)
{
    for (size_t i = 0; i < literal->len; i++) {
        if ((text[i] & literal->mask[i]) != literal->value[i]) {
            return false;
        }
    }
    return true;
}

#endif
