/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the KB's enums, as entries and events spell them. */
#include "kb/kb.h"
#include "kb/kb_internal.h"

static const char *const tier_names[] = {
    [KB_TIER_VENDOR_DOCUMENTED] = "vendor_documented",
    [KB_TIER_SOURCE_CONFIRMED] = "source_confirmed",
    [KB_TIER_COMMUNITY_REPORTED] = "community_reported",
    [KB_TIER_AI_GENERATED] = "ai_generated",
};

static const char *const role_names[] = {
    [KB_ROLE_EITHER] = "either",
    [KB_ROLE_CAUSE] = "cause",
    [KB_ROLE_SYMPTOM] = "symptom",
    [KB_ROLE_WRAPPER] = "wrapper",
};

static const char *const severity_names[] = {
    [SEVERITY_INFO] = "info",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error",
    [SEVERITY_CRITICAL] = "critical",
};

static bool find_name(const char *const *names, size_t n, struct span name, size_t *ret_i)
{
    for (size_t i = 0; i < n; i++) {
        if (span_eq_str(name, names[i])) {
            *ret_i = i;
            return true;
        }
    }
    return false;
}

const char *kb_tier_name(enum kb_tier tier)
{
    return tier_names[tier];
}

const char *kb_role_name(enum kb_role role)
{
    return role_names[role];
}

const char *kb_severity_name(enum severity severity)
{
    return severity_names[severity];
}

enum rc kb_severity_parse(struct span name, enum severity *ret_severity)
{
    size_t i;

    if (!find_name(severity_names, sizeof(severity_names) / sizeof(severity_names[0]), name, &i)) {
        return RC_INVALID;
    }
    *ret_severity = (enum severity)i;
    return RC_OK;
}

enum rc kb_tier_parse(struct span name, enum kb_tier *ret_tier)
{
    size_t i;

    if (!find_name(tier_names, sizeof(tier_names) / sizeof(tier_names[0]), name, &i)) {
        return RC_INVALID;
    }
    *ret_tier = (enum kb_tier)i;
    return RC_OK;
}

enum rc kb_role_parse(struct span name, enum kb_role *ret_role)
{
    size_t i;

    if (!find_name(role_names, sizeof(role_names) / sizeof(role_names[0]), name, &i)) {
        return RC_INVALID;
    }
    *ret_role = (enum kb_role)i;
    return RC_OK;
}

bool kb_advice_confirmed(const struct kb_entry *entry, const struct kb_advice *advice)
{
    return advice->retired.ptr == NULL &&
           (advice->sources.n > 0 || entry->tier != KB_TIER_AI_GENERATED);
}
