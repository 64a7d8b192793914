/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An incident as a short story: what, where, since when; who is to blame and how we know; what led
 * to what; then the root's advice as below any diagnosis. What was only taken down with the rest is
 * named in one line.
 */
#include <stdio.h>

#include "base/clock.h"
#include "deliver/format_text_internal.h"
#include "flow/incident.h"
#include "kb/kb.h"

#define SIGN "\xe2\x94\x94 " /* U+2514 */

/* `21:19:38` of the day, which is what a person compares with a log. */
static void add_time(struct buf *text, int64_t wall_ns)
{
    char time[CLOCK_RFC3339_BYTES];

    clock_format_rfc3339(wall_ns, time);
    buf_add(text, span_of(time, 19));
    buf_add_str(text, "Z");
}

static void write_where(struct paint *paint, const struct event *event,
                        const struct format_opts *opts)
{
    const struct incident *incident = event->incident;
    struct buf text;

    buf_init(&text, (size_t)4096);
    buf_add_str(&text, "  ");
    if (event->host.len > 0) {
        buf_add(&text, event->host);
        buf_add_str(&text, "  ");
    }
    if (incident->gpus.len > 0) {
        buf_printf(&text, "GPU %.*s  ", (int)incident->gpus.len, incident->gpus.ptr);
    }
    if (incident->scope.len > 0) {
        buf_add(&text, incident->scope);
        buf_add_str(&text, "  ");
    }
    paint_text(paint, PAINT_BOLD, buf_span(&text));
    buf_clear(&text);
    if (incident->since_ns != CLOCK_NONE) {
        buf_printf(&text, "%s ", text_word(opts, TEXT_SINCE));
        add_time(&text, incident->since_ns);
        buf_add_str(&text, ", ");
    }
    buf_printf(&text, "%llu %s", (unsigned long long)incident->count,
               text_word(opts, TEXT_RECORDS));
    if (incident->ranks.len > 0) {
        buf_printf(&text, ", %s %.*s", text_word(opts, TEXT_RANKS), (int)incident->ranks.len,
                   incident->ranks.ptr);
    }
    buf_printf(&text, "  [%s %.8s, %u]", text_word(opts, TEXT_INCIDENT), incident->id,
               incident->revision);
    paint_text(paint, PAINT_DIM, buf_span(&text));
    paint_newline(paint);
    buf_fini(&text);
}

static void write_suspect(struct paint *paint, const struct incident *incident,
                          const struct format_opts *opts)
{
    static const enum text_word reasons[] = {
        [SUSPECT_DIRECT] = TEXT_BASIS_DIRECT,
        [SUSPECT_BEHIND] = TEXT_BASIS_BEHIND,
        [SUSPECT_MISSING] = TEXT_BASIS_MISSING,
    };
    struct buf text;

    if (incident->suspect_basis == SUSPECT_NONE) {
        return;
    }
    buf_init(&text, (size_t)1024);
    buf_printf(&text, "%s %.*s: %s",
               text_word(opts, incident->suspect_rank != RANK_NONE ? TEXT_RANK : TEXT_RANKS),
               (int)incident->suspect_ranks.len, incident->suspect_ranks.ptr,
               text_word(opts, reasons[incident->suspect_basis]));
    if (incident->seq != 0) {
        buf_printf(&text, " (#%llu)", (unsigned long long)incident->seq);
    }
    buf_printf(&text, ", %.2f", incident->suspect_confidence);
    paint_paragraph(paint, PAINT_RED, span_str(text_word(opts, TEXT_SUSPECT)), TEXT_INDENT,
                    PAINT_BOLD, buf_span(&text));
    buf_fini(&text);
}

static void add_part(struct buf *text, const struct incident_part *part,
                     const struct format_opts *opts)
{
    buf_add(text, opts->chinese ? part->entry->signature_zh : part->entry->signature);
    buf_printf(text, " (%.*s", (int)part->entry->id.len, part->entry->id.ptr);
    if (part->gpu.len > 0) {
        buf_printf(text, ", GPU %.*s", (int)part->gpu.len, part->gpu.ptr);
    }
    if (part->ranks.len > 0) {
        buf_printf(text, ", %s %.*s", text_word(opts, TEXT_RANKS), (int)part->ranks.len,
                   part->ranks.ptr);
    }
    if (part->count > 1) {
        buf_printf(text, ", x%llu", (unsigned long long)part->count);
    }
    buf_add_char(text, ')');
    if (part->why.len > 0) {
        buf_printf(text, ", %s: ", text_word(opts, TEXT_BECAUSE));
        buf_add(text, part->why);
    }
}

static void write_story(struct paint *paint, const struct incident *incident,
                        const struct format_opts *opts)
{
    struct buf text;
    struct buf rest;

    buf_init(&text, (size_t)8192);
    buf_init(&rest, (size_t)8192);
    for (size_t i = 0; i < incident->n_parts; i++) {
        const struct incident_part *part = &incident->parts[i];
        if (part->role == INCIDENT_TEARDOWN) {
            buf_add_str(&rest, rest.len > 0 ? ", " : "");
            buf_add(&rest, part->entry->id);
            if (part->count > 1) {
                buf_printf(&rest, " x%llu", (unsigned long long)part->count);
            }
            continue;
        }
        buf_clear(&text);
        buf_add_str(&text, i > 0 ? SIGN : "");
        add_part(&text, part, opts);
        paint_paragraph(paint, PAINT_CYAN, span_str(i == 0 ? text_word(opts, TEXT_STORY) : ""),
                        TEXT_INDENT, PAINT_PLAIN, buf_span(&text));
    }
    if (incident->n_parts_omitted > 0) {
        buf_printf(&rest, " ... +%zu", incident->n_parts_omitted);
    }
    if (rest.len > 0) {
        paint_paragraph(paint, PAINT_DIM, span_str(text_word(opts, TEXT_REST)), TEXT_INDENT,
                        PAINT_DIM, buf_span(&rest));
    }
    buf_fini(&text);
    buf_fini(&rest);
}

/* Other diagnoses stand between the root's advice and this story. */
static bool has_cascade(const struct incident *incident)
{
    for (size_t i = 0; i < incident->n_parts; i++) {
        if (incident->parts[i].role == INCIDENT_CASCADE) {
            return true;
        }
    }
    return false;
}

void text_write_incident(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    const struct incident *incident = event->incident;
    struct paint paint = text_paint(opts, out);

    if (!incident_is_news(incident) && !text_is_brief(incident->root, event->severity)) {
        return;
    }
    text_headline(&paint, event, incident->root, opts);
    paint_newline(&paint);
    write_where(&paint, event, opts);
    write_suspect(&paint, incident, opts);
    write_story(&paint, incident, opts);
    if (incident->note.ptr != NULL) {
        paint_paragraph(&paint, PAINT_YELLOW, span_str(text_word(opts, TEXT_RULE)), TEXT_INDENT,
                        PAINT_PLAIN, incident->note);
    }
    if (text_is_brief(incident->root, event->severity) || has_cascade(incident)) {
        format_text_entry(incident->root, &incident->captures, opts, out);
    }
}

void text_write_resolved(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    const struct incident *incident = event->incident;
    struct paint paint = text_paint(opts, out);
    char id[32];

    paint_str(&paint, PAINT_GREEN, text_word(opts, TEXT_RESOLVED));
    paint_str(&paint, PAINT_PLAIN, ": ");
    paint_text(&paint, PAINT_PLAIN,
               opts->chinese ? incident->root->signature_zh : incident->root->signature);
    (void)snprintf(id, sizeof(id), "  [%.8s]  ", incident->id);
    paint_str(&paint, PAINT_DIM, id);
    paint_text(&paint, PAINT_PLAIN, incident->reason);
}

void text_write_repeat(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    const struct repeat *repeat = event->repeat;
    struct paint paint = text_paint(opts, out);
    struct buf text;

    buf_init(&text, (size_t)2048);
    paint_str(&paint, text_severity_color(event->severity), text_word(opts, TEXT_REPEATED));
    buf_printf(&text, " x%llu: ", (unsigned long long)repeat->count);
    buf_add(&text, opts->chinese ? repeat->entry->signature_zh : repeat->entry->signature);
    if (repeat->gpu.len > 0) {
        buf_printf(&text, "  GPU %.*s", (int)repeat->gpu.len, repeat->gpu.ptr);
    }
    if (repeat->ranks.len > 0) {
        buf_printf(&text, "  %s %.*s", text_word(opts, TEXT_RANKS), (int)repeat->ranks.len,
                   repeat->ranks.ptr);
    }
    buf_printf(&text, "  %s ", text_word(opts, TEXT_SINCE));
    add_time(&text, repeat->first_wall_ns);
    paint_text(&paint, PAINT_PLAIN, buf_span(&text));
    buf_fini(&text);
}
