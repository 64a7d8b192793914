/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From lines to one answer. Diagnoses come in; out go diagnoses (each problem once), repeats
 * (counted), incidents (what failed first and what followed from it) and resolutions.
 *
 * An incident is what the knowledge base's transition graph, roles, places and times join: kernel
 * error, CUDA error, NCCL time-outs and the launcher's report become one story with one root, told
 * when it has settled, and again when it has grown or its root changed. The answer depends on the
 * set of lines, not on their order: logs are flushed late and clocks differ (rules/incidents.yaml
 * has the times).
 *
 * One per process, on one thread. All that outsiders can make grow is bounded (INCIDENTS_*_MAX);
 * what is beyond is counted.
 */
#ifndef GPUERR_INCIDENT_INCIDENT_H
#define GPUERR_INCIDENT_INCIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "flow/incident.h"

struct kb;
struct rules;
struct rules_signal;
struct incidents;

#define INCIDENTS_FAULTS_MAX  2048
#define INCIDENTS_REPEATS_MAX 8192
#define INCIDENTS_RANK_MAX    65535
#define INCIDENTS_SAVE_MAX    ((size_t)1024 * 1024)

/* The named groups of entry in a line; what the matcher offers, given as a function so that this
 * room need not know it. */
typedef enum rc incidents_captures_fn(void *ctx, const struct kb_entry *entry, struct span text,
                                      struct capture_list *ret_captures);

struct incidents_opts {
    struct kb *kb; /* must outlive it, as all below */
    const struct rules *rules;
    const struct label *labels;
    size_t n_labels;
    enum severity min_severity; /* what is less severe or certain is joined, but not told */
    double min_confidence;
    int64_t repeat_ns; /* -1: as the rules say; 0: every match is told */
    /* A finished log is read: nothing is told before incidents_finish, which knows all of it. */
    bool finished_log;
    struct span host; /* of the agent */
    incidents_captures_fn *captures;
    void *captures_ctx;
    event_fn *next;
    void *next_ctx;
};

struct incidents_stats {
    uint64_t repeats;       /* diagnoses that were counted and not told */
    uint64_t muted;         /* by rules */
    uint64_t below_minimum; /* not told: less severe or certain than what is asked for */
    uint64_t opened;
    uint64_t resolved;
    uint64_t forgotten; /* faults and repeats that went for want of room */
    uint32_t open;      /* incidents now */
};

enum rc incidents_new(const struct incidents_opts *opts,
                      struct incidents **ret_incidents) GPUERR_MUSTCHECK;
struct incidents *incidents_free(struct incidents *incidents);

/* A diagnosis (its event's severity, actions and so on are the entry's: rules are applied here) or
 * a gap. Answers what `next` answers. */
enum rc incidents_push(struct incidents *incidents, const struct event *event) GPUERR_MUSTCHECK;

/* A rank of the job in scope (flow/incident.h) was heard of at all: which one is silent follows
 * from it. */
void incidents_note_rank(struct incidents *incidents, struct span scope, int32_t rank);

/* The scope of a stream by its path: the pod that a container log belongs to, else empty: one job.
 */
struct span incidents_scope_of(struct span path);

/* Whether lines that are signals would change anything now. */
bool incidents_wants_signals(const struct incidents *incidents);

/* A line that the signal's regex matches. */
void incidents_push_signal(struct incidents *incidents, const struct rules_signal *signal,
                           const struct record *record, const struct origin *origin,
                           const struct capture_list *captures, int64_t when_wall_ns);

/* Tells what is due. To be called about once a second while incidents_is_idle says no. */
enum rc incidents_tick(struct incidents *incidents, int64_t now_wall_ns) GPUERR_MUSTCHECK;
bool incidents_is_idle(const struct incidents *incidents);

/* Tells all that is pending: the inputs have ended, or the agent will. What is remembered stays, to
 * be saved. */
enum rc incidents_finish(struct incidents *incidents) GPUERR_MUSTCHECK;

/* Its memory as JSON, for a restart; and back. What another KB does not know any more is left out.
 * RC_INVALID when text is nothing that incidents_save wrote. */
void incidents_save(const struct incidents *incidents, struct buf *out);
enum rc incidents_load(struct incidents *incidents, struct span text) GPUERR_MUSTCHECK;

/* Changes with everything that incidents_save would write differently. */
uint64_t incidents_version(const struct incidents *incidents);

const struct incidents_stats *incidents_peek_stats(const struct incidents *incidents);

#endif
