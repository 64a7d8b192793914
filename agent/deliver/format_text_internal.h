/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of text share: format_text.c (diagnoses, gaps) and format_text_incident.c. */
#ifndef GPUERR_DELIVER_FORMAT_TEXT_INTERNAL_H
#define GPUERR_DELIVER_FORMAT_TEXT_INTERNAL_H

#include "deliver/format.h"
#include "deliver/paint.h"

#define TEXT_INDENT ((size_t)10)

/* The words of the forms, in the two languages of the KB. */
enum text_word {
    TEXT_WHY,
    TEXT_DO,
    TEXT_DO_NOT,
    TEXT_NODE,
    TEXT_JOB,
    TEXT_NEXT,
    TEXT_TRUST,
    TEXT_FALSE,
    TEXT_LOST,
    TEXT_DISAGREE,
    TEXT_UNVERIFIED,
    TEXT_RULE,
    TEXT_SUSPECT,
    TEXT_STORY,
    TEXT_REST,
    TEXT_INCIDENT,
    TEXT_RESOLVED,
    TEXT_REPEATED,
    TEXT_SINCE,
    TEXT_RECORDS,
    TEXT_RANKS,
    TEXT_RANK,
    TEXT_BECAUSE,
    TEXT_BASIS_DIRECT,
    TEXT_BASIS_BEHIND,
    TEXT_BASIS_MISSING,
    TEXT_WORD_COUNT,
};

const char *text_word(const struct format_opts *opts, enum text_word word);

enum paint_color text_severity_color(enum severity severity);
struct paint text_paint(const struct format_opts *opts, struct buf *out);

/* Severity, what broke, its id; without line end. */
void text_headline(struct paint *paint, const struct event *event, const struct kb_entry *entry,
                   const struct format_opts *opts);

/* A symptom is told in short: its incident tells the rest, which may be a cause that is not known
 * yet. */
bool text_is_brief(const struct kb_entry *entry, enum severity severity);

void text_write_repeat(const struct event *event, const struct format_opts *opts, struct buf *out);
/* Nothing for an incident of one part that its diagnosis has told already. */
void text_write_incident(const struct event *event, const struct format_opts *opts,
                         struct buf *out);
void text_write_resolved(const struct event *event, const struct format_opts *opts,
                         struct buf *out);

#endif
