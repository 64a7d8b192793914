/* SPDX-License-Identifier: Apache-2.0 */
/* A short list, searched in a line: it sees failures only. See twins.h. */
#include "diagnose/twins.h"

#include <string.h>

/* Shorter texts may be equal by chance. */
#define TEXT_BYTES_MIN 16
/* What a way may keep before the text: a tag with a process id. */
#define PREFIX_BYTES_MAX 80

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_same_host(const struct twin *twin, struct span host)
{
    size_t len = least(host.len, sizeof(twin->host) - 1);

    return twin->host[0] == '\0' || len == 0 ||
           (memcmp(twin->host, host.ptr, len) == 0 && twin->host[len] == '\0');
}

static bool is_same(const struct twin *twin, const struct record *record)
{
    size_t len = least(least(twin->text_len, record->text.len), TWINS_TAIL_BYTES);
    size_t longer = twin->text_len > record->text.len ? twin->text_len : record->text.len;

    return longer - least(twin->text_len, record->text.len) <= PREFIX_BYTES_MAX &&
           twin->rank == record->rank && is_same_host(twin, record->host) &&
           memcmp(twin->tail + twin->tail_len - len, record->text.ptr + record->text.len - len,
                  len) == 0;
}

static void keep(struct twin *twin, const struct record *record)
{
    *twin = (struct twin){
        .tail_len = least(record->text.len, TWINS_TAIL_BYTES),
        .text_len = record->text.len,
        .rank = record->rank,
    };
    memcpy(twin->tail, record->text.ptr + record->text.len - twin->tail_len, twin->tail_len);
    if (record->host.len > 0) {
        memcpy(twin->host, record->host.ptr, least(record->host.len, sizeof(twin->host) - 1));
    }
}

/* The one for this text, else one for it: unused, or that was seen longest ago. */
static struct twin *find(struct twins *twins, const struct record *record, int64_t now_ns)
{
    struct twin *oldest = &twins->items[0];

    for (size_t i = 0; i < twins->n; i++) {
        struct twin *twin = &twins->items[i];
        if (now_ns - twin->seen_ns <= TWINS_NS && is_same(twin, record)) {
            return twin;
        }
        if (twin->seen_ns < oldest->seen_ns) {
            oldest = twin;
        }
    }
    if (twins->n < TWINS_MAX) {
        oldest = &twins->items[twins->n++];
    }
    keep(oldest, record);
    return oldest;
}

bool twins_note(struct twins *twins, enum source_type way, const struct record *record,
                int64_t now_ns)
{
    bool only_kernel = way == SOURCE_FILE || way == SOURCE_STDIN || way == SOURCE_EXEC;
    struct twin *twin;
    uint32_t most = 0;

    if (record->replayed || record->text.len < TEXT_BYTES_MIN || (only_kernel && !record->kernel)) {
        return false;
    }
    twin = find(twins, record, now_ns);
    twin->seen_ns = now_ns;
    for (size_t i = 0; i < TWINS_WAYS; i++) {
        if (i != (size_t)way && twin->came[i] > most) {
            most = twin->came[i];
        }
    }
    return twin->came[way]++ < most;
}
