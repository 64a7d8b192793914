/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What building (match_build.c) and running (match_run.c, confirm.c) share. The order of patterns
 * in a set is their specificity: pattern 0 is the most specific one, so that "most specific first"
 * is "by ascending number" everywhere.
 */
#ifndef GPUERR_MATCH_MATCH_INTERNAL_H
#define GPUERR_MATCH_MATCH_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/arena.h"
#include "match/finder_internal.h"
#include "match/guard_internal.h"
#include "match/match.h"
#include "match/match_source_internal.h"

struct match_pattern {
    const struct kb_entry *entry;
    struct span regex;
    unsigned literals; /* specificity_literals of regex */
    /* Made at first use: see regex_code.c. */
    _Atomic(pcre2_code *) swift;
    _Atomic(pcre2_code *) guarded;
};

struct match_set {
    atomic_uint refs;
    struct kb *kb; /* NULL when built from plain sources */
    struct match_opts opts;
    struct arena arena;
    struct match_pattern *patterns;
    size_t n;
    struct finder finder;
    uint32_t *always; /* patterns to run on every record */
    size_t n_always;
    uint32_t *by_entry; /* pattern numbers in the order of their entries' addresses */
    pcre2_general_context *memory;
    pcre2_compile_context *compile;
    pthread_mutex_t compiling; /* a code that is being made or given its machine code */
};

struct match_scratch {
    struct match_set *set;
    struct match_stats stats;
    pcre2_match_context *context;
    pcre2_jit_stack *jit_stack;
    pcre2_match_data *match_data; /* one pair: whether and where */
    pcre2_match_data *capture_data;
    const struct kb_entry **matched; /* of the record at hand */
    size_t n_matched;
    struct finder_hits hits;
    uint32_t *literal_seen; /* a literal: the serial number of the last record that has it */
    uint32_t serial;        /* of the record at hand; never 0 */
    uint64_t *candidates;   /* bit set of patterns, and which words of it are not 0 */
    uint64_t *words_used;
    struct guard guard;
    match_notice_fn *on_notice;
    void *notice_ctx;
};

/* The number of an entry's pattern, or set->n. */
size_t match_set_find(const struct match_set *set, const struct kb_entry *entry);

/* --- regex_code.c --- */

/* Whether PCRE2 takes a regex: RC_OK, RC_INVALID with err, RC_NOMEM. */
enum rc regex_code_check(const struct match_set *set, struct span regex,
                         struct err *err) GPUERR_MUSTCHECK;
/* A code of a pattern, compiled when it is the first time. RC_NOMEM. */
enum rc regex_code_get(struct match_scratch *scratch, size_t number, bool guarded,
                       pcre2_code **ret_code) GPUERR_MUSTCHECK;

/* --- confirm.c --- */

/* Runs a pattern over text: RC_OK when it matches, RC_NOT_FOUND, RC_LIMIT when it was stopped,
 * RC_NOMEM. */
enum rc confirm_run(struct match_scratch *scratch, size_t pattern, struct span text,
                    pcre2_match_data *data) GPUERR_MUSTCHECK;
/* The same for a candidate, under the guard: one that was stopped is counted and RC_NOT_FOUND. */
enum rc confirm_text(struct match_scratch *scratch, size_t pattern,
                     struct span text) GPUERR_MUSTCHECK;

#endif
