/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only door to the heap. Out of memory is an error like another: every function answers NULL
 * and the caller passes RC_NOMEM on. Tests make the nth allocation fail through mem_fail_after.
 */
#ifndef GPUERR_BASE_MEM_H
#define GPUERR_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Zeroed memory for count objects of size bytes, or NULL (also when the product overflows or is 0).
 */
void *mem_calloc(size_t count, size_t size) __attribute__((warn_unused_result));

/* As realloc, for count objects of size bytes; on NULL the old block stays valid. */
void *mem_realloc(void *block, size_t count, size_t size) __attribute__((warn_unused_result));

/* A terminated copy of text, or NULL. An absent span gives an empty string. */
char *mem_strdup(struct span text) __attribute__((warn_unused_result));

/* Frees a block from here; NULL is fine. Returns NULL, so that one can `p = mem_free(p)`. */
void *mem_free(void *block);

/*
 * Gives back what only the start needed: heap that was freed, and pages of the program file's
 * constants (the shipped entries, read once to build the matcher). They are read from the page
 * cache again when an entry is printed. For a program that now waits for long.
 */
void mem_release_start_up(void);

/* For tests: the next `n` allocations of this process succeed, the one after them fails, once. -1
 * turns it off. */
void mem_fail_after(int64_t n);

#endif
