/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of incident/ share. A diagnosis goes
 *
 *   incidents.c (rules, then both ways) -> repeats.c: told or counted
 *                                       -> faults.c: one fault a failure and place -> forest.c:
 * which fault follows from which (graph.c, the KB's edges) -> story.c: one story a tree, its life
 * and its telling -> verdict.c: which rank is to blame
 *
 * ranks.c has sets of ranks and their sequence numbers, counts.c the memory of rules with `when`,
 * signals.c what progress and boots mean, save.c the way over a restart.
 */
#ifndef GPUERR_INCIDENT_INCIDENT_INTERNAL_H
#define GPUERR_INCIDENT_INCIDENT_INTERNAL_H

#include "base/arena.h"
#include "base/hash.h"
#include "incident/incident.h"
#include "kb/kb.h"
#include "rules/rules.h"

/* ---- ranks.c ---- */

struct rank_set {
    uint64_t *words;
    size_t n_words;
    size_t n; /* ranks in it */
};

void rank_set_fini(struct rank_set *set);
/* False when it was there, is beyond INCIDENTS_RANK_MAX, or memory is out. */
bool rank_set_add(struct rank_set *set, int32_t rank);
bool rank_set_has(const struct rank_set *set, int32_t rank);
void rank_set_add_all(struct rank_set *set, const struct rank_set *other);
bool rank_set_intersects(const struct rank_set *a, const struct rank_set *b);
/* The lowest rank that is at least `from`, or RANK_NONE. */
int32_t rank_set_next(const struct rank_set *set, int32_t from);
/* `0-6,9`; nothing for an empty set. At most max bytes, then `...`. */
void rank_set_format(const struct rank_set *set, size_t max, struct buf *out);
/* `[0, 3-5]` and the like into the set. */
void rank_set_parse(struct rank_set *set, struct span text);

/* What ranks say of the collective work that they wait for. */
struct work {
    int32_t rank;
    uint64_t seq;      /* the work that timed out; 0: not said */
    uint64_t enqueued; /* the last that it began; WORK_NONE: not said */
};

#define WORK_NONE UINT64_MAX

struct work_table {
    struct work *slots; /* open addressing by rank; an empty one has RANK_NONE */
    size_t n_slots;     /* a power of two, or 0 */
    size_t n;
};

void work_table_fini(struct work_table *table);
/* NULL when memory is out. */
struct work *work_table_get(struct work_table *table, int32_t rank);

/* ---- faults.c ---- */

struct story;

/* How a fault follows from its parent; smaller is surer. */
enum join {
    JOIN_EDGE_SAME_PLACE, /* the KB's edge, and the same GPU or rank */
    JOIN_EDGE,
    JOIN_EDGE_2, /* over an unseen one */
    JOIN_EDGE_3,
    JOIN_RULE,       /* no edge, but a rule (rules/incidents.yaml) */
    JOIN_TWIN,       /* one is often taken for the other, at the same place and time */
    JOIN_OTHER_GPU,  /* the same failure of several GPUs of a host */
    JOIN_SAME_PLACE, /* nothing known but place and time */
    JOIN_TEARDOWN,   /* what only happens because of something else */
    JOIN_NONE,
};

/* One failure at one place: all records of one entry, host, GPU and job, from all ranks. */
struct fault {
    struct fault *next; /* of all, in no order */
    struct fault *next_key;
    uint64_t key;
    const struct kb_entry *entry;
    struct span host, gpu, scope; /* its own copies, like line */
    struct span line;             /* the bytewise lowest of its lines: whichever came first */
    struct rank_set ranks;
    struct rank_set named; /* that its lines accuse */
    struct work_table works;
    uint64_t count;
    bool timed;   /* first_ns and last_ns are known ... */
    bool stamped; /* ... and all from the lines themselves */
    int64_t first_ns, last_ns;
    int64_t arrived_ns, last_arrived_ns; /* wall clock of the agent */
    enum severity severity;
    struct span node_action, job_action, note;
    bool never_root;
    bool over; /* resolved by what came later */
    struct span over_reason;
    /* forest.c */
    struct fault *parent;
    enum join join;
    struct span why;
    struct fault *root;
    unsigned walk;
    struct story *story;
};

/* The fault that a diagnosis belongs to, with the diagnosis added; NULL when memory is out. */
struct fault *fault_take(struct incidents *incidents, const struct event *event);
void fault_free(struct incidents *incidents, struct fault *fault);

/* The order that decides where nothing else does: causes first, then the more severe, then names.
 */
int fault_compare(const struct fault *a, const struct fault *b);
/* A new one without records, for a key that has none near; NULL when memory is out. */
struct fault *fault_add(struct incidents *incidents, const struct kb_entry *entry, struct span host,
                        struct span gpu, struct span scope);
/* seq 0 and enqueued WORK_NONE: not said. */
void fault_note_work(struct incidents *incidents, struct fault *fault, int32_t rank, uint64_t seq,
                     uint64_t enqueued);
/* Steps to its root. */
size_t fault_depth(const struct fault *fault);
/* Whether it can be what an incident is about. */
bool fault_may_be_root(const struct fault *fault);

/* ---- graph.c ---- */

struct graph;

struct ancestor {
    uint32_t entry; /* index in the KB */
    uint32_t hops;
    struct span why; /* of its last hop; absent where the KB tells none */
};

struct graph *graph_new(const struct kb *kb);
struct graph *graph_free(struct graph *graph);
uint32_t graph_index(const struct graph *graph, const struct kb_entry *entry);
/* What leads to entry, over 1 to 3 hops. */
const struct ancestor *graph_ancestors(struct graph *graph, const struct kb_entry *entry,
                                       size_t *ret_n);
bool graph_confused(const struct kb_entry *a, const struct kb_entry *b);

/* ---- forest.c ---- */

/* Sets parent, join, why and root of every fault. */
void forest_build(struct incidents *incidents);

/* ---- story.c ---- */

struct story {
    struct story *next;
    char id[HASH_HEX_BYTES];
    bool announced;
    bool resolved;
    unsigned revision;
    struct fault *root;
    const struct kb_entry *told_root;
    uint64_t told_count;
    size_t told_faults;
    int64_t opened_ns; /* when its first line arrived */
    int64_t told_ns;
    size_t n_faults; /* now */
    uint64_t count;
    int64_t last_arrived_ns;
    struct incident_ref ref; /* lent to diagnoses */
};

/* Maps trees to stories after forest_build. */
enum rc stories_update(struct incidents *incidents, int64_t now_ns);
/* Tells what has settled, grown or changed. */
enum rc stories_tell(struct incidents *incidents, int64_t now_ns, bool all);
/* Ends a story's telling; reason is lent. */
enum rc story_resolve(struct incidents *incidents, struct story *story, struct span reason,
                      int64_t now_ns);
void story_free(struct incidents *incidents, struct story *story);
enum incident_role story_role(const struct story *story, const struct fault *fault);

/* ---- verdict.c ---- */

/* Who was first and who is to blame; ranks are written into text, which must outlive incident. */
void verdict_find(struct incidents *incidents, const struct story *story, struct incident *incident,
                  struct buf *text);

/* ---- repeats.c ---- */

/* What is counted instead of told again. */
struct problem {
    struct problem *next;  /* of its slot */
    struct problem *newer; /* of all, by their last record; NULL for the newest */
    struct problem *older;
    uint64_t key;
    char first_event_id[HASH_HEX_BYTES];
    const struct kb_entry *entry;
    enum severity severity;
    struct span host, gpu, line;
    struct rank_set ranks;
    uint64_t count;
    uint64_t told;
    int64_t first_ns, last_ns; /* as the lines tell */
    int64_t arrived_ns;        /* the last record: windows are of the agent's clock */
    int64_t window_ns;         /* when the window began */
};

struct repeats;

struct repeats *repeats_new(void);
struct repeats *repeats_free(struct repeats *repeats);
/* Whether the diagnosis is to be told; if not, it was counted. Tells the counts that are due. */
enum rc repeats_take(struct incidents *incidents, const struct event *event, bool *ret_tell);
enum rc repeats_tick(struct incidents *incidents, int64_t now_ns, bool all);
bool repeats_empty(const struct repeats *repeats);
/* A new problem, the newest of all; NULL when memory is out. */
struct problem *repeats_add(struct repeats *repeats, uint64_t key, struct span first_event_id,
                            const struct kb_entry *entry);
/* From the newest to the oldest. */
void repeats_each(const struct repeats *repeats,
                  void (*fn)(void *ctx, const struct problem *problem), void *ctx);

/* ---- counts.c ---- */

#define COUNTS_RECENT_MAX 64 /* rules demand no larger count */

struct recent {
    uint64_t value;
    int64_t when_ns;
};

struct counts;

struct counts *counts_new(void);
struct counts *counts_free(struct counts *counts);
rules_count_fn counts_count; /* ctx is the struct counts */
void counts_each(const struct counts *counts,
                 void (*fn)(void *ctx, uint64_t key, const struct recent *recent, unsigned n,
                            unsigned max),
                 void *ctx);
void counts_restore(struct counts *counts, uint64_t key, const struct recent *recent, unsigned n,
                    unsigned max);

/* ---- signals.c ---- */

void signals_take(struct incidents *incidents, const struct rules_signal *signal, struct span scope,
                  struct span host, const struct capture_list *captures, int64_t when_ns);

/* The ranks of one job that were heard of. */
struct census {
    struct census *next;
    struct span scope;
    struct rank_set ranks;
    uint32_t world; /* as the labels tell; 0: not known */
    /* How far the job has come since its last fault: times and numbers of two advances. */
    double iteration;
    unsigned advances;
    char name[]; /* the scope's bytes */
};

struct incidents {
    struct incidents_opts opts;
    struct rules_timing timing;
    struct graph *graph; /* made with the first diagnosis */
    struct fault *faults;
    struct fault **by_key; /* FAULT_SLOTS */
    size_t n_faults;
    size_t n_works;
    struct story *stories;
    struct repeats *repeats;
    struct counts *counts;
    struct census *censuses;
    struct census *last_census; /* the one that was asked for last */
    struct arena loaded;        /* words of faults from an earlier run */
    struct incidents_stats stats;
    uint64_t version;
    bool stale; /* the forest is */
};

#define FAULT_SLOTS    1024
#define SCOPES_MAX     256
#define WORKS_MAX      ((size_t)262144)
#define FAULT_LINE_MAX ((size_t)1024)

struct census *census_find(struct incidents *incidents, struct span scope);

/* A copy on the heap; absent stays absent, and so does what memory was out for. */
struct span incidents_keep(struct span text);

/* Hands an event on. */
enum rc incidents_emit(struct incidents *incidents, const struct event *event);

#endif
