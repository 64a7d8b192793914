/* SPDX-License-Identifier: Apache-2.0 */
/* kb lint|test|list|search|stats: the tools of those who write entries, and of those who look one
 * up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/nearest.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "kb/kb.h"
#include "kb/kb_builtin.h"
#include "kb/kb_lint.h"
#include "kb/kb_search.h"
#include "kb/kb_stats.h"
#include "rules/rules.h"

#define SEARCH_MAX 50

struct kb_work {
    const struct args *args;
    struct kb *kb;
    struct rules *rules;
    struct buf out;
    size_t faults;
};

static void on_fault(void *ctx, const struct err *err)
{
    struct kb_work *work = ctx;
    char text[1500];

    buf_printf(&work->out, "%s\n", err_format(err, text, sizeof(text)));
    work->faults++;
}

/* A category without a severity in the rule pack is one that nobody thought about; only here both
 * are in sight. */
static void check_categories(struct kb_work *work)
{
    for (size_t i = 0; i < kb_count(work->kb); i++) {
        const struct kb_entry *entry = kb_at(work->kb, i);
        if (!rules_knows_category(work->rules, entry->category)) {
            struct err err;
            (void)err_set(&err, RC_INVALID, "the rule pack has no severity for category %.*s",
                          (int)entry->category.len, entry->category.ptr);
            err_file(&err, kb_file(work->kb, entry));
            err_field(&err, "category");
            on_fault(work, &err);
        }
    }
}

static enum cmd_status lint(struct kb_work *work)
{
    if (kb_lint(work->kb, on_fault, work) != RC_OK) {
        log_error("out of memory");
        return CMD_USAGE;
    }
    check_categories(work);
    buf_printf(&work->out, "%zu entries, %zu faults\n", kb_count(work->kb), work->faults);
    return work->faults > 0 ? CMD_FOUND : CMD_OK;
}

static enum cmd_status test(struct kb_work *work)
{
    size_t samples = 0;

    for (size_t i = 0; i < kb_count(work->kb); i++) {
        const struct kb_entry *entry = kb_at(work->kb, i);
        samples += entry->samples.n + entry->counter_samples.n;
    }
    if (kb_test(work->kb, on_fault, work) != RC_OK) {
        log_error("out of memory");
        return CMD_USAGE;
    }
    buf_printf(&work->out, "%zu entries, %zu samples, %zu faults\n", kb_count(work->kb), samples,
               work->faults);
    return work->faults > 0 ? CMD_FOUND : CMD_OK;
}

static void put_row(struct kb_work *work, const struct kb_entry *entry)
{
    bool chinese = work->args->config->lang == CONFIG_LANG_ZH;
    struct span signature = chinese ? entry->signature_zh : entry->signature;

    buf_printf(&work->out, "%-44.*s %-9s %.*s\n", (int)entry->id.len, entry->id.ptr,
               kb_severity_name(rules_severity(work->rules, entry)), (int)signature.len,
               signature.ptr);
}

static enum cmd_status list(struct kb_work *work)
{
    for (size_t i = 0; i < kb_count(work->kb); i++) {
        put_row(work, kb_at(work->kb, i));
    }
    return CMD_OK;
}

/* kb search takes words, not directories. */
static enum cmd_status search(struct kb_work *work)
{
    struct buf query;
    size_t found = 0;

    buf_init(&query, 4096);
    for (size_t i = 1; i < work->args->n_words; i++) {
        buf_add_str(&query, work->args->words[i]);
        buf_add_char(&query, ' ');
    }
    /* Best first: as many passes as there are scores a query of this many words can have. */
    for (unsigned score = 4 * (unsigned)work->args->n_words; score > 0 && found < SEARCH_MAX;
         score--) {
        for (size_t i = 0; i < kb_count(work->kb) && found < SEARCH_MAX; i++) {
            if (kb_search_score(kb_at(work->kb, i), buf_span(&query)) == score) {
                put_row(work, kb_at(work->kb, i));
                found++;
            }
        }
    }
    buf_fini(&query);
    if (found == 0) {
        buf_add_str(&work->out, "no entry holds all these words\n");
    }
    return CMD_OK;
}

static enum cmd_status stats(struct kb_work *work)
{
    struct kb_stats stats;

    kb_stats_read(work->kb, &stats);
    buf_printf(&work->out, "%-20s%10s\n", "domain", "entries");
    for (size_t i = 0; i < stats.n_domains; i++) {
        buf_printf(&work->out, "%-20.*s%10zu\n", (int)stats.domains[i].name.len,
                   stats.domains[i].name.ptr, stats.domains[i].n);
    }
    if (stats.n_other > 0) {
        buf_printf(&work->out, "%-20s%10zu\n", "(others)", stats.n_other);
    }
    buf_printf(&work->out, "%-20s%10zu\n\n%-20s%10s\n", "all", stats.n_entries, "tier", "entries");
    for (size_t i = 0; i <= KB_TIER_AI_GENERATED; i++) {
        buf_printf(&work->out, "%-20s%10zu\n", kb_tier_name((enum kb_tier)i), stats.by_tier[i]);
    }
    buf_printf(&work->out, "\n%-20s%10s\n", "severity", "entries");
    for (size_t i = 0; i <= SEVERITY_CRITICAL; i++) {
        buf_printf(&work->out, "%-20s%10zu\n", kb_severity_name((enum severity)i),
                   stats.by_severity[i]);
    }
    if (stats.n_without_severity > 0) {
        buf_printf(&work->out, "%-20s%10zu\n", "(by rule pack)", stats.n_without_severity);
    }
    return CMD_OK;
}

static const struct verb {
    const char *name;
    bool takes_dirs;
    enum cmd_status (*run)(struct kb_work *work);
} verbs[] = {
    {"lint", true, lint},      {"test", true, test},   {"list", true, list},
    {"search", false, search}, {"stats", true, stats},
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static enum cmd_status usage(const char *name)
{
    struct nearest nearest;

    nearest_init(&nearest, span_str(name));
    for (size_t i = 0; name != NULL && i < VERB_COUNT; i++) {
        nearest_offer(&nearest, span_str(verbs[i].name));
    }
    if (nearest.best.ptr != NULL) {
        log_error("unknown: kb %s (did you mean kb %.*s?)", name, (int)nearest.best.len,
                  nearest.best.ptr);
    } else {
        log_error("kb wants one of lint, test, list, search, stats");
    }
    return CMD_USAGE;
}

/* The directories given are the KB; without any it is what the agent would run with. */
static enum rc load(struct kb_work *work, bool takes_dirs, struct err *err)
{
    const struct args *args = work->args;
    bool dirs = takes_dirs && args->n_words > 1;
    struct kb_opts opts = {
        .builtin = !dirs && args->config->builtin_kb ? &kb_builtin : NULL,
        .paths = dirs ? args->words + 1 : args->config->kb_paths.items,
        .n_paths = dirs ? args->n_words - 1 : args->config->kb_paths.n,
        .on_refused = on_fault,
        .ctx = work,
    };
    enum rc rc = kb_build(&opts, &work->kb, err);

    if (rc == RC_OK) {
        rc = args->config->rules_path != NULL
                 ? rules_load_file(args->config->rules_path, &work->rules, err)
                 : rules_load_builtin(&work->rules, err);
    }
    return rc;
}

static enum cmd_status run(const struct args *args)
{
    const struct verb *verb = args->n_words > 0 ? find_verb(args->words[0]) : NULL;
    struct kb_work work = {.args = args};
    struct err err;
    enum cmd_status status;

    if (verb == NULL) {
        return usage(args->n_words > 0 ? args->words[0] : NULL);
    }
    if (!verb->takes_dirs && args->n_words < 2) {
        log_error("kb search wants words to look for");
        return CMD_USAGE;
    }
    err_clear(&err);
    buf_init(&work.out, (size_t)64 * 1024 * 1024);
    if (load(&work, verb->takes_dirs, &err) != RC_OK) {
        log_err(LOG_ERROR, &err);
        status = err.rc == RC_INVALID ? CMD_USAGE : CMD_UNREADABLE;
    } else {
        status = verb->run(&work);
        (void)output_print(&work.out); /* nowhere to say that stdout is gone */
    }
    rules_free(work.rules);
    kb_unref(work.kb);
    buf_fini(&work.out);
    return status;
}

const struct cmd cmd_kb = {
    .name = "kb",
    .synopsis = "lint|test|list|search|stats [DIR...]",
    .summary = "Works on the knowledge base: the shipped one with --kb laid over it, or the "
               "directories given.",
    .help = "  lint    checks entries against the quality bar (kb/README.md)\n"
            "  test    runs every entry's samples and counter-samples\n"
            "  list    id, severity and signature of every entry\n"
            "  search  WORD...: entries that hold all words\n"
            "  stats   how many entries by domain, tier and severity\n",
    .run = run,
};
