/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story as a file: lines with times and sources, and the incidents that must come of them
 * (README.md has the format). Reading it and writing its lines out, for run_scenario.c.
 */
#ifndef GPUERR_TESTS_SCENARIOS_SCENARIO_H
#define GPUERR_TESTS_SCENARIOS_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

/* The story's zero: 2026-11-23T21:00:00Z. */
#define SCENARIO_START_NS (INT64_C(1795467600) * INT64_C(1000000000))

struct scenario_line {
    int64_t at_ns;    /* when it was written */
    bool stamped;     /* and says so: its time is its own wherever it arrives */
    struct span from; /* `kernel`, or the file's name */
    struct span text;
};

struct scenario_expect {
    struct span root;
    struct span severity, node_action, suspect, basis, ranks, resolved; /* absent: not looked at */
    struct span parts; /* ids in order of their names, joined by a space; absent: not looked at */
};

struct scenario {
    struct arena arena;
    struct span story;
    struct span world_size;
    struct span rules; /* a pack of its own, as text */
    int64_t jitter_ns; /* how far lines are permuted */
    struct scenario_line *lines;
    size_t n_lines;
    struct scenario_expect *expects;
    size_t n_expects;
    size_t diagnoses_max;  /* SIZE_MAX: not looked at */
    struct span diagnoses; /* ids that are told, each once, in order; absent: not looked at */
    size_t runs;           /* permutations; SIZE_MAX: as the program is asked */
};

/* Ends the process with a message when the file is wrong. */
struct scenario *scenario_read(const char *path);
void scenario_free(struct scenario *scenario);

#endif
