/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a regex looks like, for the lint bar of kb/README.md: enough of PCRE2's syntax to know the
 * characters that stand in a row in every match. match/ has the thorough reader; this one is apart
 * from it so that the bar does not move with the matcher, and because kb/ may not look there.
 */
#ifndef GPUERR_KB_KB_SHAPE_INTERNAL_H
#define GPUERR_KB_KB_SHAPE_INTERNAL_H

#include <stdbool.h>

#include "base/span.h"

/* So many characters in a row make a literal distinctive. */
#define KB_SHAPE_RUN 8

struct kb_shape {
    bool readable;         /* false: nothing below is known */
    bool has_literal;      /* every match has KB_SHAPE_RUN literal characters in a row */
    bool nested_repeat;    /* an unbounded quantifier inside one, not possessive: (a+)+ */
    bool leading_wildcard; /* some branch begins with `.*`, `.+` or `.{n,}` */
};

/* Never fails and allocates nothing. What PCRE2 would refuse may get any answer. */
struct kb_shape kb_shape_of(struct span regex);

#endif
