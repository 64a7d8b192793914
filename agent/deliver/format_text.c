/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A diagnosis for a person at three in the morning: what and where on the first line, the log line,
 * why, what to do, what not to waste time on, what comes next, and how far to trust it. Advice that
 * the values in the line rule out and claims that were found false are not shown as advice.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "deliver/format_text_internal.h"
#include "kb/kb.h"
#include "kb/kb_when.h"

#define WIDTH_DEFAULT ((size_t)100)
#define LINE_BYTES    ((size_t)2000)

static const char *const words[2][TEXT_WORD_COUNT] = {
    {"  Why",
     "  Do",
     "  Do not",
     "  Node",
     "  Job",
     "  Next",
     "  Trust",
     "  False",
     "  Lost",
     "authorities disagree",
     "unverified: written by a language model, no source confirms it",
     "  Rule",
     "  Suspect",
     "  Story",
     "  Rest",
     "incident",
     "resolved",
     "repeated",
     "since",
     "records",
     "ranks",
     "rank",
     "because",
     "it reports the first error itself",
     "its own numbers say that it never began the work the others wait for",
     "all others report, it does not"},
    {"  原因",
     "  处理",
     "  勿做",
     "  节点",
     "  作业",
     "  后续",
     "  可信度",
     "  已证伪",
     "  丢失",
     "各方意见不一",
     "未经验证：由语言模型撰写，没有来源佐证",
     "  规则",
     "  嫌疑",
     "  经过",
     "  其余",
     "事件",
     "已恢复",
     "重复",
     "始于",
     "条记录",
     "rank",
     "rank",
     "因为",
     "最初的错误由它自己报告",
     "从它自己的序号看，它从未开始其他 rank 等待的操作",
     "其他 rank 都已报告，只有它没有"},
};

const char *text_word(const struct format_opts *opts, enum text_word word)
{
    return words[opts->chinese ? 1 : 0][word];
}

enum paint_color text_severity_color(enum severity severity)
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

struct paint text_paint(const struct format_opts *opts, struct buf *out)
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
    while (paint_columns(buf_span(&label)) < TEXT_INDENT && buf_rc(&label) == RC_OK) {
        buf_add_char(&label, ' ');
    }
    if (number > 0) {
        buf_printf(&label, "%u. ", number);
    } else {
        buf_add_str(&label, "-  ");
    }
    paint_paragraph(paint, color, buf_span(&label), TEXT_INDENT + 3, PAINT_PLAIN, text);
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
        write_item(paint, PAINT_GREEN, *number == 1 ? text_word(opts, TEXT_DO) : "", *number, text);
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
        write_item(paint, PAINT_RED, first ? text_word(opts, TEXT_DO_NOT) : "", 0, buf_span(&text));
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
            buf_printf(&text, " [%s]", text_word(opts, TEXT_DISAGREE));
        }
        paint_paragraph(paint, PAINT_CYAN, span_str(text_word(opts, TEXT_NODE)), TEXT_INDENT,
                        PAINT_PLAIN, buf_span(&text));
    }
    if (asks_for_action(entry->job_action)) {
        paint_paragraph(paint, PAINT_CYAN, span_str(text_word(opts, TEXT_JOB)), TEXT_INDENT,
                        PAINT_PLAIN, entry->job_action);
    }
    buf_clear(&text);
    for (size_t i = 0; i < entry->leads_to.n; i++) {
        buf_add_str(&text, i > 0 ? ", " : "");
        buf_add(&text, entry->leads_to.items[i].id);
    }
    if (text.len > 0) {
        paint_paragraph(paint, PAINT_CYAN, span_str(text_word(opts, TEXT_NEXT)), TEXT_INDENT,
                        PAINT_PLAIN, buf_span(&text));
    }
    buf_fini(&text);
}

static void write_trust(struct paint *paint, const struct kb_entry *entry,
                        const struct format_opts *opts)
{
    struct buf text;

    buf_init(&text, (size_t)64 * 1024);
    if (entry->tier == KB_TIER_AI_GENERATED) {
        buf_add_str(&text, text_word(opts, TEXT_UNVERIFIED));
    } else {
        buf_add_str(&text, kb_tier_name(entry->tier));
    }
    buf_printf(&text, ", %.2f", entry->confidence);
    if (entry->official_doc_url.len > 0) {
        buf_add_str(&text, "  ");
        buf_add(&text, entry->official_doc_url);
    }
    paint_paragraph(paint, PAINT_DIM, span_str(text_word(opts, TEXT_TRUST)), TEXT_INDENT,
                    entry->tier == KB_TIER_AI_GENERATED ? PAINT_YELLOW : PAINT_DIM,
                    buf_span(&text));
    for (size_t i = 0; i < entry->n_retired_claims; i++) {
        buf_clear(&text);
        buf_add(&text, entry->retired_claims[i].claim);
        buf_add_str(&text, ": ");
        buf_add(&text, entry->retired_claims[i].reason);
        paint_paragraph(paint, PAINT_YELLOW, span_str(i == 0 ? text_word(opts, TEXT_FALSE) : ""),
                        TEXT_INDENT, PAINT_YELLOW, buf_span(&text));
    }
    buf_fini(&text);
}

void format_text_entry(const struct kb_entry *entry, const struct capture_list *captures,
                       const struct format_opts *opts, struct buf *out)
{
    struct paint paint = text_paint(opts, out);
    unsigned number = 0;

    paint_paragraph(&paint, PAINT_CYAN, span_str(text_word(opts, TEXT_WHY)), TEXT_INDENT,
                    PAINT_PLAIN, opts->chinese ? entry->root_cause_zh : entry->root_cause);
    write_advice(&paint, entry, captures, KB_WHEN_TRUE, &number, opts);
    write_advice(&paint, entry, captures, KB_WHEN_ALWAYS, &number, opts);
    write_dead_ends(&paint, entry, opts);
    write_actions(&paint, entry, opts);
    write_trust(&paint, entry, opts);
}

void text_headline(struct paint *paint, const struct event *event, const struct kb_entry *entry,
                   const struct format_opts *opts)
{
    enum paint_color color = text_severity_color(event->severity);

    paint_str(paint, color, opts->color ? " " : "");
    paint_str(paint, color, kb_severity_name(event->severity));
    paint_str(paint, color, opts->color ? " " : ":");
    paint_str(paint, PAINT_PLAIN, " ");
    paint_text(paint, PAINT_BOLD, opts->chinese ? entry->signature_zh : entry->signature);
    paint_str(paint, PAINT_PLAIN, "  ");
    paint_text(paint, PAINT_DIM, entry->id);
}

bool text_is_brief(const struct kb_entry *entry, enum severity severity)
{
    return entry->role == KB_ROLE_SYMPTOM && severity >= SEVERITY_WARNING;
}

static void write_diagnosis(const struct event *event, const struct format_opts *opts,
                            struct buf *out)
{
    const struct diagnosis *diagnosis = event->diagnosis;
    const struct kb_entry *entry = diagnosis->entry;
    struct paint paint = text_paint(opts, out);

    text_headline(&paint, event, entry, opts);
    paint_newline(&paint);
    write_where(&paint, event);
    paint_str(&paint, PAINT_DIM, "  > ");
    paint_text(&paint, PAINT_PLAIN, utf8_cut(diagnosis->record->text, LINE_BYTES));
    paint_newline(&paint);
    if (diagnosis->note.ptr != NULL) {
        paint_paragraph(&paint, PAINT_YELLOW, span_str(text_word(opts, TEXT_RULE)), TEXT_INDENT,
                        PAINT_PLAIN, diagnosis->note);
    }
    if (!text_is_brief(entry, event->severity)) {
        format_text_entry(entry, &diagnosis->captures, opts, out);
    }
}

static void write_gap(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    struct paint paint = text_paint(opts, out);
    char range[96];

    (void)snprintf(range, sizeof(range), ": %llu..%llu: ", (unsigned long long)event->gap->from,
                   (unsigned long long)event->gap->to);
    paint_str(&paint, PAINT_YELLOW, text_word(opts, TEXT_LOST));
    paint_str(&paint, PAINT_PLAIN, "  ");
    paint_text(&paint, PAINT_PLAIN, event->origin->path);
    paint_str(&paint, PAINT_PLAIN, range);
    paint_text(&paint, PAINT_PLAIN, event->gap->reason);
}

enum rc format_text(const struct event *event, const struct format_opts *opts, struct buf *out)
{
    switch (event->kind) {
    case EVENT_DIAGNOSIS:
        write_diagnosis(event, opts, out);
        break;
    case EVENT_GAP:
        write_gap(event, opts, out);
        break;
    case EVENT_REPEAT:
        text_write_repeat(event, opts, out);
        break;
    case EVENT_INCIDENT:
        text_write_incident(event, opts, out);
        break;
    case EVENT_RESOLVED:
        text_write_resolved(event, opts, out);
        break;
    }
    return buf_rc(out);
}
