/* SPDX-License-Identifier: Apache-2.0 */
/* What the matcher says about a record. Structs only; valid until the call that carries them
 * returns. */
#ifndef GPUERR_FLOW_MATCH_H
#define GPUERR_FLOW_MATCH_H

#include <stdint.h>

#include "base/span.h"

struct kb_entry;

/* At most this many named groups of a regex are reported; kb lint refuses more. */
#define MATCH_CAPTURES_MAX 16

/* A named group that took part in the match. */
struct capture {
    struct span name; /* lives as long as the match set */
    struct span value;
};

struct capture_list {
    struct capture items[MATCH_CAPTURES_MAX];
    size_t n;
};

/* All entries whose regex matches one record, most specific first. */
struct match_list {
    const struct kb_entry *const *entries;
    size_t n;
};

#endif
