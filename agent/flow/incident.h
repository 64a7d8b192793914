/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An incident as it leaves incident/: what failed first, what followed from it, and which rank is
 * to blame. Structs only; everything is lent for one push.
 */
#ifndef GPUERR_FLOW_INCIDENT_H
#define GPUERR_FLOW_INCIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/span.h"
#include "flow/event.h"

struct kb_entry;

enum incident_change {
    INCIDENT_OPENED,
    INCIDENT_GROWN,        /* more of the same story */
    INCIDENT_ROOT_CHANGED, /* what was thought to be the cause followed from something else */
    INCIDENT_RESOLVED,     /* repaired, survived, or joined with another */
};

enum incident_role {
    INCIDENT_ALONE,
    INCIDENT_ROOT,
    INCIDENT_CASCADE,  /* follows from the root */
    INCIDENT_TEARDOWN, /* processes that are taken down because of it */
};

/* How the suspected rank is known. */
enum suspect_basis {
    SUSPECT_NONE,
    SUSPECT_DIRECT,  /* it reported the root itself */
    SUSPECT_BEHIND,  /* its sequence number is lower than the others' */
    SUSPECT_MISSING, /* all others report the timeout */
};

/* The incident that a diagnosis belongs to. */
struct incident_ref {
    const char *id;
    unsigned revision;
    enum incident_role role;
    const struct kb_entry *root;
};

/* One failure at one place, with all ranks that report it. */
struct incident_part {
    const struct kb_entry *entry;
    enum incident_role role;
    struct span host;
    struct span gpu;
    struct span ranks; /* `0-6,9`, or absent */
    uint64_t count;
    const struct kb_entry *caused_by; /* NULL: the root, or taken down with the rest */
    struct span why;                  /* what joins the two, in words; absent where nothing says */
};

struct incident {
    char id[HASH_HEX_BYTES];
    unsigned revision; /* from 1 */
    enum incident_change change;
    struct span reason; /* of a resolution, or of a joining */
    const struct kb_entry *root;
    struct capture_list captures; /* of the root's line */
    struct span line;             /* of the root */
    struct span gpu;              /* the root's */
    struct span gpus;             /* all that report the root, `0000:1b:00,0000:9b:00` */
    struct span node_action;      /* the root's, after rules */
    struct span job_action;
    struct span note;   /* a rule's words about the root */
    struct span scope;  /* of the job: its pod, or absent */
    struct span ranks;  /* all that take part */
    int32_t first_rank; /* that failed first, RANK_NONE where that is not clear */
    struct span suspect_ranks;
    int32_t suspect_rank; /* if it is one; else RANK_NONE */
    enum suspect_basis suspect_basis;
    double suspect_confidence;
    uint64_t seq;     /* of the work at which the others wait; 0: not known */
    uint32_t world;   /* ranks that the job has, as far as is known; 0: not known */
    uint64_t count;   /* records */
    int64_t since_ns; /* first and last record; CLOCK_NONE where the log tells no time */
    int64_t last_ns;
    const struct incident_part *parts; /* the root first, then in the order of cause */
    size_t n_parts;
    size_t n_parts_omitted;
};

/* Whether it says more than the one diagnosis that it was made from. */
static inline bool incident_is_news(const struct incident *incident)
{
    return incident->n_parts > 1 || incident->suspect_basis > SUSPECT_DIRECT ||
           incident->revision > 1;
}

#endif
