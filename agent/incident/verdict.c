/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rank is to blame, and how we know.
 *
 * direct:  a rank reports the root itself (or, where the kernel reports it, the first thing that
 *          follows from it): it is the one.
 * behind:  all wait at one piece of work, and a rank's own number says that it never began it; or
 *          PyTorch's own report names the laggards.
 * missing: every rank reports the time-out but one that was heard of before (or that the world size
 *          demands): it is the one that does not answer.
 *
 * What is inferred is less sure than what is said; the confidences order the bases and carry no
 * measurement.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "incident/incident_internal.h"

#define CONFIDENCE_DIRECT    0.9
#define CONFIDENCE_FOLLOWING 0.8
#define CONFIDENCE_NAMED     0.85
#define CONFIDENCE_BEHIND    0.75
#define CONFIDENCE_MISSING   0.6

/* More suspects than this share of the job are no verdict. */
#define SUSPECTS_PER_RANK 4

struct witnesses {
    struct rank_set reporters; /* of what the others wait for */
    struct rank_set named;
    uint64_t waited; /* the work that most time-outs name; 0: none does */
};

static bool is_part(const struct story *story, const struct fault *fault)
{
    return fault->story == story;
}

static void set_suspects(struct incident *incident, const struct rank_set *ranks,
                         enum suspect_basis basis, double confidence, struct buf *text)
{
    size_t start = text->len;

    rank_set_format(ranks, 256, text);
    if (ranks->n == 0 || buf_rc(text) != RC_OK) {
        return;
    }
    incident->suspect_ranks = span_of(text->ptr + start, text->len - start);
    incident->suspect_rank = ranks->n == 1 ? rank_set_next(ranks, 0) : RANK_NONE;
    incident->suspect_basis = basis;
    incident->suspect_confidence = confidence;
}

/* ---- direct ---- */

static bool is_closer(const struct fault *a, const struct fault *b)
{
    size_t a_depth = fault_depth(a);
    size_t b_depth = fault_depth(b);

    return a_depth != b_depth ? a_depth < b_depth : fault_compare(a, b) < 0;
}

static bool blame_reporter(const struct incidents *incidents, const struct story *story,
                           struct incident *incident, struct buf *text)
{
    const struct fault *closest = NULL;

    if (story->root->entry->role == KB_ROLE_SYMPTOM) {
        return false;
    }
    if (story->root->ranks.n > 0) {
        set_suspects(incident, &story->root->ranks, SUSPECT_DIRECT, CONFIDENCE_DIRECT, text);
        return true;
    }
    /* The kernel knows no ranks: the first error that follows from its own does. */
    for (const struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if (is_part(story, fault) && fault->join != JOIN_TEARDOWN &&
            fault->entry->role != KB_ROLE_SYMPTOM && fault_may_be_root(fault) &&
            fault->ranks.n > 0 && (closest == NULL || is_closer(fault, closest))) {
            closest = fault;
        }
    }
    if (closest != NULL) {
        set_suspects(incident, &closest->ranks, SUSPECT_DIRECT, CONFIDENCE_FOLLOWING, text);
    }
    return closest != NULL;
}

/* ---- behind ---- */

static int compare_numbers(const void *a_ptr, const void *b_ptr)
{
    uint64_t a = *(const uint64_t *)a_ptr;
    uint64_t b = *(const uint64_t *)b_ptr;

    return a < b ? -1 : a > b;
}

/* The number that comes most often; of equals, the highest. Sorts them. */
static uint64_t find_mode(uint64_t *numbers, size_t n)
{
    uint64_t best = 0;
    size_t best_n = 0;
    size_t run = 0;

    qsort(numbers, n, sizeof(*numbers), compare_numbers);
    for (size_t i = 0; i < n; i++) {
        run = i > 0 && numbers[i] == numbers[i - 1] ? run + 1 : 1;
        if (run >= best_n) {
            best = numbers[i];
            best_n = run;
        }
    }
    return best;
}

/* The work that most ranks wait at; 0 where none names one, or memory is out. */
static uint64_t find_waited(const struct incidents *incidents, const struct story *story)
{
    uint64_t *numbers =
        incidents->n_works > 0 ? mem_calloc(incidents->n_works, sizeof(*numbers)) : NULL;
    uint64_t waited;
    size_t n = 0;

    if (numbers == NULL) {
        return 0;
    }
    for (const struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        for (size_t i = 0; is_part(story, fault) && i < fault->works.n_slots; i++) {
            const struct work *work = &fault->works.slots[i];
            if (work->rank != RANK_NONE && work->seq != 0 && n < incidents->n_works) {
                numbers[n++] = work->seq;
            }
        }
    }
    waited = find_mode(numbers, n);
    mem_free(numbers);
    return waited;
}

static bool is_behind(const struct work *work, uint64_t waited)
{
    return work->enqueued != WORK_NONE ? work->enqueued < waited
                                       : work->seq != 0 && work->seq < waited;
}

static void find_behind(const struct incidents *incidents, const struct story *story,
                        uint64_t waited, struct rank_set *behind)
{
    for (const struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        for (size_t i = 0; is_part(story, fault) && i < fault->works.n_slots; i++) {
            const struct work *work = &fault->works.slots[i];
            if (work->rank != RANK_NONE && is_behind(work, waited)) {
                (void)rank_set_add(behind, work->rank);
            }
        }
    }
}

/* ---- missing ---- */

static uint32_t world_of(struct incidents *incidents, struct span scope,
                         const struct rank_set *reporters)
{
    const struct census *census = census_find(incidents, scope);
    int32_t highest = 0;

    if (census == NULL) {
        return 0;
    }
    if (census->world > 0) {
        return census->world;
    }
    for (int32_t rank = rank_set_next(&census->ranks, 0); rank != RANK_NONE;
         rank = rank_set_next(&census->ranks, rank + 1)) {
        highest = rank;
    }
    for (int32_t rank = rank_set_next(reporters, 0); rank != RANK_NONE;
         rank = rank_set_next(reporters, rank + 1)) {
        highest = rank > highest ? rank : highest;
    }
    return (uint32_t)highest + 1;
}

static void find_missing(uint32_t world, const struct rank_set *reporters, struct rank_set *missing)
{
    for (int32_t rank = 0; rank < (int32_t)world && rank <= INCIDENTS_RANK_MAX; rank++) {
        if (!rank_set_has(reporters, rank)) {
            (void)rank_set_add(missing, rank);
        }
    }
}

static void gather(const struct incidents *incidents, const struct story *story,
                   struct witnesses *witnesses)
{
    for (const struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if (is_part(story, fault)) {
            rank_set_add_all(&witnesses->named, &fault->named);
            if (span_eq_str(fault->entry->category, "timeout_error")) {
                rank_set_add_all(&witnesses->reporters, &fault->ranks);
            }
        }
    }
    witnesses->waited = find_waited(incidents, story);
}

static bool is_few(size_t n, uint32_t world)
{
    return n > 0 && n * SUSPECTS_PER_RANK <= world;
}

static void blame_silent(struct incidents *incidents, const struct story *story,
                         struct incident *incident, struct buf *text)
{
    struct witnesses witnesses = {.waited = 0};
    struct rank_set behind = {0};
    struct rank_set missing = {0};

    gather(incidents, story, &witnesses);
    incident->world = world_of(incidents, story->root->scope, &witnesses.reporters);
    incident->seq = witnesses.waited;
    if (witnesses.waited > 0) {
        find_behind(incidents, story, witnesses.waited, &behind);
    }
    if (witnesses.reporters.n > 1) {
        find_missing(incident->world, &witnesses.reporters, &missing);
    }
    if (incident->suspect_basis != SUSPECT_NONE) {
        /* known already: only where the others wait was of interest */
    } else if (is_few(witnesses.named.n, incident->world > 0 ? incident->world : UINT32_MAX)) {
        set_suspects(incident, &witnesses.named, SUSPECT_BEHIND, CONFIDENCE_NAMED, text);
    } else if (is_few(missing.n, incident->world)) {
        set_suspects(incident, &missing, SUSPECT_MISSING, CONFIDENCE_MISSING, text);
    } else if (is_few(behind.n, incident->world)) {
        set_suspects(incident, &behind, SUSPECT_BEHIND, CONFIDENCE_BEHIND, text);
    }
    rank_set_fini(&behind);
    rank_set_fini(&missing);
    rank_set_fini(&witnesses.reporters);
    rank_set_fini(&witnesses.named);
}

void verdict_find(struct incidents *incidents, const struct story *story, struct incident *incident,
                  struct buf *text)
{
    incident->suspect_rank = incident->first_rank = RANK_NONE;
    if (blame_reporter(incidents, story, incident, text)) {
        incident->first_rank = incident->suspect_rank;
    }
    blame_silent(incidents, story, incident, text);
}
