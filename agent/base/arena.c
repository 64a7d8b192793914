/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation in blocks of 16 KiB, larger ones for larger objects. See arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "base/mem.h"

#define BLOCK_BYTES ((size_t)16 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_fini(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block != NULL) {
        struct arena_block *next = block->next;
        mem_free(block);
        block = next;
    }
    *arena = (struct arena){0};
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t align = alignof(max_align_t);
    size_t want;

    if (size != 0 && count > (SIZE_MAX / 2 - align) / size) {
        return NULL;
    }
    want = (count * size + align - 1) / align * align;
    if (block == NULL || block->size - block->used < want) {
        size_t room = want > BLOCK_BYTES ? want : BLOCK_BYTES;
        block = mem_calloc(1, sizeof(*block) + room);
        if (block == NULL) {
            return NULL;
        }
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *object = block->bytes + block->used;
    block->used += want;
    arena->used_bytes += want;
    return object;
}

struct span arena_copy(struct arena *arena, struct span text)
{
    char *copy;

    if (text.ptr == NULL) {
        return text;
    }
    copy = arena_alloc(arena, text.len + 1, 1);
    if (copy == NULL) {
        return (struct span){0};
    }
    memcpy(copy, text.ptr, text.len);
    return span_of(copy, text.len);
}
