/* SPDX-License-Identifier: Apache-2.0 */
/* Why a text is matched by an entry, or is not: for `explain --line`. Slow, and independent of the
 * prefilter, so that it can also tell on it. */
#ifndef GPUERR_MATCH_EXPLAIN_H
#define GPUERR_MATCH_EXPLAIN_H

#include "match/match.h"

enum explain_verdict {
    EXPLAIN_MATCHED,
    EXPLAIN_LITERAL_MISSING, /* the text has none of the literals of which a match needs one */
    EXPLAIN_REGEX_FAILED,    /* all literals are there, the regex still does not match */
    EXPLAIN_STOPPED,         /* the regex hit a limit */
};

#define EXPLAIN_LITERALS_MAX 8

/* A literal that the analysis found in a regex. */
struct explain_literal {
    struct span bytes; /* letters without case are upper case here */
    bool caseless;     /* at least one letter is */
};

struct explain_entry {
    const struct kb_entry *entry;
    enum explain_verdict verdict;
    unsigned specificity; /* literal characters (specificity.h) */
    bool always_tried;    /* no literal worth looking for: the regex runs on every record */
    /* LITERAL_MISSING: those of which one is missing. Else: those of the search that are there. At
     * most EXPLAIN_LITERALS_MAX of them. */
    struct explain_literal literals[EXPLAIN_LITERALS_MAX];
    size_t n_literals;
    struct capture_list captures; /* MATCHED */
};

/* What is lent is valid until fn returns. A return other than RC_OK ends the walk and is passed on.
 */
typedef enum rc explain_fn(void *ctx, const struct explain_entry *one);

/*
 * Tells about every entry of the set, most specific first: of those that match, the first one told
 * is the diagnosis. RC_NOMEM.
 */
enum rc match_explain(struct match_scratch *scratch, struct span text, explain_fn *fn,
                      void *ctx) GPUERR_MUSTCHECK;

/* "matched", "literal missing", "regex failed", "stopped". */
const char *explain_verdict_name(enum explain_verdict verdict);

#endif
