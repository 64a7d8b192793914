/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The regex of an entry for checking: compiled with the options of the matcher, run with tight
 * limits. Not for following logs; that is match/'s business.
 */
#ifndef GPUERR_KB_KB_REGEX_INTERNAL_H
#define GPUERR_KB_KB_REGEX_INTERNAL_H

#include "base/err.h"
#include "base/span.h"
#include "flow/match.h"

struct kb_regex;

/*
 * RC_INVALID with the reason for a regex that is refused: PCRE2's own errors, verbs, callouts, more
 * than 4096 bytes or too large when compiled, a match of the empty string, more named groups than
 * MATCH_CAPTURES_MAX.
 */
enum rc kb_regex_new(struct span pattern, struct kb_regex **ret_regex,
                     struct err *err) GPUERR_MUSTCHECK;
struct kb_regex *kb_regex_free(struct kb_regex *regex);

/* The distinct names of the groups, n of them; they live as long as regex. */
size_t kb_regex_names(const struct kb_regex *regex, struct span names[MATCH_CAPTURES_MAX]);

enum kb_regex_result {
    KB_REGEX_MATCHES,
    KB_REGEX_DIFFERS,
    KB_REGEX_STOPPED, /* by a limit: it backtracks without bound */
};
enum kb_regex_result kb_regex_run(const struct kb_regex *regex, struct span text);

#endif
