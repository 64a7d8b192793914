/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The known name nearest to one that a person mistyped. Offer all known names; the best is at most
 * a third of the word's length (and at least one) of edits away: insert, delete, replace, swap two
 * neighbours.
 */
#ifndef GPUERR_BASE_NEAREST_H
#define GPUERR_BASE_NEAREST_H

#include <stddef.h>

#include "base/span.h"

struct nearest {
    struct span word;
    struct span best; /* absent while nothing is near; lives as long as what was offered */
    size_t distance;
};

void nearest_init(struct nearest *nearest, struct span word);
void nearest_offer(struct nearest *nearest, struct span name);

#endif
