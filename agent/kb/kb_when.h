/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on captures that choose between workarounds: `reserved >= tried && free < tried`.
 *
 *   condition  = comparison { "&&" comparison }
 *   comparison = CAPTURE OP ( CAPTURE | [-]NUMBER [unit] )
 *   OP         = "<" "<=" ">" ">=" "==" "!="
 *   unit       = B KiB MiB GiB TiB KB MB GB TB, and K M G T, which count as KiB and so on
 *
 * A captured value is a number with or without a unit (`2.32 GiB`, `512 bytes`, `11`). A comparison
 * with a group that took no part in the match, or whose value is no number, is false.
 */
#ifndef GPUERR_KB_KB_WHEN_H
#define GPUERR_KB_KB_WHEN_H

#include "base/err.h"
#include "base/span.h"
#include "flow/match.h"

enum kb_when_result {
    KB_WHEN_ALWAYS, /* there is no condition, or no match to judge it by */
    KB_WHEN_TRUE,
    KB_WHEN_FALSE,
};

/* captures NULL: no line is at hand. A condition that does not parse counts as false; kb lint
 * refuses it. */
enum kb_when_result kb_when_eval(struct span when, const struct capture_list *captures);

/* RC_INVALID with the reason when it does not parse or names something that is not among the n
 * names. */
enum rc kb_when_check(struct span when, const struct span *names, size_t n,
                      struct err *err) GPUERR_MUSTCHECK;

#endif
