/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules make of a diagnosis. */
#include <stdio.h>

#include "kb/kb.h"
#include "rules/rules_internal.h"

bool rules_glob(struct span pattern, struct span text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX; /* the last `*`, and how far it reached */
    size_t reached = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            reached = t;
        } else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++reached;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

bool rules_glob_any(struct span_list patterns, struct span text)
{
    for (size_t i = 0; i < patterns.n; i++) {
        if (rules_glob(patterns.items[i], text)) {
            return true;
        }
    }
    return false;
}

static struct span capture_by_kind(const struct diagnosis *diagnosis, struct span name)
{
    for (size_t i = 0; i < diagnosis->captures.n; i++) {
        const struct capture *capture = &diagnosis->captures.items[i];
        if (span_eq(capture->name, name)) {
            return capture->value;
        }
        for (size_t k = 0; k < diagnosis->entry->n_captures; k++) {
            const struct kb_capture *known = &diagnosis->entry->captures[k];
            if (span_eq(known->name, capture->name) && span_eq(known->kind, name)) {
                return capture->value;
            }
        }
    }
    return (struct span){0};
}

struct span rules_field(const struct rules_subject *subject, struct span name, char number[16])
{
    const struct diagnosis *diagnosis = subject->event->diagnosis;

    if (span_eq_str(name, "id")) {
        return diagnosis->entry->id;
    }
    if (span_eq_str(name, "domain")) {
        return diagnosis->entry->domain;
    }
    if (span_eq_str(name, "host")) {
        return subject->event->host;
    }
    if (span_eq_str(name, "unit")) {
        return diagnosis->record->unit;
    }
    if (span_eq_str(name, "gpu")) {
        return diagnosis->gpu;
    }
    if (span_eq_str(name, "rank")) {
        if (diagnosis->rank == RANK_NONE) {
            return (struct span){0};
        }
        (void)snprintf(number, 16, "%d", (int)diagnosis->rank);
        return span_str(number);
    }
    return capture_by_kind(diagnosis, name);
}

static bool match_captures(const struct rules_pairs *pairs, const struct rules_subject *subject)
{
    char number[16];

    for (size_t i = 0; i < pairs->n; i++) {
        struct span value = rules_field(subject, pairs->items[i].name, number);
        if (value.ptr == NULL || !rules_glob(pairs->items[i].glob, value)) {
            return false;
        }
    }
    return true;
}

static bool match_labels(const struct rules_pairs *pairs, const struct rules_subject *subject)
{
    for (size_t i = 0; i < pairs->n; i++) {
        bool found = false;
        for (size_t k = 0; k < subject->n_labels && !found; k++) {
            found = span_eq(subject->labels[k].key, pairs->items[i].name) &&
                    rules_glob(pairs->items[i].glob, subject->labels[k].value);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool in_mask(unsigned mask, unsigned bit)
{
    return mask == 0 || (mask & (1U << bit)) != 0;
}

static bool in_list(struct span_list list, struct span text)
{
    return list.n == 0 || rules_glob_any(list, text);
}

bool rules_match_entry(const struct rules_match *match, const struct kb_entry *entry,
                       enum severity severity)
{
    return in_list(match->ids, entry->id) && in_list(match->domains, entry->domain) &&
           in_list(match->categories, entry->category) && in_mask(match->severities, severity) &&
           in_mask(match->tiers, entry->tier) && in_mask(match->roles, entry->role);
}

bool rules_match_subject(const struct rules_match *match, const struct rules_subject *subject)
{
    const struct event *event = subject->event;

    return rules_match_entry(match, event->diagnosis->entry, event->severity) &&
           in_mask(match->sources, event->origin->type) &&
           match_captures(&match->captures, subject) && match_labels(&match->labels, subject);
}

static void lay_over(struct rules_effect *effect, const struct rule *rule)
{
    const struct rules_set *set = &rule->set;

    if (set->has_severity) {
        effect->severity = set->severity;
    }
    effect->node_action = set->node_action.ptr != NULL ? set->node_action : effect->node_action;
    effect->job_action = set->job_action.ptr != NULL ? set->job_action : effect->job_action;
    effect->note = set->note.ptr != NULL ? set->note : effect->note;
    effect->route = set->route.ptr != NULL ? set->route : effect->route;
    effect->mute = effect->mute || set->mute;
    effect->never_root = effect->never_root || set->never_root;
    if (effect->n_applied < RULES_APPLIED_MAX) {
        effect->applied[effect->n_applied++] = rule->name;
    }
}

void rules_apply(const struct rules *rules, const struct rules_subject *subject,
                 rules_count_fn *count, void *ctx, struct rules_effect *ret_effect)
{
    const struct kb_entry *entry = subject->event->diagnosis->entry;
    struct rules_effect effect = {
        .severity = subject->event->severity,
        .node_action = entry->node_action,
        .job_action = entry->job_action,
    };

    for (size_t i = 0; i < rules->rules.n; i++) {
        const struct rule *rule = rules_at(rules, i);
        if (rules_match_subject(&rule->match, subject) &&
            (!rule->has_when || (count != NULL && count(ctx, i, &rule->when, subject)))) {
            lay_over(&effect, rule);
        }
    }
    *ret_effect = effect;
}

bool rules_resolves(const struct rules *rules, const struct rules_subject *by,
                    const struct kb_entry *resolved, const struct span **ret_same, size_t *ret_n,
                    struct span *ret_name)
{
    for (size_t i = 0; i < rules->resolutions.n; i++) {
        const struct rules_resolution *resolution = rules_resolution_at(rules, i);
        if (rules_glob_any(resolution->resolves, resolved->id) &&
            rules_match_subject(&resolution->by, by)) {
            *ret_same = resolution->same;
            *ret_n = resolution->n_same;
            *ret_name = resolution->name;
            return true;
        }
    }
    return false;
}

bool rules_joins(const struct rules *rules, const struct kb_entry *cause,
                 enum severity cause_severity, const struct kb_entry *effect,
                 enum severity effect_severity, struct span *ret_why)
{
    for (size_t i = 0; i < rules->joins.n; i++) {
        const struct rules_join *join = rules_join_at(rules, i);
        if (rules_match_entry(&join->effect, effect, effect_severity) &&
            rules_match_entry(&join->cause, cause, cause_severity)) {
            *ret_why = join->why;
            return true;
        }
    }
    return false;
}

bool rules_is_effect(const struct rules *rules, const struct kb_entry *effect,
                     enum severity severity)
{
    for (size_t i = 0; i < rules->joins.n; i++) {
        if (rules_match_entry(&rules_join_at(rules, i)->effect, effect, severity)) {
            return true;
        }
    }
    return false;
}
