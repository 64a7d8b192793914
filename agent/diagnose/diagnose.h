/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a match to an event: the most specific entry is the diagnosis, the others are named beside
 * it; severity, rank, GPU, host and the event's id are filled in.
 *
 * One diagnoser serves all streams of a process, on one thread.
 */
#ifndef GPUERR_DIAGNOSE_DIAGNOSE_H
#define GPUERR_DIAGNOSE_DIAGNOSE_H

#include "base/err.h"
#include "flow/event.h"

struct rules;
struct match_scratch;

/* Asks for the named groups of entry in text; what the matcher offers, given as a function so that
 * this room need not know it. */
typedef enum rc captures_fn(void *ctx, const struct kb_entry *entry, struct span text,
                            struct capture_list *ret_captures);

struct diagnose_opts {
    const struct rules *rules; /* must outlive the diagnoser */
    bool finished_log; /* what is read was written long ago: a record without a time happened near
                          the last that has one, not now */
    struct span host;  /* of records that state none; must outlive the diagnoser */
    captures_fn *captures;
    void *captures_ctx;
    event_fn *next;
    void *next_ctx;
};

struct diagnose_stats {
    uint64_t diagnoses;
    uint64_t gaps;
};

struct diagnoser {
    struct diagnose_opts opts;
    struct diagnose_stats stats;
    uint64_t run; /* this run's, for ids of what can be read only once */
};

void diagnoser_init(struct diagnoser *diagnoser, const struct diagnose_opts *opts);

/* One record of batch that matched; matches are ordered most specific first. Returns what `next`
 * answers. */
enum rc diagnoser_push(struct diagnoser *diagnoser, const struct record_batch *batch, size_t record,
                       const struct match_list *matches) GPUERR_MUSTCHECK;

/* Input of origin was lost. */
enum rc diagnoser_push_gap(struct diagnoser *diagnoser, const struct origin *origin,
                           const struct gap *gap) GPUERR_MUSTCHECK;

#endif
