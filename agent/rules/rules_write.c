/* SPDX-License-Identifier: Apache-2.0 */
/* The effective rules, as a pack that stands alone: what `check` shows, and what a user may change
 * and give back with --rules. */
#include "base/clock.h"
#include "base/json_write.h"
#include "kb/kb.h"
#include "rules/rules_internal.h"

/* A JSON string is a YAML double-quoted scalar. */
static void quoted(struct buf *out, struct span text)
{
    buf_add_char(out, '"');
    json_escape(out, text);
    buf_add_char(out, '"');
}

static void write_key(struct buf *out, const char *indent, const char *name, struct span text)
{
    if (text.ptr != NULL) {
        buf_printf(out, "%s%s: ", indent, name);
        quoted(out, text);
        buf_add_char(out, '\n');
    }
}

static void write_words(struct buf *out, const char *indent, const char *name,
                        struct span_list words)
{
    if (words.n == 0) {
        return;
    }
    buf_printf(out, "%s%s: [", indent, name);
    for (size_t i = 0; i < words.n; i++) {
        buf_add_str(out, i > 0 ? ", " : "");
        quoted(out, words.items[i]);
    }
    buf_add_str(out, "]\n");
}

static const char *severity_name(size_t i)
{
    return kb_severity_name((enum severity)i);
}

static const char *tier_name(size_t i)
{
    return kb_tier_name((enum kb_tier)i);
}

static const char *role_name(size_t i)
{
    return kb_role_name((enum kb_role)i);
}

static const char *source_name(size_t i)
{
    return rules_source_names[i];
}

static void write_mask(struct buf *out, const char *name, unsigned mask, size_t n,
                       const char *(*word)(size_t i))
{
    const char *comma = "";

    if (mask == 0) {
        return;
    }
    buf_printf(out, "      %s: [", name);
    for (size_t i = 0; i < n; i++) {
        if ((mask & (1U << i)) != 0) {
            buf_printf(out, "%s%s", comma, word(i));
            comma = ", ";
        }
    }
    buf_add_str(out, "]\n");
}

static void write_pairs(struct buf *out, const char *name, const struct rules_pairs *pairs)
{
    if (pairs->n > 0) {
        buf_printf(out, "      %s:\n", name);
    }
    for (size_t i = 0; i < pairs->n; i++) {
        buf_add_str(out, "        ");
        quoted(out, pairs->items[i].name);
        buf_add_str(out, ": ");
        quoted(out, pairs->items[i].glob);
        buf_add_char(out, '\n');
    }
}

static void write_match(struct buf *out, const char *name, const struct rules_match *match)
{
    buf_printf(out, "    %s:\n", name);
    write_words(out, "      ", "id", match->ids);
    write_words(out, "      ", "domain", match->domains);
    write_words(out, "      ", "category", match->categories);
    write_mask(out, "severity", match->severities, SEVERITY_CRITICAL + 1, severity_name);
    write_mask(out, "tier", match->tiers, KB_TIER_AI_GENERATED + 1, tier_name);
    write_mask(out, "role", match->roles, KB_ROLE_WRAPPER + 1, role_name);
    write_mask(out, "source", match->sources, rules_source_count, source_name);
    write_pairs(out, "captures", &match->captures);
    write_pairs(out, "labels", &match->labels);
}

static void write_ms(struct buf *out, const char *indent, const char *name, int64_t ns)
{
    buf_printf(out, "%s%s: %lldms\n", indent, name, (long long)(ns / CLOCK_NS_PER_MS));
}

static void write_rule(struct buf *out, const struct rule *rule)
{
    const struct rules_set *set = &rule->set;

    buf_add_str(out, "  - name: ");
    quoted(out, rule->name);
    buf_add_char(out, '\n');
    write_match(out, "match", &rule->match);
    if (rule->has_when) {
        buf_printf(out, "    when:\n      count: %u\n", rule->when.count);
        write_ms(out, "      ", "within", rule->when.within_ns);
        write_words(out, "      ", "same", (struct span_list){rule->when.same, rule->when.n_same});
        write_key(out, "      ", "different", rule->when.different);
    }
    buf_add_str(out, "    set:");
    buf_add_str(out, "\n");
    if (set->has_severity) {
        buf_printf(out, "      severity: %s\n", kb_severity_name(set->severity));
    }
    write_key(out, "      ", "node_action", set->node_action);
    write_key(out, "      ", "job_action", set->job_action);
    write_key(out, "      ", "note", set->note);
    write_key(out, "      ", "route", set->route);
    buf_printf(out, "      mute: %s\n", set->mute ? "true" : "false");
    buf_printf(out, "      never_root: %s\n", set->never_root ? "true" : "false");
}

static void write_timing(struct buf *out, const struct rules_timing *timing)
{
    buf_add_str(out, "repeat:\n");
    write_ms(out, "  ", "window", timing->repeat_ns);
    buf_add_str(out, "incidents:\n");
    write_ms(out, "  ", "window", timing->window_ns);
    write_ms(out, "  ", "settle", timing->settle_ns);
    write_ms(out, "  ", "update", timing->update_ns);
    write_ms(out, "  ", "skew", timing->skew_ns);
    write_ms(out, "  ", "late", timing->late_ns);
}

void rules_write_yaml(const struct rules *rules, struct buf *out)
{
    static const char *const means[] = {"progress", "boot"};

    buf_printf(out, "version: 1\nextends: none\ndefault_severity: %s\n",
               kb_severity_name(rules->default_severity));
    buf_add_str(out, rules->n_categories > 0 ? "severity_by_category:\n" : "");
    for (size_t i = 0; i < rules->n_categories; i++) {
        buf_add_str(out, "  ");
        quoted(out, rules->categories[i].name);
        buf_printf(out, ": %.*s\n", (int)rules->categories[i].glob.len,
                   rules->categories[i].glob.ptr);
    }
    write_timing(out, &rules->timing);
    buf_add_str(out, rules->rules.n > 0 ? "rules:\n" : "");
    for (size_t i = 0; i < rules->rules.n; i++) {
        write_rule(out, rules_at(rules, i));
    }
    buf_add_str(out, rules->signals.n > 0 ? "signals:\n" : "");
    for (size_t i = 0; i < rules->signals.n; i++) {
        buf_add_str(out, "  - name: ");
        quoted(out, rules_signal_at(rules, i)->name);
        buf_printf(out, "\n    means: %s\n", means[rules_signal_at(rules, i)->means]);
        write_key(out, "    ", "regex", rules_signal_at(rules, i)->regex);
    }
    buf_add_str(out, rules->resolutions.n > 0 ? "resolve:\n" : "");
    for (size_t i = 0; i < rules->resolutions.n; i++) {
        const struct rules_resolution *resolution = rules_resolution_at(rules, i);
        buf_add_str(out, "  - name: ");
        quoted(out, resolution->name);
        buf_add_char(out, '\n');
        write_match(out, "by", &resolution->by);
        write_words(out, "    ", "resolves", resolution->resolves);
        write_words(out, "    ", "same", (struct span_list){resolution->same, resolution->n_same});
    }
    buf_add_str(out, rules->joins.n > 0 ? "join:\n" : "");
    for (size_t i = 0; i < rules->joins.n; i++) {
        const struct rules_join *join = rules_join_at(rules, i);
        buf_add_str(out, "  - name: ");
        quoted(out, join->name);
        buf_add_char(out, '\n');
        write_match(out, "cause", &join->cause);
        write_match(out, "effect", &join->effect);
        write_key(out, "    ", "why", join->why);
    }
}
