/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the shipped packs, all YAML files of rules/ in the order of their names; written at
 * build time (agent/cmake/embed.cmake). */
#ifndef GPUERR_RULES_RULES_BUILTIN_H
#define GPUERR_RULES_RULES_BUILTIN_H

#include "base/span.h"

struct rules_builtin {
    const char *name; /* of the file, `rules/severity.yaml` */
    struct span text;
};

extern const struct rules_builtin rules_builtin[];
extern const size_t rules_builtin_count;

#endif
