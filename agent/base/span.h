/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A counted string by value: where text lies and how long it is. A span owns nothing; whoever hands
 * one on says how long the bytes live. `ptr == NULL` means "absent", which is not the same as
 * empty.
 */
#ifndef GPUERR_BASE_SPAN_H
#define GPUERR_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *ptr;
    size_t len;
};

/* A list of spans; the array lives as long as what lent it. */
struct span_list {
    const struct span *items;
    size_t n;
};

/* A span over a string literal, usable as an initialiser. */
#define SPAN_LIT(s)                                                                                \
    {                                                                                              \
        (s), sizeof(s) - 1                                                                         \
    }

static inline struct span span_of(const char *ptr, size_t len)
{
    return (struct span){ptr, len};
}

/* NULL gives the absent span. */
static inline struct span span_str(const char *s)
{
    return (struct span){s, s != NULL ? strlen(s) : 0};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len &&
           (a.len == 0 || (a.ptr != NULL && b.ptr != NULL && memcmp(a.ptr, b.ptr, a.len) == 0));
}

static inline bool span_eq_str(struct span a, const char *b)
{
    return span_eq(a, span_str(b));
}

/* Bytewise order; a prefix comes before the longer span. */
static inline int span_cmp(struct span a, struct span b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n > 0 ? memcmp(a.ptr, b.ptr, n) : 0;

    if (c != 0) {
        return c;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static inline bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || (s.ptr != NULL && prefix.ptr != NULL &&
                                                       memcmp(s.ptr, prefix.ptr, prefix.len) == 0));
}

/* The part of s from byte `from` (clamped) on. */
static inline struct span span_from(struct span s, size_t from)
{
    if (from > s.len) {
        from = s.len;
    }
    return (struct span){s.ptr != NULL ? s.ptr + from : NULL, s.len - from};
}

/* The first place of needle in s, or NULL. An empty needle is found at the start. */
static inline const char *span_find(struct span s, struct span needle)
{
    return s.ptr == NULL ? NULL : memmem(s.ptr, s.len, needle.ptr, needle.len);
}

#endif
