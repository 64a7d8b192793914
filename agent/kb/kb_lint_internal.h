/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the lint share. Each check tells all faults of one entry and goes on. */
#ifndef GPUERR_KB_KB_LINT_INTERNAL_H
#define GPUERR_KB_KB_LINT_INTERNAL_H

#include "kb/kb_lint.h"
#include "kb/kb_regex_internal.h"

struct kb_lint {
    const struct kb *kb;
    const struct kb_entry *entry;
    kb_fault_fn *on_fault;
    void *ctx;
};

void kb_lint_fault(const struct kb_lint *lint, const char *field, const char *format, ...)
    GPUERR_PRINTF(3, 4);

/* --- kb_lint_regex.c --- */

void kb_lint_regex(const struct kb_lint *lint, const struct kb_regex *regex);
void kb_lint_samples(const struct kb_lint *lint, const struct kb_regex *regex);

/* --- kb_lint_text.c --- */

void kb_lint_texts(const struct kb_lint *lint);
/* RC_NOMEM. */
enum rc kb_lint_claims(const struct kb_lint *lint) GPUERR_MUSTCHECK;

/* --- kb_lint_links.c --- */

void kb_lint_links(const struct kb_lint *lint);

#endif
