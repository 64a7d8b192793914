/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which entries of the knowledge base match a record. The result is that of running every PCRE2
 * pattern alone over every record; how that is done faster is this room's business
 * (match/README.md).
 *
 * A match set is built once from a KB and immutable; threads share it. A scratch holds what one
 * thread needs while matching, is sized when made, and nothing is allocated afterwards.
 */
#ifndef GPUERR_MATCH_MATCH_H
#define GPUERR_MATCH_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "flow/match.h"
#include "flow/record.h"

struct kb;
struct kb_entry;
struct match_set;
struct match_scratch;

enum match_engine {
    MATCH_ENGINE_FAST,  /* literal prefilter, then PCRE2 on candidates */
    MATCH_ENGINE_PLAIN, /* every pattern over every record: the oracle of the differential test */
};

struct match_opts {
    enum match_engine engine;
    bool no_jit;          /* interpret: where memory must not be writable and executable */
    uint32_t match_limit; /* PCRE2 match limit a pattern and record; 0 = default */
    uint32_t depth_limit; /* 0 = default */
};

struct match_stats {
    uint64_t records;
    uint64_t bytes;
    uint64_t candidates; /* (record, pattern) pairs handed to PCRE2 */
    uint64_t matches;
    uint64_t limit_hits;  /* a pair was given up on: counted, never silent */
    uint64_t left_out;    /* times a pattern was left out of the rest of a slow batch */
    uint64_t quarantined; /* patterns taken out of service */
    uint64_t skipped; /* candidate pairs not tried, because their pattern is in quarantine or left
                         out */
    uint64_t interpreted; /* patterns without machine code: JIT is off or was refused */
};

/*
 * Compiles the regex of every entry that came from a file; those of built-in entries have been
 * compiled when the program was built and wait for their first use. A pattern that PCRE2 refuses is
 * an error of the KB (the loader refuses it first): RC_INVALID with file and reason. The set keeps
 * a reference on kb.
 */
enum rc match_set_build(struct kb *kb, const struct match_opts *opts, struct match_set **ret_set,
                        struct err *err) GPUERR_MUSTCHECK;
struct match_set *match_set_ref(struct match_set *set);
struct match_set *match_set_unref(struct match_set *set);

/* The scratch keeps a reference on set. */
enum rc match_scratch_new(struct match_set *set,
                          struct match_scratch **ret_scratch) GPUERR_MUSTCHECK;
struct match_scratch *match_scratch_free(struct match_scratch *scratch);

/*
 * Told when a pattern is taken out of service in this scratch because it went on hitting its
 * limits; reason lives as long as the call. Runs inside match_run, on its thread.
 */
typedef void match_notice_fn(void *ctx, const struct kb_entry *entry, const char *reason);
void match_set_notice(struct match_scratch *scratch, match_notice_fn *on_notice, void *ctx);

/*
 * Called once for each record that any entry matches, in record order, with the entries most
 * specific first (the rule stands in match/specificity.h). A return other than RC_OK ends the run
 * and is passed on.
 */
typedef enum rc match_fn(void *ctx, const struct record_batch *batch, size_t record,
                         const struct match_list *matches);

/* Matches a batch. One thread a scratch. */
enum rc match_run(struct match_scratch *scratch, const struct record_batch *batch,
                  match_fn *on_match, void *ctx) GPUERR_MUSTCHECK;

/*
 * The named groups of entry's match in text (a record that it matches), by running its pattern once
 * more. Groups that took no part are left out; those behind MATCH_CAPTURES_MAX too. RC_NOT_FOUND
 * when entry is not of this set or does not match, RC_LIMIT when it was stopped.
 */
enum rc match_captures(struct match_scratch *scratch, const struct kb_entry *entry,
                       struct span text, struct capture_list *ret_captures) GPUERR_MUSTCHECK;

/* Counters of this scratch since it was made. */
const struct match_stats *match_peek_stats(const struct match_scratch *scratch);

#endif
