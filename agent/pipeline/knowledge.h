/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent knows, loaded together: knowledge base, rules, and the match set built from them.
 * Immutable. */
#ifndef GPUERR_PIPELINE_KNOWLEDGE_H
#define GPUERR_PIPELINE_KNOWLEDGE_H

#include "base/err.h"

struct config;
struct kb;
struct match_set;
struct rules;

struct knowledge {
    struct kb *kb;
    struct rules *rules;
    struct match_set *set;
};

/*
 * Loads what config names. Entries of --kb that are refused are logged and the rest loads, unless
 * config->strict: then the first refusal is the error.
 */
enum rc knowledge_load(const struct config *config, struct knowledge *ret_knowledge,
                       struct err *err) GPUERR_MUSTCHECK;

void knowledge_fini(struct knowledge *knowledge);

#endif
