/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quality bar of the knowledge base, beyond what the loader demands: what kb/README.md marks as
 * wanted of a shipped entry, and what can only be seen over all entries together.
 */
#ifndef GPUERR_KB_KB_LINT_H
#define GPUERR_KB_KB_LINT_H

#include "kb/kb.h"

/* One fault: file, field, message, sometimes a hint. */
typedef void kb_fault_fn(void *ctx, const struct err *err);

/* Everything, the samples included; faults come in order of ids. RC_OK whatever was found,
 * RC_NOMEM. */
enum rc kb_lint(const struct kb *kb, kb_fault_fn *on_fault, void *ctx) GPUERR_MUSTCHECK;

/* Only the samples: each matches its entry's regex, no counter-sample does. */
enum rc kb_test(const struct kb *kb, kb_fault_fn *on_fault, void *ctx) GPUERR_MUSTCHECK;

#endif
