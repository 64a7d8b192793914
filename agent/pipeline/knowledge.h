/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent knows, loaded together: knowledge base, rules, and the match sets built from them.
 * Immutable. */
#ifndef GPUERR_PIPELINE_KNOWLEDGE_H
#define GPUERR_PIPELINE_KNOWLEDGE_H

#include "base/err.h"

struct config;
struct kb;
struct kb_entry;
struct match_set;
struct rules;
struct rules_signal;

/* The rules' signals as entries of a KB of their own, `signal/NAME`, so that the matcher finds them
 * like failures. */
struct signals {
    struct kb_entry *entries;
    struct kb *kb;
    struct match_set *set; /* NULL: there are none */
};

struct knowledge {
    struct kb *kb;
    struct rules *rules;
    struct match_set *set;
    struct signals signals;
};

/* The signal that an entry of knowledge->signals stands for. */
const struct rules_signal *knowledge_signal(const struct knowledge *knowledge,
                                            const struct kb_entry *entry);

/*
 * Loads what config names. Entries of --kb that are refused are logged and the rest loads, unless
 * config->strict: then the first refusal is the error.
 */
enum rc knowledge_load(const struct config *config, struct knowledge *ret_knowledge,
                       struct err *err) GPUERR_MUSTCHECK;

void knowledge_fini(struct knowledge *knowledge);

#endif
