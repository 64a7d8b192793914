/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which generation an inode's next file begins with. A file system gives the inode of a deleted log
 * to the next one, and event ids tell the two apart by the generation alone, so it goes on counting
 * over the end of a file: as it would if the agent had been restarted in between and found other
 * bytes than those that it remembers.
 */
#ifndef GPUERR_SOURCE_TAIL_PAST_H
#define GPUERR_SOURCE_TAIL_PAST_H

#include <stdint.h>

#include "source/table.h"

struct tail_past_file;

/* A zeroed one is empty and ready. It is bounded: the inode that was told first is forgotten first.
 */
struct tail_past {
    struct table by_id;
    struct tail_past_file *oldest, *newest;
    size_t n;
};

void tail_past_fini(struct tail_past *past);

/* The file is gone; what has its inode next begins with this generation. Without memory it is not
 * remembered. */
void tail_past_note(struct tail_past *past, uint64_t device, uint64_t inode, uint32_t generation);

/* With what a new file of this inode begins; 0 when none is remembered. */
uint32_t tail_past_generation(const struct tail_past *past, uint64_t device, uint64_t inode);

#endif
