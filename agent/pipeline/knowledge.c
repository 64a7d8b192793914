/* SPDX-License-Identifier: Apache-2.0 */
/* See knowledge.h. */
#include "pipeline/knowledge.h"

#include "base/log.h"
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
    if (rc != RC_OK) {
        knowledge_fini(&knowledge);
        return rc;
    }
    *ret_knowledge = knowledge;
    return RC_OK;
}

void knowledge_fini(struct knowledge *knowledge)
{
    match_set_unref(knowledge->set);
    rules_free(knowledge->rules);
    kb_unref(knowledge->kb);
    *knowledge = (struct knowledge){0};
}
