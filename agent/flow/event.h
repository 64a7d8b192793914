/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves the agent: one JSON object, serialised once and never changed. Sinks share it by
 * reference count; all counting happens on the loop thread.
 */
#ifndef GPUERR_FLOW_EVENT_H
#define GPUERR_FLOW_EVENT_H

#include <stdint.h>

#include "base/span.h"

struct kb_entry;

enum event_kind {
    EVENT_DIAGNOSIS,
    EVENT_REPEAT,
    EVENT_INCIDENT,
    EVENT_RESOLVED,
    EVENT_GAP,
};

enum severity {
    SEVERITY_INFO,
    SEVERITY_WARNING,
    SEVERITY_ERROR,
    SEVERITY_CRITICAL,
};

/* An event while it is on its way through one push; the sinks take what they keep. */
struct event {
    enum event_kind kind;
    enum severity severity;
    double confidence;
    const struct kb_entry *entry; /* NULL for a gap */
    struct span id;               /* event_id, 32 hexadecimal digits */
    struct span json;             /* the whole object on one line, without line end */
};

#endif
