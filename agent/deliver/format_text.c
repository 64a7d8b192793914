/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A diagnosis for a person at three in the morning: what and where on the first line, the log line,
 * why, what to do, what not to waste time on, what comes next, and how far to trust it. Advice that
 * the values in the line rule out and claims that were found false are not shown as advice.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "deliver/format.h"
#include "deliver/paint.h"
#include "kb/kb.h"
#include "kb/kb_when.h"

#define WIDTH_DEFAULT ((size_t)100)
#define INDENT        ((size_t)10)
#define LINE_BYTES    ((size_t)2000)

/* The words of the form, in the two languages of the KB. */
enum word {
    WORD_WHY,
    WORD_DO,
    WORD_DO_NOT,
    WORD_NODE,
    WORD_JOB,
    WORD_NEXT,
    WORD_TRUST,
    WORD_FALSE,
    WORD_LOST,
    WORD_DISAGREE,
    WORD_UNVERIFIED,
    WORD_COUNT,
};

static const char *const words[2][WORD_COUNT] = {
    {"  Why", "  Do", "  Do not", "  Node", "  Job", "  Next", "  Trust", "  False", "  Lost",
     "authorities disagree", "unverified: written by a language model, no source confirms it"},
    {"  原因", "  处理", "  勿做", "  节点", "  作业", "  后续", "  可信度", "  已证伪", "  丢失",
     "各方意见不一", "未经验证：由语言模型撰写，没有来源佐证"},
};

static const char *word(const struct format_opts *opts, enum word word)
{
    return words[opts->chinese ? 1 : 0][word];
}

static enum paint_color severity_color(enum severity severity)
{
    switch (severity) {
    case SEVERITY_CRITICAL:
        return PAINT_ALARM;
    case SEVERITY_ERROR:
        return PAINT_RED;
    case SEVERITY_WARNING:
        return PAINT_YELLOW;
    case SEVERITY_INFO:
        break;
    }
    return PAINT_CYAN;
}

static struct paint make_paint(const struct format_opts *opts, struct buf *out)
{
    return (struct paint){out, opts->color, opts->width > 0 ? opts->width : WIDTH_DEFAULT};
}

static void write_where(struct paint *paint, const struct event *event)
{
    const struct diagnosis *diagnosis = event->diagnosis;
    char rank[32];

    paint_str(paint, PAINT_PLAIN, "  ");
    if (event->host.len > 0) {
        paint_text(paint, PAINT_BOLD, event->host);
        paint_str(paint, PAINT_PLAIN, "  ");
    }
    if (diagnosis->gpu.len > 0) {
        paint_str(paint, PAINT_BOLD, "GPU ");
        paint_text(paint, PAINT_BOLD, diagnosis->gpu);
        paint_str(paint, PAINT_PLAIN, "  ");
    }
    if (diagnosis->rank != RANK_NONE) {
        (void)snprintf(rank, sizeof(rank), "rank %d  ", (int)diagnosis->rank);
        paint_str(paint, PAINT_BOLD, rank);
    }
    paint_text(paint, PAINT_DIM, event->origin->path);
    (void)snprintf(rank, sizeof(rank), "  @%llu", (unsigned long long)diagnosis->record->offset);
    paint_str(paint, PAINT_DIM, rank);
    paint_newline(paint);
}

/* One of several pieces of advice: the word stands before the first, a number or dash before each.
 */
static void write_item(struct paint *paint, enum paint_color color, const char *heading,
                       unsigned number, struct span text)
{
    struct buf label;

    buf_init(&label, 256);
    buf_add_str(&label, heading);
    while (paint_columns(buf_span(&label)) < INDENT && buf_rc(&label) == RC_OK) {
        buf_add_char(&label, ' ');
    }
    if (number > 0) {
        buf_printf(&label, "%u. ", number);
    } else {
        buf_add_str(&label, "-  ");
    }
    paint_paragraph(paint, color, buf_span(&label), INDENT + 3, PAINT_PLAIN, text);
    buf_fini(&label);
}

static void write_advice(struct paint *paint, const struct kb_entry *entry,
                         const struct capture_list *captures, enum kb_when_result wanted,
                         unsigned *number, const struct format_opts *opts)
{
    for (size_t i = 0; i < entry->workarounds.n; i++) {
        const struct kb_advice *advice = &entry->workarounds.items[i];
        struct span text = opts->chinese && i < entry->workarounds_zh.n
                               ? entry->workarounds_zh.items[i]
                           : advice->how.len > 0 ? advice->how
                                                 : advice->action;

        if (advice->retired.ptr != NULL || kb_when_eval(advice->when, captures) != wanted) {
            continue;
        }
        (*number)++;
        write_item(paint, PAINT_GREEN, *number == 1 ? word(opts, WORD_DO) : "", *number, text);
    }
}

static void write_dead_ends(struct paint *paint, const struct kb_entry *entry,
                            const struct format_opts *opts)
{
    bool first = true;

    for (size_t i = 0; i < entry->dead_ends.n; i++) {
        const struct kb_advice *advice = &entry->dead_ends.items[i];
        struct buf text;

        if (advice->retired.ptr != NULL) {
            continue;
        }
        buf_init(&text, (size_t)64 * 1024);
        if (opts->chinese && i < entry->dead_ends_zh.n) {
            buf_add(&text, entry->dead_ends_zh.items[i]);
        } else {
            buf_add(&text, advice->action);
            buf_add_str(&text, ": ");
            buf_add(&text, advice->why_fails);
        }
        write_item(paint, PAINT_RED, first ? word(opts, WORD_DO_NOT) : "", 0, buf_span(&text));
        buf_fini(&text);
        first = false;
    }
}

static bool asks_for_action(struct span action)
{
    return action.len > 0 && !span_eq_str(action, "none");
}

static void write_actions(struct paint *paint, const struct kb_entry *entry,
                          const struct format_opts *opts)
{
    struct buf text;

    buf_init(&text, (size_t)64 * 1024);
    if (asks_for_action(entry->node_action)) {
        buf_add(&text, entry->node_action);
        for (size_t i = 0; i < entry->basis.n; i++) {
            buf_add_str(&text, i == 0 ? " (" : "; ");
            buf_add(&text, entry->basis.items[i]);
        }
        buf_add_str(&text, entry->basis.n > 0 ? ")" : "");
        if (entry->basis_disagrees) {
            buf_printf(&text, " [%s]", word(opts, WORD_DISAGREE));
        }
        paint_paragraph(paint, PAINT_CYAN, span_str(word(opts, WORD_NODE)), INDENT, PAINT_PLAIN,
                        buf_span(&text));
    }
    if (asks_for_action(entry->job_action)) {
        paint_paragraph(paint, PAINT_CYAN, span_str(word(opts, WORD_JOB)), INDENT, PAINT_PLAIN,
                        entry->job_action);
    }
    buf_clear(&text);
    for (size_t i = 0; i < entry->leads_to.n; i++) {
        buf_add_str(&text, i > 0 ? ", " : "");
        buf_add(&text, entry->leads_to.items[i].id);
    }
    if (text.len > 0) {
        paint_paragraph(paint, PAINT_CYAN, span_str(word(opts, WORD_NEXT)), INDENT, PAINT_PLAIN,
                        buf_span(&text));
    }
    buf_fini(&text);
}

static void write_trust(struct paint *paint, const struct kb_entry *entry,
                        const struct format_opts *opts)
{
    struct buf text;

    buf_init(&text, (size_t)64 * 1024);
    if (entry->tier == KB_TIER_AI_GENERATED) {
        buf_add_str(&text, word(opts, WORD_UNVERIFIED));
    } else {
        buf_add_str(&text, kb_tier_name(entry->tier));
    }
    buf_printf(&text, ", %.2f", entry->confidence);
    if (entry->official_doc_url.len > 0) {
        buf_add_str(&text, "  ");
        buf_add(&text, entry->official_doc_url);
    }
    paint_paragraph(paint, PAINT_DIM, span_str(word(opts, WORD_TRUST)), INDENT,
                    entry->tier == KB_TIER_AI_GENERATED ? PAINT_YELLOW : PAINT_DIM,
                    buf_span(&text));
    for (size_t i = 0; i < entry->n_retired_claims; i++) {
        buf_clear(&text);
        buf_add(&text, entry->retired_claims[i].claim);
        buf_add_str(&text, ": ");
        buf_add(&text, entry->retired_claims[i].reason);
        paint_paragraph(paint, PAINT_YELLOW, span_str(i == 0 ? word(opts, WORD_FALSE) : ""), INDENT,
                        PAINT_YELLOW, buf_span(&text));
    }
    buf_fini(&text);
}

void format_text_entry(const struct kb_entry *entry, const struct capture_list *captures,
                       const struct format_opts *opts, struct buf *out)
{
    struct paint paint = make_paint(opts, out);
    unsigned number = 0;

    paint_paragraph(&paint, PAINT_CYAN, span_str(word(opts, WORD_WHY)), INDENT, PAINT_PLAIN,
                    opts->chinese ? entry->root_cause_zh : entry->root_cause);
    write_advice(&paint, entry, captures, KB_WHEN_TRUE, &number, opts);
    write_advice(&paint, entry, captures, KB_WHEN_ALWAYS, &number, opts);
    write_dead_ends(&paint, entry, opts);
    write_actions(&paint, entry, opts);
    write_trust(&paint, entry, opts);
}

static void write_diagnosis(const struct event *event, const struct format_opts *opts,
                            struct buf *out)
{
    const struct diagnosis *diagnosis = event->diagnosis;
    const struct kb_entry *entry = diagnosis->entry;
    struct paint paint = make_paint(opts, out);

    paint_str(&paint, PAINT_PLAIN, "");
    if (opts->color) {
        paint_str(&paint, severity_color(event->severity), " ");
    }
    paint_str(&paint, severity_color(event->severity), kb_severity_name(event->severity));
    paint_str(&paint, severity_color(event->severity), opts->color ? " " : ":");
    paint_str(&paint, PAINT_PLAIN, " ");
    paint_text(&paint, PAINT_BOLD, opts->chinese ? entry->signature_zh : entry->signature);
    paint_str(&paint, PAINT_PLAIN, "  ");
    paint_text(&paint, PAINT_DIM, entry->id);
    paint_newline(&paint);
    write_where(&paint, event);
    paint_str(&paint, PAINT_DIM, "  > ");
    paint_text(&paint, PAINT_PLAIN, utf8_cut(diagnosis->record->text, LINE_BYTES));
    paint_newline(&paint);
    format_text_entry(entry, &diagnosis->captures, opts, out);
}

static void write_gap(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    struct paint paint = make_paint(opts, out);
    char range[96];

    (void)snprintf(range, sizeof(range), ": %llu..%llu: ", (unsigned long long)event->gap->from,
                   (unsigned long long)event->gap->to);
    paint_str(&paint, PAINT_YELLOW, word(opts, WORD_LOST));
    paint_str(&paint, PAINT_PLAIN, "  ");
    paint_text(&paint, PAINT_PLAIN, event->origin->path);
    paint_str(&paint, PAINT_PLAIN, range);
    paint_text(&paint, PAINT_PLAIN, event->gap->reason);
    paint_newline(&paint);
}

enum rc format_text(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    if (event->kind == EVENT_GAP) {
        write_gap(event, opts, out);
    } else {
        write_diagnosis(event, opts, out);
    }
    return buf_rc(out);
}
