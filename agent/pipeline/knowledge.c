/* SPDX-License-Identifier: Apache-2.0 */
/* See knowledge.h. */
#include "pipeline/knowledge.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "kb/kb.h"
#include "kb/kb_builtin.h"
#include "match/match.h"
#include "rules/rules.h"

struct refusals {
    bool strict;
    bool any;
    struct err first;
};

static void on_refused(void *ctx, const struct err *err)
{
    struct refusals *refusals = ctx;

    if (!refusals->strict) {
        log_err(LOG_WARNING, err);
    } else if (!refusals->any) {
        refusals->first = *err;
    }
    refusals->any = true;
}

static enum rc load_kb(const struct config *config, struct kb **ret_kb, struct err *err)
{
    struct refusals refusals = {.strict = config->strict};
    struct kb *kb;
    enum rc rc = kb_build(
        &(struct kb_opts){
            .builtin = config->builtin_kb ? &kb_builtin : NULL,
            .paths = config->kb_paths.items,
            .n_paths = config->kb_paths.n,
            .on_refused = on_refused,
            .ctx = &refusals,
        },
        &kb, err);

    if (rc != RC_OK) {
        return rc;
    }
    if (refusals.strict && refusals.any) {
        kb_unref(kb);
        *err = refusals.first;
        return err->rc;
    }
    *ret_kb = kb;
    return RC_OK;
}

/* ---- signals ---- */

static int compare_ids(const void *a, const void *b)
{
    return span_cmp(((const struct kb_entry *)a)->id, ((const struct kb_entry *)b)->id);
}

/* A regex that is refused is a fault of the rule pack, told by the signal's name. */
static enum rc check_signals(const struct signals *signals, size_t n, struct err *err)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < n && rc == RC_OK; i++) {
        rc = kb_check_regex(&signals->entries[i], err);
        if (rc != RC_OK) {
            err_field(err, "signals: %.*s", (int)signals->entries[i].id.len,
                      signals->entries[i].id.ptr);
        }
    }
    return rc;
}

static enum rc build_signals(const struct rules *rules, struct signals *signals, struct err *err)
{
    size_t n = rules_signal_count(rules);
    enum rc rc;

    if (n == 0) {
        return RC_OK;
    }
    signals->entries = mem_calloc(n, sizeof(*signals->entries));
    if (signals->entries == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        signals->entries[i].id = rules_signal_at(rules, i)->name;
        signals->entries[i].regex = rules_signal_at(rules, i)->regex;
    }
    qsort(signals->entries, n, sizeof(*signals->entries), compare_ids);
    rc = check_signals(signals, n, err);
    if (rc == RC_OK) {
        struct kb_builtin all = {.entries = signals->entries, .n = n, .hash = ""};
        rc = kb_build(&(struct kb_opts){.builtin = &all}, &signals->kb, err);
    }
    if (rc == RC_OK) {
        rc = match_set_build(signals->kb, &(struct match_opts){0}, &signals->set, err);
    }
    return rc;
}

const struct rules_signal *knowledge_signal(const struct knowledge *knowledge,
                                            const struct kb_entry *entry)
{
    for (size_t i = 0; i < rules_signal_count(knowledge->rules); i++) {
        const struct rules_signal *signal = rules_signal_at(knowledge->rules, i);
        if (span_eq(signal->name, entry->id)) {
            return signal;
        }
    }
    return NULL;
}

enum rc knowledge_load(const struct config *config, struct knowledge *ret_knowledge,
                       struct err *err)
{
    struct knowledge knowledge = {0};
    enum rc rc = load_kb(config, &knowledge.kb, err);

    if (rc == RC_OK) {
        rc = config->rules_path != NULL ? rules_load_file(config->rules_path, &knowledge.rules, err)
                                        : rules_load_builtin(&knowledge.rules, err);
    }
    if (rc == RC_OK) {
        rc = match_set_build(knowledge.kb, &(struct match_opts){0}, &knowledge.set, err);
    }
    if (rc == RC_OK) {
        rc = build_signals(knowledge.rules, &knowledge.signals, err);
    }
    if (rc != RC_OK) {
        knowledge_fini(&knowledge);
        return rc;
    }
    *ret_knowledge = knowledge;
    return RC_OK;
}

void knowledge_fini(struct knowledge *knowledge)
{
    match_set_unref(knowledge->signals.set);
    kb_unref(knowledge->signals.kb);
    mem_free(knowledge->signals.entries);
    match_set_unref(knowledge->set);
    rules_free(knowledge->rules);
    kb_unref(knowledge->kb);
    *knowledge = (struct knowledge){0};
}
