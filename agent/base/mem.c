/* SPDX-License-Identifier: Apache-2.0 */
/* The heap with an overflow check and a failure that tests can place. See mem.h. */
#include "base/mem.h"

#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

/*
 * Only segments that were never writable: a page of those is the file's, so that dropping it loses
 * nothing. What the loader relocated lies in a writable segment.
 */
static int release_constants(struct dl_phdr_info *info, size_t size, void *ctx)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)size;
    (void)ctx;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && segment->p_flags == PF_R) {
            uintptr_t from = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
            uintptr_t to = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
            /* Advice: where the kernel does not take it, the pages stay, and nothing else changes.
             */
            (void)madvise((void *)from, to - from,
                          MADV_DONTNEED); /* NOLINT(performance-no-int-to-ptr) */
        }
    }
    return 1; /* the program itself comes first; the libraries' pages are shared with others */
}

void mem_release_start_up(void)
{
    (void)dl_iterate_phdr(release_constants, NULL);
    (void)malloc_trim(0);
}

void mem_fail_after(int64_t n)
{
    atomic_store(&countdown, n);
}
