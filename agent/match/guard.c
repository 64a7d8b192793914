/* SPDX-License-Identifier: Apache-2.0 */
/* See guard_internal.h. */
#include "match/guard_internal.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

#define RUNS_UNSEEN_MAX 16
#define STEPS_UNSEEN    4096
#define SUSPICION_NS    INT64_C(2000000) /* for so many runs */
#define QUIET_RUNS      1000
#define STEPS_A_BYTE    16
#define TEXT_NS_A_BYTE  500
#define BATCH_NS_A_BYTE 4000

static int64_t cpu_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

enum rc guard_init(struct guard *guard, size_t n_patterns)
{
    *guard = (struct guard){.n = n_patterns};
    guard->patterns = mem_calloc(n_patterns + 1, sizeof(*guard->patterns));
    return guard->patterns != NULL ? RC_OK : RC_NOMEM;
}

void guard_fini(struct guard *guard)
{
    guard->patterns = mem_free(guard->patterns);
}

void guard_begin_batch(struct guard *guard, size_t bytes)
{
    if (guard->watching || guard->left_out) {
        for (size_t i = 0; i < guard->n; i++) {
            guard->patterns[i].spent_ns = 0;
            guard->patterns[i].left_out = false;
        }
    }
    guard->watching = false;
    guard->left_out = false;
    guard->unseen = 0;
    guard->batch_ns = 0;
    guard->batch_max_ns = GUARD_BATCH_NS + (int64_t)bytes * BATCH_NS_A_BYTE;
    guard->last_wall_ns = clock_mono_ns();
}

void guard_begin_text(struct guard *guard, size_t bytes)
{
    guard->steps = 0;
    guard->steps_max = GUARD_STEPS + (uint64_t)bytes * STEPS_A_BYTE;
    guard->text_cpu_ns = 0;
    guard->text_max_ns = GUARD_TEXT_NS + (int64_t)bytes * TEXT_NS_A_BYTE;
}

bool guard_step(struct guard *guard)
{
    int64_t now;

    guard->steps++;
    if (guard->steps % STEPS_UNSEEN != 0) {
        return true;
    }
    now = cpu_ns();
    if (guard->text_cpu_ns == 0) {
        guard->text_cpu_ns = now;
    }
    return guard->steps <= guard->steps_max && now - guard->text_cpu_ns <= guard->text_max_ns;
}

/* Leaves out the pattern that took most of this batch, and forgets its share. */
static size_t leave_out_worst(struct guard *guard)
{
    size_t worst = 0;

    for (size_t i = 1; i < guard->n; i++) {
        if (guard->patterns[i].spent_ns > guard->patterns[worst].spent_ns) {
            worst = i;
        }
    }
    guard->batch_ns -= guard->patterns[worst].spent_ns;
    guard->patterns[worst].spent_ns = 0;
    guard->patterns[worst].left_out = true;
    guard->left_out = true;
    return worst;
}

/* Every so often, whether the runs since the last look were slow enough to be watched one by one.
 */
static void look(struct guard *guard)
{
    int64_t now = clock_mono_ns();

    guard->unseen = 0;
    if (now - guard->last_wall_ns > SUSPICION_NS) {
        guard->watching = true;
        guard->last_cpu_ns = cpu_ns();
    }
    guard->last_wall_ns = now;
}

void guard_restart_clock(struct guard *guard)
{
    guard->last_wall_ns = clock_mono_ns();
    if (guard->watching) {
        guard->last_cpu_ns = cpu_ns();
    }
}

static void forgive(struct guard_pattern *pattern)
{
    if (++pattern->quiet >= QUIET_RUNS) {
        pattern->quiet = 0;
        pattern->strikes--;
    }
}

size_t guard_end_text(struct guard *guard, size_t pattern)
{
    int64_t now;

    if (guard->patterns[pattern].strikes > 0) {
        forgive(&guard->patterns[pattern]);
    }
    if (!guard->watching) {
        if (++guard->unseen >= RUNS_UNSEEN_MAX) {
            look(guard);
        }
        return GUARD_NOBODY;
    }
    now = cpu_ns();
    guard->patterns[pattern].spent_ns += now - guard->last_cpu_ns;
    guard->batch_ns += now - guard->last_cpu_ns;
    guard->last_cpu_ns = now;
    return guard->batch_ns > guard->batch_max_ns ? leave_out_worst(guard) : GUARD_NOBODY;
}

bool guard_strike(struct guard *guard, size_t pattern)
{
    guard->patterns[pattern].quiet = 0;
    return ++guard->patterns[pattern].strikes == GUARD_STRIKES;
}
