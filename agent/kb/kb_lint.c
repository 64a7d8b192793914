/* SPDX-License-Identifier: Apache-2.0 */
/* Each check looks at one thing and goes on after a fault, so that an author sees all of them at
 * once. See kb_lint.h. */
#include "kb/kb_lint.h"

#include <stdio.h>

#include "kb/kb_lint_internal.h"

#define SAMPLES_MIN 2

void kb_lint_fault(const struct kb_lint *lint, const char *field, const char *format, ...)
{
    char message[400];
    struct err err;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format,
                    args); /* a message that does not fit is cut */
    va_end(args);
    (void)err_set(&err, RC_INVALID, "%s", message);
    err_file(&err, kb_file(lint->kb, lint->entry));
    err_field(&err, "%s", field);
    lint->on_fault(lint->ctx, &err);
}

static void check_present(const struct kb_lint *lint)
{
    const struct kb_entry *entry = lint->entry;
    const struct {
        const char *field;
        bool there;
    } wanted[] = {
        {"severity", entry->has_severity},
        {"scope", entry->scope.ptr != NULL},
        {"node_action", entry->node_action.ptr != NULL},
        {"job_action", entry->job_action.ptr != NULL},
        {"role", entry->has_role},
    };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (!wanted[i].there) {
            kb_lint_fault(lint, wanted[i].field, "is missing");
        }
    }
    if (entry->tier != KB_TIER_AI_GENERATED && entry->n_sources == 0) {
        kb_lint_fault(lint, "sources", "tier %s needs a source", kb_tier_name(entry->tier));
    }
}

static bool is_one_of(struct span word, const char *const *words)
{
    while (*words != NULL && !span_eq_str(word, *words)) {
        words++;
    }
    return *words != NULL;
}

static void check_word(const struct kb_lint *lint, const char *field, struct span word,
                       const char *const *words)
{
    if (word.ptr != NULL && !is_one_of(word, words)) {
        kb_lint_fault(lint, field, "\"%.*s\" is none of the words of the format", (int)word.len,
                      word.ptr);
    }
}

/* The closed vocabularies of the format (kb/schema.json). */
static void check_words(const struct kb_lint *lint)
{
    static const char *const scopes[] = {"code", "config", "environment", "driver",   "gpu",
                                         "node", "fabric", "storage",     "platform", NULL};
    static const char *const node_actions[] = {
        "none",       "restart_service",  "reset_gpu",      "reboot_node",
        "drain_node", "inspect_hardware", "contact_vendor", NULL};
    static const char *const job_actions[] = {
        "none", "restart", "restart_elsewhere", "fix_code", "fix_config", "fix_data", "stop", NULL};
    static const char *const kinds[] = {
        "gpu",   "gpu_index", "gpu_uuid", "rank",      "local_rank", "pid",  "process",
        "host",  "peer",      "port",     "link",      "bytes",      "ms",   "seconds",
        "count", "seq",       "code",     "signal",    "exit_code",  "op",   "unit",
        "path",  "device",    "version",  "iteration", "address",    "text", NULL};

    check_word(lint, "scope", lint->entry->scope, scopes);
    check_word(lint, "node_action", lint->entry->node_action, node_actions);
    check_word(lint, "job_action", lint->entry->job_action, job_actions);
    for (size_t i = 0; i < lint->entry->n_captures; i++) {
        check_word(lint, "captures", lint->entry->captures[i].kind, kinds);
    }
}

static void check_place(const struct kb_lint *lint)
{
    const struct kb_entry *entry = lint->entry;
    struct span file = span_str(kb_file(lint->kb, entry));
    struct span id = entry->id;
    const char *slash = memchr(id.ptr, '/', id.len);

    if (!span_eq(entry->domain, span_of(id.ptr, (size_t)(slash - id.ptr)))) {
        kb_lint_fault(lint, "domain", "is not the first part of the id");
    }
    if (span_eq_str(file, "builtin")) {
        return;
    }
    /* .../<id>.json */
    if (file.len < id.len + 5 || !span_eq(span_of(file.ptr + file.len - 5 - id.len, id.len), id)) {
        kb_lint_fault(lint, "id", "is not the path of its file: %.*s.json is wanted", (int)id.len,
                      id.ptr);
    }
}

static enum rc each_entry(const struct kb *kb, kb_fault_fn *on_fault, void *ctx,
                          enum rc (*check)(const struct kb_lint *lint,
                                           const struct kb_regex *regex))
{
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < kb_count(kb); i++) {
        struct kb_lint lint = {kb, kb_at(kb, i), on_fault, ctx};
        struct kb_regex *regex;
        struct err err;

        err_clear(&err);
        rc = kb_regex_new(lint.entry->regex, &regex, &err);
        if (rc == RC_OK) {
            rc = check(&lint, regex);
            kb_regex_free(regex);
        } else if (rc != RC_NOMEM) {
            kb_lint_fault(&lint, "regex", "%s", err.message);
            rc = RC_OK;
        }
    }
    return rc;
}

static enum rc lint_entry(const struct kb_lint *lint, const struct kb_regex *regex)
{
    check_place(lint);
    check_present(lint);
    check_words(lint);
    kb_lint_regex(lint, regex);
    kb_lint_texts(lint);
    kb_lint_links(lint);
    if (lint->entry->samples.n < SAMPLES_MIN) {
        kb_lint_fault(lint, "samples", "fewer than %d", SAMPLES_MIN);
    }
    if (lint->entry->counter_samples.n < SAMPLES_MIN) {
        kb_lint_fault(lint, "counter_samples", "fewer than %d", SAMPLES_MIN);
    }
    kb_lint_samples(lint, regex);
    return kb_lint_claims(lint);
}

static enum rc test_entry(const struct kb_lint *lint, const struct kb_regex *regex)
{
    kb_lint_samples(lint, regex);
    return RC_OK;
}

enum rc kb_lint(const struct kb *kb, kb_fault_fn *on_fault, void *ctx)
{
    return each_entry(kb, on_fault, ctx, lint_entry);
}

enum rc kb_test(const struct kb *kb, kb_fault_fn *on_fault, void *ctx)
{
    return each_entry(kb, on_fault, ctx, test_entry);
}
