/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of one entry that need more than one field: the domain is the first part of the id, the
 * regex compiles and its groups are those that `captures` names, retired claims point at something.
 * A retired claim that points into an advice marks that advice, so that nobody acts on it.
 */
#include <stdlib.h>

#include "kb/kb_read_internal.h"
#include "kb/kb_regex_internal.h"
#include "kb/kb_schema_internal.h"

static enum rc check_domain(const struct kb_entry *entry, struct err *err)
{
    struct span domain = entry->domain;
    enum rc rc;

    if (span_starts(entry->id, domain) && entry->id.ptr[domain.len] == '/') {
        return RC_OK;
    }
    rc = err_set(err, RC_INVALID, "\"%s\" is not the first part of the id \"%s\"", domain.ptr,
                 entry->id.ptr);
    err_field(err, "domain");
    return rc;
}

static bool has_name(const struct span *names, size_t n, struct span name)
{
    for (size_t i = 0; i < n; i++) {
        if (span_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

static enum rc check_captures(const struct kb_entry *entry, const struct kb_regex *regex,
                              struct err *err)
{
    struct span groups[MATCH_CAPTURES_MAX];
    struct span rows[MATCH_CAPTURES_MAX];
    size_t n = kb_regex_names(regex, groups);

    for (size_t i = 0; i < entry->n_captures; i++) {
        rows[i] = entry->captures[i].name;
        if (!has_name(groups, n, rows[i])) {
            (void)err_set(err, RC_INVALID, "the regex has no group of this name");
            err_field(err, "captures.%s", rows[i].ptr);
            return RC_INVALID;
        }
    }
    for (size_t i = 0; i < n && entry->n_captures > 0; i++) {
        if (!has_name(rows, entry->n_captures, groups[i])) {
            (void)err_set(err, RC_INVALID, "no row for the group \"%.*s\" of the regex",
                          (int)groups[i].len, groups[i].ptr);
            err_field(err, "captures");
            return RC_INVALID;
        }
    }
    return RC_OK;
}

static enum rc check_regex(const struct kb_entry *entry, struct err *err)
{
    struct kb_regex *regex = NULL;
    enum rc rc = kb_regex_new(entry->regex, &regex, err);

    if (rc == RC_INVALID) {
        err_field(err, "regex");
    }
    if (rc == RC_OK) {
        rc = check_captures(entry, regex, err);
    }
    kb_regex_free(regex);
    return rc;
}

/* `/dead_ends/2` or `/dead_ends/2/why_fails`: marks the advice; false when there is none of that
 * number. */
static bool mark_advice(const struct kb_advice_list *list, const char *index, struct span reason)
{
    char *end;
    unsigned long i = strtoul(index, &end, 10);
    struct kb_advice *items;

    if (end == index || (*end != '\0' && *end != '/') || i >= list->n) {
        return false;
    }
    /* The array is ours until the entry is handed out. */
    memcpy(&items, &list->items, sizeof(items));
    items[i].retired = reason;
    return true;
}

static bool is_field(struct span name)
{
    for (size_t i = 0; i < kb_entry_shape.n; i++) {
        if (span_eq_str(name, kb_entry_shape.fields[i].name)) {
            return true;
        }
    }
    return false;
}

static bool resolve_retired(struct kb_entry *entry, const struct kb_retired_claim *claim)
{
    static const struct span in_workarounds = SPAN_LIT("/workarounds/");
    static const struct span in_dead_ends = SPAN_LIT("/dead_ends/");
    struct span field = claim->field;

    if (field.ptr == NULL) {
        return true;
    }
    if (span_starts(field, in_workarounds)) {
        return mark_advice(&entry->workarounds, field.ptr + in_workarounds.len, claim->reason);
    }
    if (span_starts(field, in_dead_ends)) {
        return mark_advice(&entry->dead_ends, field.ptr + in_dead_ends.len, claim->reason);
    }
    return field.ptr[0] == '/' && is_field(span_of(field.ptr + 1, strcspn(field.ptr + 1, "/")));
}

static enum rc check_retired(struct kb_entry *entry, struct err *err)
{
    for (size_t i = 0; i < entry->n_retired_claims; i++) {
        const struct kb_retired_claim *claim = &entry->retired_claims[i];
        if (!resolve_retired(entry, claim)) {
            (void)err_set(err, RC_INVALID, "\"%s\" points at nothing in this entry",
                          claim->field.ptr);
            err_field(err, "retired_claims[%zu].field", i);
            return RC_INVALID;
        }
    }
    return RC_OK;
}

enum rc kb_check_entry(struct kb_entry *entry, struct err *err)
{
    enum rc rc = check_domain(entry, err);

    if (rc == RC_OK) {
        rc = check_regex(entry, err);
    }
    if (rc == RC_OK) {
        rc = check_retired(entry, err);
    }
    return rc;
}
