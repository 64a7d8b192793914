/* SPDX-License-Identifier: Apache-2.0 */
/* The heap with an overflow check and a failure that tests can place. See mem.h. */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

static _Atomic int64_t countdown = -1;

static bool must_fail(void)
{
    if (atomic_load_explicit(&countdown, memory_order_relaxed) < 0) {
        return false;
    }
    return atomic_fetch_sub_explicit(&countdown, 1, memory_order_relaxed) == 0;
}

void *mem_calloc(size_t count, size_t size)
{
    if (count == 0 || size == 0 || must_fail()) {
        return NULL;
    }
    return calloc(count, size);
}

void *mem_realloc(void *block, size_t count, size_t size)
{
    if (count == 0 || size == 0 || count > SIZE_MAX / size || must_fail()) {
        return NULL;
    }
    return realloc(block, count * size);
}

char *mem_strdup(struct span text)
{
    char *copy = mem_calloc(text.len + 1, 1);

    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return copy;
}

void *mem_free(void *block)
{
    free(block);
    return NULL;
}

void mem_fail_after(int64_t n)
{
    atomic_store(&countdown, n);
}
