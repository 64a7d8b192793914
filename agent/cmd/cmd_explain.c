/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain ID: an entry, whole. explain --line TEXT: why a line is diagnosed as what it is, which
 * other entries came near, and what they lack.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "deliver/paint.h"
#include "kb/kb.h"
#include "kb/kb_search.h"
#include "match/explain.h"
#include "pipeline/knowledge.h"
#include "rules/rules.h"

/* So many entries that share a literal with the line and still do not match are told; the rest is
 * counted. */
#define NEAR_MISSES_MAX 8

struct line_story {
    const struct args *args;
    const struct knowledge *knowledge;
    struct span text;
    struct paint paint;
    size_t matched;
    size_t near_misses;
    size_t entries;
};

static void write_list(struct paint *paint, const char *label, struct span_list list)
{
    for (size_t i = 0; i < list.n; i++) {
        paint_paragraph(paint, PAINT_CYAN, span_str(i == 0 ? label : ""), 10, PAINT_PLAIN,
                        list.items[i]);
    }
}

static void write_entry_text(const struct knowledge *knowledge, const struct kb_entry *entry,
                             struct format_opts *opts, struct buf *out)
{
    struct paint paint = {out, opts->color, opts->width > 0 ? opts->width : 100};

    paint_str(&paint, PAINT_BOLD, kb_severity_name(rules_severity(knowledge->rules, entry)));
    paint_str(&paint, PAINT_PLAIN, ": ");
    paint_text(&paint, PAINT_BOLD, opts->chinese ? entry->signature_zh : entry->signature);
    paint_str(&paint, PAINT_PLAIN, "  ");
    paint_text(&paint, PAINT_DIM, entry->id);
    paint_newline(&paint);
    format_text_entry(entry, NULL, opts, out);
    paint_paragraph(&paint, PAINT_CYAN, span_str("  Regex"), 10, PAINT_PLAIN, entry->regex);
    write_list(&paint, "  Sample", entry->samples);
    for (size_t i = 0; i < entry->n_sources; i++) {
        paint_paragraph(&paint, PAINT_CYAN, span_str(i == 0 ? "  Source" : ""), 10, PAINT_DIM,
                        entry->sources[i].url);
        paint_paragraph(&paint, PAINT_CYAN, span_str(""), 12, PAINT_PLAIN,
                        entry->sources[i].supports);
    }
    paint_paragraph(&paint, PAINT_CYAN, span_str("  File"), 10, PAINT_DIM,
                    span_str(kb_file(knowledge->kb, entry)));
}

static enum cmd_status unknown_id(const struct knowledge *knowledge, const char *id)
{
    const struct kb_entry *near = kb_nearest(knowledge->kb, span_str(id));

    if (near != NULL) {
        log_error("no entry %s (did you mean %.*s?)", id, (int)near->id.len, near->id.ptr);
    } else {
        log_error("no entry %s (gpuerr-agent kb search WORD looks for one)", id);
    }
    return CMD_USAGE;
}

static enum cmd_status explain_id(const struct args *args, const struct knowledge *knowledge)
{
    const struct kb_entry *entry = kb_find(knowledge->kb, span_str(args->words[0]));
    struct format_opts opts = output_text_opts(args->config);
    struct buf out;

    if (entry == NULL) {
        return unknown_id(knowledge, args->words[0]);
    }
    buf_init(&out, (size_t)4 * 1024 * 1024);
    if (args->config->format == CONFIG_FORMAT_JSON) {
        kb_write_json(entry, &out);
        buf_add_char(&out, '\n');
    } else {
        write_entry_text(knowledge, entry, &opts, &out);
    }
    (void)output_print(&out); /* nowhere to say that stdout is gone */
    buf_fini(&out);
    return CMD_OK;
}

static void write_literals(struct buf *text, const struct explain_entry *one)
{
    for (size_t i = 0; i < one->n_literals; i++) {
        buf_add_str(text, i > 0 ? " | " : "");
        buf_add_char(text, '"');
        buf_add(text, one->literals[i].bytes);
        buf_add_str(text, one->literals[i].caseless ? "\" in any case" : "\"");
    }
}

/* Rules that wait for more than this one line. */
struct waiting {
    const struct rules *rules;
    struct buf text;
};

static bool note_waiting(void *ctx, size_t rule, const struct rules_when *when,
                         const struct rules_subject *subject)
{
    struct waiting *waiting = ctx;
    struct span name = rules_name(waiting->rules, rule);

    (void)subject;
    buf_printf(&waiting->text, "%s%.*s (at %u within %lld min)", waiting->text.len > 0 ? ", " : "",
               (int)name.len, name.ptr, when->count,
               (long long)(when->within_ns / (60 * CLOCK_NS_PER_S)));
    return false;
}

static void write_changed(struct buf *text, const char *name, struct span before, struct span after)
{
    if (!span_eq(before, after)) {
        buf_printf(text, ", %s %.*s", name, (int)after.len, after.ptr);
    }
}

/* What the rule packs make of the diagnosis. */
static void tell_rules(struct line_story *story, const struct explain_entry *one)
{
    const struct rules *rules = story->knowledge->rules;
    struct record record = {.text = story->text, .rank = RANK_NONE};
    struct origin origin = {.type = SOURCE_FILE, .rank = RANK_NONE};
    struct diagnosis diagnosis = {
        .record = &record, .entry = one->entry, .captures = one->captures, .rank = RANK_NONE};
    struct event event = {
        .severity = rules_severity(rules, one->entry), .origin = &origin, .diagnosis = &diagnosis};
    struct rules_subject subject = {.event = &event};
    struct waiting waiting = {.rules = rules};
    struct rules_effect effect;
    struct buf text;

    buf_init(&waiting.text, (size_t)4096);
    buf_init(&text, (size_t)4096);
    rules_apply(rules, &subject, note_waiting, &waiting, &effect);
    for (size_t i = 0; i < effect.n_applied; i++) {
        buf_add_str(&text, i > 0 ? ", " : "");
        buf_add(&text, effect.applied[i]);
    }
    if (effect.severity != event.severity) {
        buf_printf(&text, ", severity %s", kb_severity_name(effect.severity));
    }
    write_changed(&text, "node_action", one->entry->node_action, effect.node_action);
    write_changed(&text, "job_action", one->entry->job_action, effect.job_action);
    buf_add_str(&text, effect.mute ? ", muted" : "");
    buf_add_str(&text, effect.never_root ? ", never the root of an incident" : "");
    if (text.len > 0) {
        paint_paragraph(&story->paint, PAINT_DIM, span_str("  rules"), 11, PAINT_PLAIN,
                        buf_span(&text));
    }
    if (waiting.text.len > 0) {
        paint_paragraph(&story->paint, PAINT_DIM, span_str("  waiting"), 11, PAINT_PLAIN,
                        buf_span(&waiting.text));
    }
    buf_fini(&text);
    buf_fini(&waiting.text);
}

static void tell_match(struct line_story *story, const struct explain_entry *one)
{
    struct paint *paint = &story->paint;
    struct buf text;
    char number[64];

    paint_str(paint, story->matched == 0 ? PAINT_GREEN : PAINT_YELLOW,
              story->matched == 0 ? "diagnosis " : "also      ");
    paint_text(paint, PAINT_BOLD, one->entry->id);
    (void)snprintf(number, sizeof(number), "  %u literal characters, %s, %s, %s", one->specificity,
                   kb_role_name(one->entry->role), kb_tier_name(one->entry->tier),
                   kb_severity_name(rules_severity(story->knowledge->rules, one->entry)));
    paint_str(paint, PAINT_DIM, number);
    paint_newline(paint);
    buf_init(&text, (size_t)64 * 1024);
    write_literals(&text, one);
    if (text.len > 0) {
        paint_paragraph(paint, PAINT_DIM, span_str("  literal"), 11, PAINT_PLAIN, buf_span(&text));
    }
    paint_paragraph(paint, PAINT_DIM, span_str("  regex"), 11, PAINT_PLAIN, one->entry->regex);
    buf_clear(&text);
    for (size_t i = 0; i < one->captures.n; i++) {
        buf_add_str(&text, i > 0 ? ", " : "");
        buf_add(&text, one->captures.items[i].name);
        buf_add_str(&text, " = ");
        buf_add(&text, one->captures.items[i].value);
    }
    if (text.len > 0) {
        paint_paragraph(paint, PAINT_DIM, span_str("  captures"), 11, PAINT_PLAIN, buf_span(&text));
    }
    buf_fini(&text);
    if (story->matched == 0) {
        tell_rules(story, one);
    }
    story->matched++;
}

/* An entry whose literals are all in the line, and whose regex does not match: what an author of an
 * entry looks for. */
static void tell_near_miss(struct line_story *story, const struct explain_entry *one)
{
    struct paint *paint = &story->paint;
    struct buf text;

    if (one->always_tried || ++story->near_misses > NEAR_MISSES_MAX) {
        return;
    }
    buf_init(&text, (size_t)64 * 1024);
    paint_str(paint, PAINT_DIM, one->verdict == EXPLAIN_STOPPED ? "stopped   " : "not       ");
    paint_text(paint, PAINT_PLAIN, one->entry->id);
    paint_newline(paint);
    write_literals(&text, one);
    paint_paragraph(paint, PAINT_DIM, span_str("  has"), 11, PAINT_PLAIN, buf_span(&text));
    paint_paragraph(paint, PAINT_DIM, span_str("  but not"), 11, PAINT_PLAIN, one->entry->regex);
    buf_fini(&text);
}

static enum rc on_explained(void *ctx, const struct explain_entry *one)
{
    struct line_story *story = ctx;

    story->entries++;
    if (one->verdict == EXPLAIN_MATCHED) {
        tell_match(story, one);
    } else if (one->verdict != EXPLAIN_LITERAL_MISSING) {
        tell_near_miss(story, one);
    }
    return RC_OK;
}

static enum cmd_status explain_line(const struct args *args, const struct knowledge *knowledge)
{
    struct format_opts opts = output_text_opts(args->config);
    struct buf out;
    struct line_story story = {
        .args = args,
        .knowledge = knowledge,
        .text = span_str(args->line),
        .paint = {&out, opts.color, opts.width > 0 ? opts.width : 100},
    };
    struct match_scratch *scratch;
    enum rc rc;

    buf_init(&out, (size_t)4 * 1024 * 1024);
    rc = match_scratch_new(knowledge->set, &scratch);
    if (rc == RC_OK) {
        rc = match_explain(scratch, story.text, on_explained, &story);
        match_scratch_free(scratch);
    }
    if (rc != RC_OK) {
        buf_fini(&out);
        log_error("explaining failed: %s", rc_text(rc));
        return CMD_USAGE;
    }
    if (story.matched == 0) {
        buf_printf(&out,
                   "no entry matches (%zu looked at; %zu have their literals in the line and "
                   "differ in the rest)\n",
                   story.entries, story.near_misses);
    } else if (story.matched > 1) {
        buf_add_str(
            &out, "the diagnosis is the entry with most literal characters; wrappers come last\n");
    }
    (void)output_print(&out); /* nowhere to say that stdout is gone */
    buf_fini(&out);
    return CMD_OK;
}

static enum cmd_status run(const struct args *args)
{
    struct knowledge knowledge;
    struct err err;
    enum cmd_status status;

    err_clear(&err);
    if ((args->line != NULL) == (args->n_words == 1) || args->n_words > 1) {
        log_error("explain wants one of ID and --line TEXT");
        return CMD_USAGE;
    }
    if (knowledge_load(args->config, &knowledge, &err) != RC_OK) {
        log_err(LOG_ERROR, &err);
        return CMD_USAGE;
    }
    status = args->line != NULL ? explain_line(args, &knowledge) : explain_id(args, &knowledge);
    knowledge_fini(&knowledge);
    return status;
}

const struct cmd cmd_explain = {
    .name = "explain",
    .synopsis = "ID | --line TEXT",
    .summary =
        "Shows an entry of the knowledge base, or says step by step why a line is (not) diagnosed.",
    .help = "ID with --format json prints the entry as it is.\n",
    .run = run,
};
