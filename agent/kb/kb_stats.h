/* SPDX-License-Identifier: Apache-2.0 */
/* How many entries there are of each kind, for coverage tables. */
#ifndef GPUERR_KB_KB_STATS_H
#define GPUERR_KB_KB_STATS_H

#include "kb/kb.h"

#define KB_STATS_DOMAINS_MAX 256

struct kb_domain_stats {
    struct span name; /* lives as long as the KB */
    size_t n;
};

struct kb_stats {
    size_t n_entries;
    struct kb_domain_stats domains[KB_STATS_DOMAINS_MAX]; /* in the order of their ids */
    size_t n_domains;
    size_t n_other; /* entries of domains that found no room above */
    size_t by_tier[KB_TIER_AI_GENERATED + 1];
    size_t by_severity[SEVERITY_CRITICAL + 1];
    size_t n_without_severity; /* those for which the rule pack decides */
};

void kb_stats_read(const struct kb *kb, struct kb_stats *ret_stats);

#endif
