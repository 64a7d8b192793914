/* SPDX-License-Identifier: Apache-2.0 */
/* The checks that need more than one field of an entry: its regex, and what is said about the
 * groups. */
#include "kb/kb_internal.h"
#include "kb/kb_regex_internal.h"

static enum rc check_captures(const struct kb_entry *entry, const struct kb_regex *regex,
                              struct err *err)
{
    struct span groups[MATCH_CAPTURES_MAX];
    size_t n = kb_regex_names(regex, groups);

    for (size_t i = 0; i < entry->n_captures; i++) {
        struct span name = entry->captures[i].name;
        size_t k = 0;

        while (k < n && !span_eq(groups[k], name)) {
            k++;
        }
        if (k == n) {
            (void)err_set(err, RC_INVALID, "the regex has no group of that name");
            err_field(err, "captures.%.*s", (int)(name.len < 64 ? name.len : 64), name.ptr);
            return RC_INVALID;
        }
    }
    return RC_OK;
}

enum rc kb_check_regex(const struct kb_entry *entry, struct err *err)
{
    struct kb_regex *regex;
    enum rc rc = kb_regex_new(entry->regex, &regex, err);

    if (rc != RC_OK) {
        err_field(err, "regex");
        return rc;
    }
    rc = check_captures(entry, regex, err);
    kb_regex_free(regex);
    return rc;
}
