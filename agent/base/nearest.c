/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edit distance with swaps of neighbours (optimal string alignment), three rows of a table that is
 * never wider than WORD_MAX. Longer words are no typing slips: nothing is near to them.
 */
#include "base/nearest.h"

#define WORD_MAX 128

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static size_t distance(struct span a, struct span b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];

    for (size_t k = 0; k <= b.len; k++) {
        above[k] = k;
        before[k] = 0;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *oldest = before;
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            size_t cost = a.ptr[i - 1] != b.ptr[k - 1];
            row[k] = min3(above[k] + 1, row[k - 1] + 1, above[k - 1] + cost);
            if (i > 1 && k > 1 && a.ptr[i - 1] == b.ptr[k - 2] && a.ptr[i - 2] == b.ptr[k - 1] &&
                before[k - 2] + 1 < row[k]) {
                row[k] = before[k - 2] + 1;
            }
        }
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.len];
}

void nearest_init(struct nearest *nearest, struct span word)
{
    size_t reach = word.len / 3 > 0 ? word.len / 3 : 1;

    *nearest = (struct nearest){.word = word, .distance = reach + 1};
}

void nearest_offer(struct nearest *nearest, struct span name)
{
    size_t d;

    if (nearest->word.len > WORD_MAX || name.len > WORD_MAX) {
        return;
    }
    d = distance(nearest->word, name);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->best = name;
    }
}
