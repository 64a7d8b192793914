/* SPDX-License-Identifier: Apache-2.0 */
/* Each check looks at one thing and goes on after a fault, so that an author sees all of them at
 * once. See kb_lint.h. */
#include "kb/kb_lint.h"

#include <stdio.h>

#include "base/utf8.h"
#include "kb/kb_regex_internal.h"
#include "kb/kb_when.h"

#define SAMPLES_MIN 2

struct lint {
    const struct kb *kb;
    const struct kb_entry *entry;
    kb_fault_fn *on_fault;
    void *ctx;
};

static void fault(const struct lint *lint, const char *field, const char *format, ...)
    GPUERR_PRINTF(3, 4);

static void fault(const struct lint *lint, const char *field, const char *format, ...)
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

static void check_present(const struct lint *lint)
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
            fault(lint, wanted[i].field, "is missing");
        }
    }
    if (entry->tier != KB_TIER_AI_GENERATED && entry->n_sources == 0) {
        fault(lint, "sources", "tier %s needs a source", kb_tier_name(entry->tier));
    }
}

static bool is_one_of(struct span word, const char *const *words)
{
    while (*words != NULL && !span_eq_str(word, *words)) {
        words++;
    }
    return *words != NULL;
}

static void check_word(const struct lint *lint, const char *field, struct span word,
                       const char *const *words)
{
    if (word.ptr != NULL && !is_one_of(word, words)) {
        fault(lint, field, "\"%.*s\" is none of the words of the format", (int)word.len, word.ptr);
    }
}

/* The closed vocabularies of the format (kb/schema.json). */
static void check_words(const struct lint *lint)
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

static void check_place(const struct lint *lint)
{
    const struct kb_entry *entry = lint->entry;
    struct span file = span_str(kb_file(lint->kb, entry));
    struct span id = entry->id;
    const char *slash = memchr(id.ptr, '/', id.len);

    if (!span_eq(entry->domain, span_of(id.ptr, (size_t)(slash - id.ptr)))) {
        fault(lint, "domain", "is not the first part of the id");
    }
    if (span_eq_str(file, "builtin")) {
        return;
    }
    /* .../<id>.json */
    if (file.len < id.len + 5 || !span_eq(span_of(file.ptr + file.len - 5 - id.len, id.len), id)) {
        fault(lint, "id", "is not the path of its file: %.*s.json is wanted", (int)id.len, id.ptr);
    }
}

static bool has_chinese(struct span text)
{
    while (text.len > 0) {
        uint32_t code = 0;
        size_t n = utf8_decode(text, &code);
        if (n > 0 && code >= 0x4e00 && code <= 0x9fff) {
            return true;
        }
        text = span_from(text, n > 0 ? n : 1);
    }
    return false;
}

static void check_chinese_list(const struct lint *lint, const char *field, struct span_list list,
                               size_t wanted)
{
    if (list.n != wanted) {
        fault(lint, field, "has %zu texts for %zu", list.n, wanted);
    }
    for (size_t i = 0; i < list.n; i++) {
        if (!has_chinese(list.items[i])) {
            fault(lint, field, "[%zu] is not Chinese", i);
        }
    }
}

static void check_chinese(const struct lint *lint)
{
    const struct kb_entry *entry = lint->entry;

    if (!has_chinese(entry->root_cause_zh)) {
        fault(lint, "root_cause_zh", "is not Chinese");
    }
    check_chinese_list(lint, "workarounds_zh", entry->workarounds_zh, entry->workarounds.n);
    check_chinese_list(lint, "dead_ends_zh", entry->dead_ends_zh, entry->dead_ends.n);
}

static void check_advice(const struct lint *lint)
{
    const struct kb_entry *entry = lint->entry;
    struct span names[MATCH_CAPTURES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < entry->n_captures && n < MATCH_CAPTURES_MAX; i++) {
        names[n++] = entry->captures[i].name;
    }
    for (size_t i = 0; i < entry->workarounds.n; i++) {
        const struct kb_advice *advice = &entry->workarounds.items[i];
        struct err err;
        err_clear(&err);
        if (advice->when.ptr != NULL && kb_when_check(advice->when, names, n, &err) != RC_OK) {
            fault(lint, "workarounds.when", "%s", err.message);
        }
        for (size_t k = 0; k < entry->dead_ends.n; k++) {
            if (span_eq(advice->action, entry->dead_ends.items[k].action)) {
                fault(lint, "workarounds", "[%zu] is a dead end, too", i);
            }
        }
    }
}

static bool links_to(struct kb_link_list list, struct span id)
{
    for (size_t i = 0; i < list.n; i++) {
        if (span_eq(list.items[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* A link leads to an entry that is there, not to itself, has a reason, and leads back. */
static void check_links(const struct lint *lint, const char *field, struct kb_link_list list,
                        size_t back)
{
    for (size_t i = 0; i < list.n; i++) {
        struct span id = list.items[i].id;
        const struct kb_entry *other = kb_find(lint->kb, id);

        if (other == NULL) {
            fault(lint, field, "there is no entry %.*s", (int)id.len, id.ptr);
        } else if (other == lint->entry) {
            fault(lint, field, "links to itself");
        } else if (!links_to(
                       *(const struct kb_link_list *)(const void *)((const char *)other + back),
                       lint->entry->id)) {
            fault(lint, field, "%.*s does not link back", (int)id.len, id.ptr);
        }
        if (list.items[i].why.ptr == NULL) {
            fault(lint, field, "the link to %.*s does not say why", (int)id.len, id.ptr);
        }
    }
}

static void check_graph(const struct lint *lint)
{
    const struct kb_entry *entry = lint->entry;

    check_links(lint, "transition_graph.leads_to", entry->leads_to,
                offsetof(struct kb_entry, preceded_by));
    check_links(lint, "transition_graph.preceded_by", entry->preceded_by,
                offsetof(struct kb_entry, leads_to));
    check_links(lint, "transition_graph.frequently_confused_with", entry->confused_with,
                offsetof(struct kb_entry, confused_with));
}

static void check_groups(const struct lint *lint, const struct kb_regex *regex)
{
    struct span names[MATCH_CAPTURES_MAX];
    size_t n = kb_regex_names(regex, names);

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < lint->entry->n_captures && !span_eq(lint->entry->captures[k].name, names[i])) {
            k++;
        }
        if (k == lint->entry->n_captures) {
            fault(lint, "captures", "says nothing of group %.*s", (int)names[i].len, names[i].ptr);
        }
    }
    if (span_starts(lint->entry->regex, span_str(".*")) ||
        span_starts(lint->entry->regex, span_str(".+"))) {
        fault(lint, "regex", "begins with an unbounded wildcard");
    }
}

static void check_sample(const struct lint *lint, const struct kb_regex *regex, const char *field,
                         struct span sample, bool wanted)
{
    enum kb_regex_result result = kb_regex_run(regex, sample);

    if (memchr(sample.ptr, '\n', sample.len) != NULL) {
        fault(lint, field, "holds a line end; a record is one line: %.*s", (int)sample.len,
              sample.ptr);
    } else if (result == KB_REGEX_STOPPED) {
        fault(lint, "regex", "backtracks without bound on: %.*s", (int)sample.len, sample.ptr);
    } else if ((result == KB_REGEX_MATCHES) != wanted) {
        fault(lint, field, "%s: %.*s", wanted ? "does not match" : "matches", (int)sample.len,
              sample.ptr);
    }
}

static void check_samples(const struct lint *lint, const struct kb_regex *regex)
{
    const struct kb_entry *entry = lint->entry;

    for (size_t i = 0; i < entry->samples.n; i++) {
        check_sample(lint, regex, "samples", entry->samples.items[i], true);
    }
    for (size_t i = 0; i < entry->counter_samples.n; i++) {
        check_sample(lint, regex, "counter_samples", entry->counter_samples.items[i], false);
    }
}

static enum rc each_entry(const struct kb *kb, kb_fault_fn *on_fault, void *ctx,
                          void (*check)(const struct lint *lint, const struct kb_regex *regex))
{
    for (size_t i = 0; i < kb_count(kb); i++) {
        struct lint lint = {kb, kb_at(kb, i), on_fault, ctx};
        struct kb_regex *regex;
        struct err err;
        enum rc rc;

        err_clear(&err);
        rc = kb_regex_new(lint.entry->regex, &regex, &err);
        if (rc == RC_NOMEM) {
            return rc;
        }
        if (rc != RC_OK) {
            fault(&lint, "regex", "%s", err.message);
            continue;
        }
        check(&lint, regex);
        kb_regex_free(regex);
    }
    return RC_OK;
}

static void lint_entry(const struct lint *lint, const struct kb_regex *regex)
{
    check_place(lint);
    check_present(lint);
    check_words(lint);
    check_groups(lint, regex);
    check_chinese(lint);
    check_advice(lint);
    check_graph(lint);
    if (lint->entry->samples.n < SAMPLES_MIN) {
        fault(lint, "samples", "fewer than %d", SAMPLES_MIN);
    }
    if (lint->entry->counter_samples.n < SAMPLES_MIN) {
        fault(lint, "counter_samples", "fewer than %d", SAMPLES_MIN);
    }
    check_samples(lint, regex);
}

enum rc kb_lint(const struct kb *kb, kb_fault_fn *on_fault, void *ctx)
{
    return each_entry(kb, on_fault, ctx, lint_entry);
}

enum rc kb_test(const struct kb *kb, kb_fault_fn *on_fault, void *ctx)
{
    return each_entry(kb, on_fault, ctx, check_samples);
}
