/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A match set from plain regexes, without a KB: what match_set_build makes of a KB, and what tests
 * and benchmarks start from.
 */
#ifndef GPUERR_MATCH_MATCH_SOURCE_INTERNAL_H
#define GPUERR_MATCH_MATCH_SOURCE_INTERNAL_H

#include "match/match.h"
#include "match/specificity.h"

/* One pattern as it comes in. entry is only handed through, never looked into. */
struct match_source {
    struct span id;
    struct span regex;
    enum kb_role role;
    enum kb_tier tier;
    const struct kb_entry *entry;
    const char *file; /* where it comes from, for errors; may be NULL */
    bool trusted;     /* known to compile: compiled at its first use, not when the set is built */
};

/* The set of plain sources (copied where they must live on; the spans' bytes must outlive the set).
 */
enum rc match_set_build_from(const struct match_source *sources, size_t n,
                             const struct match_opts *opts, struct match_set **ret_set,
                             struct err *err) GPUERR_MUSTCHECK;

#endif
