/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an event looks: the JSON line that other programs read (names fixed by the event contract,
 * agent/README.md) and the text that a tired person reads on a terminal. Both escape whatever a log
 * line could do to a reader.
 */
#ifndef GPUERR_DELIVER_FORMAT_H
#define GPUERR_DELIVER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "flow/event.h"

struct kb_entry;

/* A whole event as JSON is never longer than this; long lines and captures are cut to fit, and say
 * so. */
#define FORMAT_JSON_MAX_BYTES ((size_t)64 * 1024 - 1)

struct format_opts {
    bool chinese; /* the KB's Chinese texts */
    bool color;   /* text only */
    size_t width; /* text only: columns to wrap at; 0 = 100 */
    const struct label *labels;
    size_t n_labels;
};

/* Writes one event to an empty out, without line end; nothing where the form has nothing to say of
 * it. RC_NOMEM when the heap is exhausted. */
typedef enum rc format_fn(const struct event *event, const struct format_opts *opts,
                          struct buf *out);

format_fn format_json;
format_fn format_text;

/* The advice of an entry as format_text shows it below a diagnosis; captures NULL when there is no
 * match to choose by. */
void format_text_entry(const struct kb_entry *entry, const struct capture_list *captures,
                       const struct format_opts *opts, struct buf *out);

#endif
