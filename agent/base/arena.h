/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: many small objects that live and die together (the strings of a loaded KB, a parsed
 * rule pack). Nothing in it is freed alone. Blocks grow with what is asked; objects never move.
 */
#ifndef GPUERR_BASE_ARENA_H
#define GPUERR_BASE_ARENA_H

#include <stddef.h>

#include "base/span.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used_bytes;          /* handed out, for statistics */
};

/* A zeroed arena is ready for use. */
void arena_fini(struct arena *arena);

/* Zeroed memory aligned for any object, or NULL when the heap is exhausted. count * size must not
 * overflow (checked). */
void *arena_alloc(struct arena *arena, size_t count, size_t size)
    __attribute__((warn_unused_result));

/* Copies text (terminated behind its end); the result's ptr is NULL only when memory is out or text
 * was absent. */
struct span arena_copy(struct arena *arena, struct span text);

#endif
