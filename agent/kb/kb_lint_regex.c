/* SPDX-License-Identifier: Apache-2.0 */
/* The regex: what is said of its groups, its shape (kb_shape_internal.h), and its samples. */
#include "kb/kb_lint_internal.h"
#include "kb/kb_shape_internal.h"

static void check_groups(const struct kb_lint *lint, const struct kb_regex *regex)
{
    struct span names[MATCH_CAPTURES_MAX];
    size_t n = kb_regex_names(regex, names);

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < lint->entry->n_captures && !span_eq(lint->entry->captures[k].name, names[i])) {
            k++;
        }
        if (k == lint->entry->n_captures) {
            kb_lint_fault(lint, "captures", "says nothing of group %.*s", (int)names[i].len,
                          names[i].ptr);
        }
    }
}

static void check_shape(const struct kb_lint *lint)
{
    struct kb_shape shape = kb_shape_of(lint->entry->regex);

    if (!shape.readable) {
        kb_lint_fault(lint, "regex",
                      "cannot be judged: (?x), \\Q and conditions are not read here");
        return;
    }
    if (!shape.has_literal) {
        kb_lint_fault(lint, "regex", "has a branch without %d literal characters in a row",
                      KB_SHAPE_RUN);
    }
    if (shape.leading_wildcard) {
        kb_lint_fault(lint, "regex", "begins with an unbounded wildcard");
    }
    if (shape.nested_repeat) {
        kb_lint_fault(lint, "regex", "repeats a repeat without bound, as (a+)+ does");
    }
}

void kb_lint_regex(const struct kb_lint *lint, const struct kb_regex *regex)
{
    check_groups(lint, regex);
    check_shape(lint);
}

static void check_sample(const struct kb_lint *lint, const struct kb_regex *regex,
                         const char *field, struct span sample, bool wanted)
{
    enum kb_regex_result result = kb_regex_run(regex, sample);

    if (memchr(sample.ptr, '\n', sample.len) != NULL ||
        memchr(sample.ptr, '\r', sample.len) != NULL) {
        kb_lint_fault(lint, field, "holds a line end; a record is one line: %.*s", (int)sample.len,
                      sample.ptr);
    } else if (result == KB_REGEX_STOPPED) {
        kb_lint_fault(lint, "regex", "backtracks without bound on: %.*s", (int)sample.len,
                      sample.ptr);
    } else if ((result == KB_REGEX_MATCHES) != wanted) {
        kb_lint_fault(lint, field, "%s: %.*s", wanted ? "does not match" : "matches",
                      (int)sample.len, sample.ptr);
    }
}

void kb_lint_samples(const struct kb_lint *lint, const struct kb_regex *regex)
{
    const struct kb_entry *entry = lint->entry;

    for (size_t i = 0; i < entry->samples.n; i++) {
        check_sample(lint, regex, "samples", entry->samples.items[i], true);
    }
    for (size_t i = 0; i < entry->counter_samples.n; i++) {
        check_sample(lint, regex, "counter_samples", entry->counter_samples.items[i], false);
    }
}
