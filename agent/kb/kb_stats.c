/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over the entries: they are sorted by id and the id begins with the domain, so the
 * entries of a domain stand together. */
#include "kb/kb_stats.h"

static void count_domain(struct kb_stats *stats, struct span name)
{
    if (stats->n_domains > 0 && span_eq(stats->domains[stats->n_domains - 1].name, name)) {
        stats->domains[stats->n_domains - 1].n++;
    } else if (stats->n_domains < KB_STATS_DOMAINS_MAX) {
        stats->domains[stats->n_domains++] = (struct kb_domain_stats){name, 1};
    } else {
        stats->n_other++;
    }
}

void kb_stats_read(const struct kb *kb, struct kb_stats *ret_stats)
{
    struct kb_stats stats = {.n_entries = kb_count(kb)};

    for (size_t i = 0; i < stats.n_entries; i++) {
        const struct kb_entry *entry = kb_at(kb, i);
        const char *slash = memchr(entry->id.ptr, '/', entry->id.len);
        count_domain(&stats, span_of(entry->id.ptr, (size_t)(slash - entry->id.ptr)));
        stats.by_tier[entry->tier]++;
        if (entry->has_severity) {
            stats.by_severity[entry->severity]++;
        } else {
            stats.n_without_severity++;
        }
    }
    *ret_stats = stats;
}
