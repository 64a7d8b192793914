/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps patterns from running away, on top of PCRE2's own limits. Bounds, all of a thread's CPU
 * time:
 *
 *   a text of more than 1 KiB   GUARD_STEPS + 16 a byte, and GUARD_TEXT_NS + 500 ns a byte
 *   a batch                     GUARD_BATCH_NS + 4 us a byte (nothing but errors takes a tenth of
 *                               that); the pattern that took most of it is left out for the rest
 *                               of the batch
 *
 * Each of these, and PCRE2's limits, is a strike against the pattern. After GUARD_STRIKES of them
 * it is in quarantine for as long as this scratch lives; a thousand quiet runs take one strike
 * back.
 *
 * In quiet times the clock is read once in sixteen runs. Wall time only raises suspicion; a strike
 * needs CPU time, since on a busy machine any run may take long.
 */
#ifndef GPUERR_MATCH_GUARD_INTERNAL_H
#define GPUERR_MATCH_GUARD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GUARD_STEPS    1000000
#define GUARD_TEXT_NS  INT64_C(20000000)
#define GUARD_BATCH_NS INT64_C(50000000)
#define GUARD_STRIKES  5
#define GUARD_NOBODY   SIZE_MAX

struct guard_pattern {
    int64_t spent_ns; /* in this batch, once it is being watched */
    uint16_t quiet;   /* runs since the last strike, while there are strikes */
    uint8_t strikes;
    bool left_out; /* for the rest of this batch */
};

struct guard {
    struct guard_pattern *patterns;
    size_t n;
    bool watching;   /* this batch is slow: every run is timed */
    bool left_out;   /* so are some patterns */
    unsigned unseen; /* runs since the clock was read */
    int64_t last_wall_ns;
    int64_t last_cpu_ns; /* while watching */
    int64_t batch_ns;    /* CPU time of this batch's runs, while watching */
    int64_t batch_max_ns;
    uint64_t steps; /* of the text at hand */
    uint64_t steps_max;
    int64_t text_cpu_ns; /* when its first look at the clock was */
    int64_t text_max_ns;
};

enum rc guard_init(struct guard *guard, size_t n_patterns) GPUERR_MUSTCHECK;
void guard_fini(struct guard *guard);

void guard_begin_batch(struct guard *guard, size_t bytes);
/* Before any run. */
void guard_begin_text(struct guard *guard, size_t bytes);
/* A step of a guarded code; false ends the run. */
bool guard_step(struct guard *guard);
/* What has passed since the last run is nobody's: a regex was compiled. */
void guard_restart_clock(struct guard *guard);
/* After any run: the pattern that has just been left out for taking the batch's time, or
 * GUARD_NOBODY. */
size_t guard_end_text(struct guard *guard, size_t pattern);

static inline bool guard_allows(const struct guard *guard, size_t pattern)
{
    return guard->patterns[pattern].strikes < GUARD_STRIKES && !guard->patterns[pattern].left_out;
}

/* Counts a strike; true when that puts the pattern into quarantine. */
bool guard_strike(struct guard *guard, size_t pattern);

#endif
