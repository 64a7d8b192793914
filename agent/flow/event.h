/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves the agent. An event is built by diagnose/ and lent to deliver/ for one push: it
 * points into the record, the KB and the matcher's scratch, and a sink that keeps it keeps the
 * bytes that it rendered.
 */
#ifndef GPUERR_FLOW_EVENT_H
#define GPUERR_FLOW_EVENT_H

#include <stdint.h>

#include "base/hash.h"
#include "base/span.h"
#include "flow/match.h"
#include "flow/record.h"

struct kb_entry;

enum event_kind {
    EVENT_DIAGNOSIS,
    EVENT_GAP,
};

enum severity {
    SEVERITY_INFO,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
    SEVERITY_CRITICAL,
};

/* A record joined with the entry it matched. */
struct diagnosis {
    const struct record *record;
    const struct kb_entry *entry;
    struct capture_list captures;
    struct match_list also_matched; /* the less specific entries */
    int32_t rank;                   /* from the record, else from a capture; RANK_NONE */
    struct span gpu;                /* from a capture; absent where unknown */
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
    const struct origin *origin;
    union {
        const struct diagnosis *diagnosis;
        const struct gap *gap;
    };
};

#endif
