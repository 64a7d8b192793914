/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of rules with `when`: of each rule and each set of equal values, the last matches, as
 * many as the rule wants to see. When `different` is asked for, a value that is seen again takes
 * the place of its older self.
 */
#include "base/clock.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "incident/incident_internal.h"

#define SLOTS     1024
#define TALLY_MAX 16384

struct tally {
    struct tally *next;
    uint64_t key;
    unsigned n;
    unsigned max;
    struct recent recent[]; /* oldest first */
};

struct counts {
    struct tally *slots[SLOTS];
    size_t n;
};

struct counts *counts_new(void)
{
    return mem_calloc(1, sizeof(struct counts));
}

struct counts *counts_free(struct counts *counts)
{
    for (size_t i = 0; counts != NULL && i < SLOTS; i++) {
        while (counts->slots[i] != NULL) {
            struct tally *tally = counts->slots[i];
            counts->slots[i] = tally->next;
            mem_free(tally);
        }
    }
    return mem_free(counts);
}

static uint64_t key_of(size_t rule, const struct rules_when *when,
                       const struct rules_subject *subject)
{
    uint64_t key = (uint64_t)rule;
    char number[16];

    for (size_t i = 0; i < when->n_same; i++) {
        uint64_t parts[] = {key, hash_64(rules_field(subject, when->same[i], number))};
        key = hash_64(span_of((const char *)parts, sizeof(parts)));
    }
    return key;
}

/* Room for a new one is made by the first of a slot that is in the way: the memory is a help, not a
 * promise. */
static struct tally *add(struct counts *counts, uint64_t key, unsigned max)
{
    struct tally **slot = &counts->slots[key % SLOTS];
    struct tally *tally;

    if (counts->n >= TALLY_MAX && *slot != NULL) {
        tally = *slot;
        *slot = tally->next;
        mem_free(tally);
        counts->n--;
    }
    tally = mem_calloc(1, sizeof(*tally) + max * sizeof(tally->recent[0]));
    if (tally != NULL) {
        tally->key = key;
        tally->max = max;
        tally->next = *slot;
        *slot = tally;
        counts->n++;
    }
    return tally;
}

static void drop(struct tally *tally, unsigned i)
{
    memmove(&tally->recent[i], &tally->recent[i + 1],
            (tally->n - i - 1) * sizeof(tally->recent[0]));
    tally->n--;
}

static void forget(struct tally *tally, int64_t before_ns, const uint64_t *same_value)
{
    for (unsigned i = tally->n; i-- > 0;) {
        if (tally->recent[i].when_ns < before_ns ||
            (same_value != NULL && tally->recent[i].value == *same_value)) {
            drop(tally, i);
        }
    }
}

bool counts_count(void *ctx, size_t rule, const struct rules_when *when,
                  const struct rules_subject *subject)
{
    struct counts *counts = ctx;
    const struct event *event = subject->event;
    int64_t when_ns = event->diagnosis->when_wall_ns != CLOCK_NONE ? event->diagnosis->when_wall_ns
                                                                   : event->time_wall_ns;
    uint64_t key = key_of(rule, when, subject);
    struct tally *tally = counts->slots[key % SLOTS];
    char number[16];
    uint64_t value = 0;

    while (tally != NULL && tally->key != key) {
        tally = tally->next;
    }
    if (tally == NULL) {
        tally = add(counts, key, when->count < COUNTS_RECENT_MAX ? when->count : COUNTS_RECENT_MAX);
    }
    if (tally == NULL) {
        return false;
    }
    if (when->different.ptr != NULL) {
        struct span field = rules_field(subject, when->different, number);
        if (field.ptr == NULL) {
            return false;
        }
        value = hash_64(field);
    }
    forget(tally, when_ns - when->within_ns, when->different.ptr != NULL ? &value : NULL);
    if (tally->n == tally->max) {
        drop(tally, 0);
    }
    tally->recent[tally->n++] = (struct recent){value, when_ns};
    return tally->n >= when->count;
}

void counts_each(const struct counts *counts,
                 void (*fn)(void *ctx, uint64_t key, const struct recent *recent, unsigned n,
                            unsigned max),
                 void *ctx)
{
    for (size_t i = 0; i < SLOTS; i++) {
        for (const struct tally *tally = counts->slots[i]; tally != NULL; tally = tally->next) {
            fn(ctx, tally->key, tally->recent, tally->n, tally->max);
        }
    }
}

void counts_restore(struct counts *counts, uint64_t key, const struct recent *recent, unsigned n,
                    unsigned max)
{
    struct tally *tally = n <= max && max <= COUNTS_RECENT_MAX ? add(counts, key, max) : NULL;

    if (tally != NULL) {
        memcpy(tally->recent, recent, n * sizeof(*recent));
        tally->n = n;
    }
}
