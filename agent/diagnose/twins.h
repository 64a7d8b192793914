/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message that came in two ways: the kernel's log and the journal that copies it, the journal
 * and the syslog daemon that it forwards to. Told once, whichever way was first.
 *
 * A way is a type of source. What came n times by one way came n times, even when another way
 * brought it less often or not at all: only what is below the largest count of another way is a
 * twin. Texts are the same when one ends with the other (a way may have kept the sender's tag
 * before it), with the same rank and host where both are known.
 *
 * Files and the output of programs take part with kernel messages only: equal lines of two training
 * logs are two ranks that failed.
 */
#ifndef GPUERR_DIAGNOSE_TWINS_H
#define GPUERR_DIAGNOSE_TWINS_H

#include <stdbool.h>

#include "flow/record.h"

/* The last so many different texts are remembered, each for TWINS_NS after it was last seen. */
#define TWINS_MAX        64
#define TWINS_NS         (60 * INT64_C(1000000000))
#define TWINS_TAIL_BYTES 256
#define TWINS_HOST_BYTES 64
#define TWINS_WAYS       (SOURCE_EXEC + 1)

struct twin {
    char tail[TWINS_TAIL_BYTES]; /* last bytes of the text */
    char host[TWINS_HOST_BYTES]; /* first bytes of the host's name; empty: not said */
    size_t tail_len, text_len;
    int32_t rank;
    int64_t seen_ns; /* monotonic */
    uint32_t came[TWINS_WAYS];
};

struct twins {
    struct twin items[TWINS_MAX];
    size_t n;
};

/*
 * Notes a record of a source of this type at now_ns (monotonic), and answers whether another way
 * has brought it already. History (`replayed`) is neither noted nor a twin.
 */
bool twins_note(struct twins *twins, enum source_type way, const struct record *record,
                int64_t now_ns);

#endif
