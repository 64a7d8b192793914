/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of kb/ share: parsing one entry, and the checks that a regex has to pass before it
 * is loaded. */
#ifndef GPUERR_KB_KB_INTERNAL_H
#define GPUERR_KB_KB_INTERNAL_H

#include "base/arena.h"
#include "kb/kb.h"

/* A file of the KB is never larger than this, nor nested deeper. */
#define KB_FILE_MAX_BYTES ((size_t)1024 * 1024)
#define KB_FILE_MAX_DEPTH 64

enum rc kb_tier_parse(struct span name, enum kb_tier *ret_tier) GPUERR_MUSTCHECK;
enum rc kb_role_parse(struct span name, enum kb_role *ret_role) GPUERR_MUSTCHECK;

/*
 * Parses the JSON text of one entry; its strings are copied into arena. On failure err has line and
 * column of a syntax error, or the field (`workarounds[0].action`), and the reason.
 */
enum rc kb_parse_entry(struct span text, struct arena *arena, struct kb_entry *ret_entry,
                       struct err *err) GPUERR_MUSTCHECK;

#endif
