/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which fault follows from which. Each gets at most one parent: the best of those that the
 * knowledge base's edges, or else place and time, offer; what has none is the root of a tree, and
 * each tree is an incident.
 *
 * The choice depends on the faults alone, never on the order in which they came, and on time only
 * as far as clocks and late flushes allow (struct rules_timing): the edges say what is the cause,
 * not who printed first. Offers of one kind are ranked by fault_compare.
 *
 * Seats index the faults by entry, GPU and rank for one build, so that nothing is compared with
 * everything: a thousand open incidents cost milliseconds.
 */
#include "base/mem.h"
#include "incident/incident_internal.h"

#define SLOTS 1024

struct seat {
    struct fault *fault;
    struct seat *next_entry; /* of the same entry */
    struct seat *next_gpu;
    struct seat *next_rank;
};

struct forest {
    struct incidents *incidents;
    struct seat *seats;
    size_t n;
    struct seat **by_entry; /* by index in the KB */
    struct seat *by_gpu[SLOTS];
    struct seat *by_rank[SLOTS];
};

/* The best parent so far. */
struct offer {
    struct fault *parent;
    enum join join;
    struct span why;
};

/* ---- what may be joined ---- */

static int64_t tolerance(const struct incidents *incidents, const struct fault *a,
                         const struct fault *b)
{
    return a->stamped && b->stamped ? incidents->timing.skew_ns : incidents->timing.late_ns;
}

/* The cause may not begin later than what follows from it, as far as clocks can tell, and not lie
 * further back than the window. */
static bool in_time(const struct incidents *incidents, const struct fault *cause,
                    const struct fault *effect)
{
    if (!cause->timed || !effect->timed) {
        return true;
    }
    return cause->first_ns <= effect->first_ns + tolerance(incidents, cause, effect) &&
           effect->first_ns <= cause->last_ns + incidents->timing.window_ns;
}

static bool within(const struct fault *a, const struct fault *b, int64_t ns)
{
    return !a->timed || !b->timed ||
           (a->first_ns <= b->last_ns + ns && b->first_ns <= a->last_ns + ns);
}

/* A node's fault may be behind any job's; one job's is not behind another's. */
static bool same_job(const struct fault *cause, const struct fault *effect)
{
    return cause->scope.len == 0 || effect->scope.len == 0 || span_eq(cause->scope, effect->scope);
}

static bool is_pci(struct span gpu)
{
    return gpu.len > 0 && memchr(gpu.ptr, ':', gpu.len) != NULL;
}

static bool crosses_gpus(const struct fault *fault)
{
    return span_eq_str(fault->entry->scope, "fabric") ||
           span_eq_str(fault->entry->domain, "nvlink") ||
           span_eq_str(fault->entry->domain, "sxid") ||
           span_eq_str(fault->entry->domain, "fabricmanager");
}

/* Two GPUs of one host fail apart, unless what joins them goes from one to the other. */
static bool gpus_agree(const struct fault *a, const struct fault *b)
{
    return !is_pci(a->gpu) || !is_pci(b->gpu) || span_eq(a->gpu, b->gpu) ||
           !span_eq(a->host, b->host) || crosses_gpus(a) || crosses_gpus(b);
}

static bool same_gpu(const struct fault *a, const struct fault *b)
{
    return a->gpu.len > 0 && span_eq(a->gpu, b->gpu) && span_eq(a->host, b->host);
}

static bool same_place(const struct fault *a, const struct fault *b)
{
    return same_gpu(a, b) || (same_job(a, b) && rank_set_intersects(&a->ranks, &b->ranks));
}

static bool may_cause(const struct incidents *incidents, const struct fault *cause,
                      const struct fault *effect)
{
    return cause != effect && (fault_may_be_root(cause) || !fault_may_be_root(effect)) &&
           same_job(cause, effect) && gpus_agree(cause, effect) &&
           in_time(incidents, cause, effect);
}

/* ---- offers ---- */

static void take_offer(struct offer *best, struct fault *parent, enum join join, struct span why)
{
    if (join < best->join ||
        (join == best->join && best->parent != NULL && fault_compare(parent, best->parent) < 0)) {
        *best = (struct offer){parent, join, why};
    }
}

static void offer_edges(struct forest *forest, struct fault *effect, struct offer *best)
{
    size_t n;
    const struct ancestor *ancestors = graph_ancestors(forest->incidents->graph, effect->entry, &n);

    for (size_t i = 0; i < n; i++) {
        for (struct seat *seat = forest->by_entry[ancestors[i].entry]; seat != NULL;
             seat = seat->next_entry) {
            enum join join = (enum join)(JOIN_EDGE + ancestors[i].hops - 1);
            if (!may_cause(forest->incidents, seat->fault, effect)) {
                continue;
            }
            if (join == JOIN_EDGE && same_place(seat->fault, effect)) {
                join = JOIN_EDGE_SAME_PLACE;
            }
            take_offer(best, seat->fault, join, ancestors[i].why);
        }
    }
}

/* Rules join what no edge does: any process's death and those that wait for it. */
static void offer_rules(struct forest *forest, struct fault *effect, struct offer *best)
{
    const struct rules *rules = forest->incidents->opts.rules;

    if (!rules_is_effect(rules, effect->entry, effect->severity)) {
        return;
    }
    for (size_t i = 0; i < forest->n; i++) {
        struct fault *cause = forest->seats[i].fault;
        struct span why;
        if (may_cause(forest->incidents, cause, effect) &&
            rules_joins(rules, cause->entry, cause->severity, effect->entry, effect->severity,
                        &why)) {
            take_offer(best, cause, JOIN_RULE, why);
        }
    }
}

/* Without an edge only the lower in fault_compare is offered, so that these joins have no cycles.
 */
static void offer_near(struct forest *forest, struct fault *parent, struct fault *effect,
                       struct offer *best)
{
    const struct incidents *incidents = forest->incidents;
    static const struct span none = {0};

    if (parent == effect || fault_compare(parent, effect) >= 0 || !fault_may_be_root(parent) ||
        !same_job(parent, effect) ||
        !within(parent, effect, tolerance(incidents, parent, effect))) {
        return;
    }
    if (graph_confused(parent->entry, effect->entry)) {
        take_offer(best, parent, JOIN_TWIN, none);
    } else if (parent->entry != effect->entry) {
        take_offer(best, parent, JOIN_SAME_PLACE, none);
    }
}

static void offer_other_gpus(struct forest *forest, struct fault *effect, struct offer *best)
{
    struct seat *seat = forest->by_entry[graph_index(forest->incidents->graph, effect->entry)];

    for (; seat != NULL; seat = seat->next_entry) {
        struct fault *parent = seat->fault;
        if (parent != effect && fault_compare(parent, effect) < 0 &&
            span_eq(parent->host, effect->host) && span_eq(parent->scope, effect->scope) &&
            within(parent, effect, forest->incidents->timing.late_ns)) {
            take_offer(best, parent, JOIN_OTHER_GPU, (struct span){0});
        }
    }
}

/* ---- seats ---- */

static size_t gpu_slot(const struct fault *fault)
{
    return (hash_64(fault->gpu) ^ hash_64(fault->host)) % SLOTS;
}

static size_t rank_slot(const struct fault *fault)
{
    return (hash_64(fault->scope) + (uint64_t)rank_set_next(&fault->ranks, 0)) % SLOTS;
}

static void sit_down(struct forest *forest, struct seat *seat)
{
    struct fault *fault = seat->fault;
    struct seat **slot = &forest->by_entry[graph_index(forest->incidents->graph, fault->entry)];

    seat->next_entry = *slot;
    *slot = seat;
    if (fault->gpu.len > 0) {
        slot = &forest->by_gpu[gpu_slot(fault)];
        seat->next_gpu = *slot;
        *slot = seat;
    }
    if (fault->ranks.n == 1) {
        slot = &forest->by_rank[rank_slot(fault)];
        seat->next_rank = *slot;
        *slot = seat;
    }
}

static bool make_seats(struct forest *forest)
{
    forest->seats = mem_calloc(forest->incidents->n_faults, sizeof(*forest->seats));
    forest->by_entry = mem_calloc(kb_count(forest->incidents->opts.kb), sizeof(struct seat *));
    if (forest->seats == NULL || forest->by_entry == NULL) {
        return false;
    }
    for (struct fault *fault = forest->incidents->faults; fault != NULL; fault = fault->next) {
        forest->seats[forest->n].fault = fault;
        sit_down(forest, &forest->seats[forest->n++]);
    }
    return true;
}

static void choose_parent(struct forest *forest, struct fault *effect)
{
    struct offer best = {.join = JOIN_NONE};

    offer_edges(forest, effect, &best);
    offer_rules(forest, effect, &best);
    if (effect->gpu.len > 0) {
        for (struct seat *seat = forest->by_gpu[gpu_slot(effect)]; seat != NULL;
             seat = seat->next_gpu) {
            if (same_gpu(seat->fault, effect)) {
                offer_near(forest, seat->fault, effect, &best);
            }
        }
        offer_other_gpus(forest, effect, &best);
    }
    if (effect->ranks.n == 1) {
        for (struct seat *seat = forest->by_rank[rank_slot(effect)]; seat != NULL;
             seat = seat->next_rank) {
            if (rank_set_intersects(&seat->fault->ranks, &effect->ranks)) {
                offer_near(forest, seat->fault, effect, &best);
            }
        }
    }
    effect->parent = best.parent;
    effect->join = best.join;
    effect->why = best.why;
}

/* ---- trees ---- */

static void become_root(struct fault *fault)
{
    fault->parent = NULL;
    fault->join = JOIN_NONE;
    fault->why = (struct span){0};
}

/* fault lies on a circle: whoever is joined to it least surely becomes the beginning, the lowest of
 * equals. */
static void break_circle(struct fault *fault)
{
    struct fault *first = fault;

    for (struct fault *other = fault->parent; other != fault; other = other->parent) {
        if (other->join > first->join ||
            (other->join == first->join && fault_compare(other, first) < 0)) {
            first = other;
        }
    }
    become_root(first);
}

/* Edges may go in circles. Every way upward is walked once: who comes upon his own steps has found
 * one. */
static void break_circles(struct incidents *incidents)
{
    unsigned walk = 0;

    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        fault->walk = 0;
    }
    for (struct fault *start = incidents->faults; start != NULL; start = start->next) {
        struct fault *fault = start;
        walk++;
        while (fault != NULL && fault->walk == 0) {
            fault->walk = walk;
            fault = fault->parent;
        }
        if (fault != NULL && fault->walk == walk && fault->parent != NULL) {
            break_circle(fault);
        }
    }
}

static bool is_preemption(const struct fault *fault)
{
    return span_eq_str(fault->entry->category, "preemption");
}

/* Whether the tree of `effect`, whose cause nobody has told, is taken for a part of root's. */
static bool is_torn_down(const struct incidents *incidents, const struct fault *root,
                         const struct fault *effect)
{
    int64_t late_ns = incidents->timing.late_ns;

    if (!same_job(root, effect) || !fault_may_be_root(root)) {
        return false;
    }
    if (!fault_may_be_root(effect)) {
        return in_time(incidents, root, effect);
    }
    if (is_preemption(effect)) {
        /* The scheduler ends what has failed: then the failure came first. */
        return !is_preemption(root) && root->entry->role == KB_ROLE_CAUSE &&
               root->severity >= SEVERITY_ERROR && in_time(incidents, root, effect) &&
               (!root->timed || !effect->timed ||
                root->first_ns <= effect->first_ns + incidents->timing.skew_ns);
    }
    return effect->entry->role == KB_ROLE_SYMPTOM && root->entry->role != KB_ROLE_SYMPTOM &&
           (root->severity >= SEVERITY_ERROR || is_preemption(root)) &&
           in_time(incidents, root, effect) && within(root, effect, late_ns);
}

static void tear_down(struct incidents *incidents, struct fault *effect)
{
    struct offer best = {.join = JOIN_NONE};

    if (effect->entry->role == KB_ROLE_CAUSE && !effect->never_root && !is_preemption(effect)) {
        return;
    }
    for (struct fault *root = incidents->faults; root != NULL; root = root->next) {
        if (root->root == root && root != effect && is_torn_down(incidents, root, effect)) {
            take_offer(&best, root, JOIN_TEARDOWN, (struct span){0});
        }
    }
    if (best.parent != NULL) {
        effect->parent = best.parent;
        effect->join = JOIN_TEARDOWN;
    }
}

static void find_roots(struct incidents *incidents)
{
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        struct fault *root = fault;
        while (root->parent != NULL) {
            root = root->parent;
        }
        fault->root = root;
    }
}

void forest_build(struct incidents *incidents)
{
    struct forest *forest = mem_calloc(1, sizeof(*forest));

    incidents->stale = false;
    if (forest == NULL || incidents->n_faults == 0) {
        mem_free(forest); /* out of memory: the last forest stays */
        return;
    }
    forest->incidents = incidents;
    if (make_seats(forest)) {
        for (size_t i = 0; i < forest->n; i++) {
            choose_parent(forest, forest->seats[i].fault);
        }
        break_circles(incidents);
        find_roots(incidents);
        for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
            if (fault->root == fault) {
                tear_down(incidents, fault);
            }
        }
        break_circles(incidents);
        find_roots(incidents);
    }
    mem_free(forest->seats);
    mem_free(forest->by_entry);
    mem_free(forest);
}
