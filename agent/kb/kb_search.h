/* SPDX-License-Identifier: Apache-2.0 */
/* Looking for entries by words, and by an id that is nearly right. */
#ifndef GPUERR_KB_KB_SEARCH_H
#define GPUERR_KB_KB_SEARCH_H

#include "kb/kb.h"

/*
 * How well an entry answers a query: every word of it (separated by spaces, ASCII case does not
 * matter) must stand in the entry's id, error code, signatures, aliases, tags or root cause. 0 when
 * one does not; larger is better (an id counts more than a root cause).
 */
unsigned kb_search_score(const struct kb_entry *entry, struct span query);

/* The entry whose id is nearest to one that a person mistyped, or NULL. */
const struct kb_entry *kb_nearest(const struct kb *kb, struct span id);

#endif
