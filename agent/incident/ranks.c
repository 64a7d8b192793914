/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of ranks as bitmaps, and what ranks say of their work as a hash table. */
#include "base/mem.h"
#include "incident/incident_internal.h"

#define WORD_BITS 64

void rank_set_fini(struct rank_set *set)
{
    set->words = mem_free(set->words);
    set->n_words = set->n = 0;
}

static bool grow_set(struct rank_set *set, size_t n_words)
{
    uint64_t *words = mem_realloc(set->words, n_words, sizeof(*words));

    if (words == NULL) {
        return false;
    }
    memset(words + set->n_words, 0, (n_words - set->n_words) * sizeof(*words));
    set->words = words;
    set->n_words = n_words;
    return true;
}

bool rank_set_has(const struct rank_set *set, int32_t rank)
{
    size_t word = (size_t)rank / WORD_BITS;

    return rank >= 0 && word < set->n_words &&
           (set->words[word] >> ((size_t)rank % WORD_BITS) & 1) != 0;
}

bool rank_set_add(struct rank_set *set, int32_t rank)
{
    size_t word = (size_t)rank / WORD_BITS;

    if (rank < 0 || rank > INCIDENTS_RANK_MAX || rank_set_has(set, rank)) {
        return false;
    }
    if (word >= set->n_words && !grow_set(set, word + 1)) {
        return false;
    }
    set->words[word] |= UINT64_C(1) << ((size_t)rank % WORD_BITS);
    set->n++;
    return true;
}

int32_t rank_set_next(const struct rank_set *set, int32_t from)
{
    for (size_t rank = (size_t)from; rank < set->n_words * WORD_BITS; rank++) {
        if (rank % WORD_BITS == 0 && set->words[rank / WORD_BITS] == 0) {
            rank += WORD_BITS - 1;
        } else if (rank_set_has(set, (int32_t)rank)) {
            return (int32_t)rank;
        }
    }
    return RANK_NONE;
}

void rank_set_add_all(struct rank_set *set, const struct rank_set *other)
{
    for (int32_t rank = rank_set_next(other, 0); rank != RANK_NONE;
         rank = rank_set_next(other, rank + 1)) {
        (void)rank_set_add(set, rank);
    }
}

bool rank_set_intersects(const struct rank_set *a, const struct rank_set *b)
{
    size_t n = a->n_words < b->n_words ? a->n_words : b->n_words;

    for (size_t i = 0; i < n; i++) {
        if ((a->words[i] & b->words[i]) != 0) {
            return true;
        }
    }
    return false;
}

void rank_set_format(const struct rank_set *set, size_t max, struct buf *out)
{
    size_t start = out->len;
    int32_t rank = rank_set_next(set, 0);

    while (rank != RANK_NONE) {
        int32_t last = rank;
        while (rank_set_has(set, last + 1)) {
            last++;
        }
        if (out->len - start > max) {
            buf_add_str(out, "...");
            return;
        }
        buf_add_str(out, out->len > start ? "," : "");
        buf_printf(out, "%d", (int)rank);
        if (last > rank) {
            buf_printf(out, "%c%d", last == rank + 1 ? ',' : '-', (int)last);
        }
        rank = rank_set_next(set, last + 1);
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int32_t take_number(struct span *text)
{
    int32_t number = 0;

    while (text->len > 0 && is_digit(text->ptr[0])) {
        number = number > INCIDENTS_RANK_MAX ? number : number * 10 + (text->ptr[0] - '0');
        *text = span_from(*text, 1);
    }
    return number;
}

void rank_set_parse(struct rank_set *set, struct span text)
{
    while (text.len > 0) {
        int32_t first;
        int32_t last;
        if (!is_digit(text.ptr[0])) {
            text = span_from(text, 1);
            continue;
        }
        first = last = take_number(&text);
        if (text.len > 1 && text.ptr[0] == '-' && is_digit(text.ptr[1])) {
            text = span_from(text, 1);
            last = take_number(&text);
        }
        for (int32_t rank = first; rank <= last && rank <= INCIDENTS_RANK_MAX; rank++) {
            (void)rank_set_add(set, rank);
        }
    }
}

/* ---- works ---- */

void work_table_fini(struct work_table *table)
{
    table->slots = mem_free(table->slots);
    table->n_slots = table->n = 0;
}

static struct work *find_slot(const struct work_table *table, int32_t rank)
{
    size_t i = ((size_t)rank * 0x9E3779B1U) & (table->n_slots - 1);

    while (table->slots[i].rank != RANK_NONE && table->slots[i].rank != rank) {
        i = (i + 1) & (table->n_slots - 1);
    }
    return &table->slots[i];
}

static bool grow_works(struct work_table *table)
{
    struct work_table grown = {.n_slots = table->n_slots > 0 ? table->n_slots * 2 : 16};

    grown.slots = mem_calloc(grown.n_slots, sizeof(*grown.slots));
    if (grown.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < grown.n_slots; i++) {
        grown.slots[i].rank = RANK_NONE;
    }
    for (size_t i = 0; i < table->n_slots; i++) {
        if (table->slots[i].rank != RANK_NONE) {
            *find_slot(&grown, table->slots[i].rank) = table->slots[i];
        }
    }
    grown.n = table->n;
    mem_free(table->slots);
    *table = grown;
    return true;
}

struct work *work_table_get(struct work_table *table, int32_t rank)
{
    struct work *work;

    if (table->n * 2 >= table->n_slots && !grow_works(table)) {
        return NULL;
    }
    work = find_slot(table, rank);
    if (work->rank == RANK_NONE) {
        *work = (struct work){.rank = rank, .enqueued = WORK_NONE};
        table->n++;
    }
    return work;
}
