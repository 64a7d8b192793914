/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over all entries; hundreds of them take less time than printing one. */
#include "kb/kb_search.h"

#include "base/nearest.h"

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool holds(struct span text, struct span word)
{
    for (size_t i = 0; i + word.len <= text.len; i++) {
        size_t k = 0;
        while (k < word.len && fold(text.ptr[i + k]) == fold(word.ptr[k])) {
            k++;
        }
        if (k == word.len) {
            return true;
        }
    }
    return false;
}

static bool list_holds(struct span_list list, struct span word)
{
    for (size_t i = 0; i < list.n; i++) {
        if (holds(list.items[i], word)) {
            return true;
        }
    }
    return false;
}

static unsigned word_score(const struct kb_entry *entry, struct span word)
{
    if (holds(entry->id, word) || holds(entry->error_code, word)) {
        return 4;
    }
    if (holds(entry->signature, word) || holds(entry->signature_zh, word)) {
        return 3;
    }
    if (list_holds(entry->aliases, word) || list_holds(entry->tags, word)) {
        return 2;
    }
    return holds(entry->root_cause, word) || holds(entry->root_cause_zh, word) ? 1 : 0;
}

unsigned kb_search_score(const struct kb_entry *entry, struct span query)
{
    unsigned sum = 0;

    while (query.len > 0) {
        size_t n = 0;
        while (n < query.len && query.ptr[n] != ' ') {
            n++;
        }
        if (n > 0) {
            unsigned score = word_score(entry, span_of(query.ptr, n));
            if (score == 0) {
                return 0;
            }
            sum += score;
        }
        query = span_from(query, n + 1);
    }
    return sum;
}

const struct kb_entry *kb_nearest(const struct kb *kb, struct span id)
{
    struct nearest nearest;

    nearest_init(&nearest, id);
    for (size_t i = 0; i < kb_count(kb); i++) {
        nearest_offer(&nearest, kb_at(kb, i)->id);
    }
    return nearest.best.ptr != NULL ? kb_find(kb, nearest.best) : NULL;
}
