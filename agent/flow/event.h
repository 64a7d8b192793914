/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves the agent. An event is built by diagnose/ and lent to deliver/ for one push: it
 * points into the record, the KB and the matcher's scratch, and a sink that keeps it keeps the
 * bytes that it rendered.
 */
#ifndef GPUERR_FLOW_EVENT_H
#define GPUERR_FLOW_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/span.h"
#include "flow/match.h"
#include "flow/record.h"

struct kb_entry;

struct incident;
struct incident_ref;

enum event_kind {
    EVENT_DIAGNOSIS,
    EVENT_GAP,
    EVENT_REPEAT,
    EVENT_INCIDENT,
    EVENT_RESOLVED,
};

enum severity {
    SEVERITY_INFO,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
    SEVERITY_CRITICAL,
};

/* What the user or the surroundings say of the job: host, pod, rank. */
struct label {
    struct span key;
    struct span value;
};

/* A record joined with the entry it matched. */
struct diagnosis {
    const struct record *record;
    const struct kb_entry *entry;
    struct capture_list captures;
    struct match_list also_matched; /* the less specific entries */
    int32_t rank;                   /* from the record, else from a capture; RANK_NONE */
    struct span gpu;                /* from a capture; absent where unknown */
    int64_t when_wall_ns;           /* when it happened: the line's own time, else when it was read;
                                       CLOCK_NONE           where a finished log tells none */
    /* The entry's, unless a rule says otherwise. */
    struct span node_action;
    struct span job_action;
    struct span note;                    /* what a rule has to say about it; absent mostly */
    struct span route;                   /* absent: the default */
    struct span_list rules;              /* names of the rules that changed something */
    bool muted;                          /* counted and joined, but not told alone */
    bool never_root;                     /* opens no incident */
    const struct incident_ref *incident; /* NULL while it belongs to none that was announced */
};

/* One diagnosis again and again: counted, not told each time. */
struct repeat {
    const struct kb_entry *entry;
    const char *first_event_id; /* of the diagnosis that was told */
    uint64_t count;             /* since then, with it */
    int64_t first_wall_ns;
    int64_t last_wall_ns;
    struct span gpu;
    struct span ranks; /* `0-6,9`, or absent */
    struct span line;  /* the last one */
    bool ended;        /* its window is over */
};

/* Input that was lost: bytes from..to of the origin's stream were destroyed unread. */
struct gap {
    uint64_t from;
    uint64_t to;
    struct span reason;
};

struct event {
    enum event_kind kind;
    char id[HASH_HEX_BYTES]; /* same for the same record read twice: the idempotency key */
    int64_t time_wall_ns;    /* when it was read */
    enum severity severity;
    struct span host;
    const struct origin *origin; /* NULL for an incident, which has many */
    union {
        const struct diagnosis *diagnosis;
        const struct gap *gap;
        const struct repeat *repeat;
        const struct incident *incident; /* EVENT_INCIDENT, EVENT_RESOLVED */
    };
};

/* Takes an event that is valid until it returns. RC_FULL: taken, send no more for now. */
typedef enum rc event_fn(void *ctx, const struct event *event);

#endif
