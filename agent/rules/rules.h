/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule pack: what the agent does with a diagnosis beyond what its entry says; today the
 * severity by category. YAML, strict; the shipped pack (rules/severity.yaml) is compiled in.
 * Immutable once loaded.
 */
#ifndef GPUERR_RULES_RULES_H
#define GPUERR_RULES_RULES_H

#include <stdbool.h>

#include "base/err.h"
#include "flow/event.h"

struct kb_entry;
struct rules;

enum rc rules_load_builtin(struct rules **ret_rules, struct err *err) GPUERR_MUSTCHECK;

/* In place of the shipped pack. Errors have file, line and column. */
enum rc rules_load_file(const char *path, struct rules **ret_rules,
                        struct err *err) GPUERR_MUSTCHECK;

struct rules *rules_free(struct rules *rules);

/* The entry's own severity, else that of its category, else the pack's default. */
enum severity rules_severity(const struct rules *rules, const struct kb_entry *entry);

bool rules_knows_category(const struct rules *rules, struct span category);

#endif
