/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations that nobody saw: when a log is rotated twice between two looks, the file in the
 * middle was never found under its path. It lies beside it, under a name that a rotation gives.
 *
 * Known limit: a generation that was empty when it was renamed, that nobody had looked at, and that
 * is written to only afterwards, can be missed.
 */
#ifndef GPUERR_SOURCE_TAIL_BETWEEN_H
#define GPUERR_SOURCE_TAIL_BETWEEN_H

#include <stddef.h>
#include <sys/stat.h>

/* More rotations than this between two looks are not caught up with. */
#define TAIL_BETWEEN_MAX 16

/*
 * Regular files beside path, called path plus digits (`.1`, `-20261123`, `.2026-11-23T10`), that
 * were written after `old` was last seen (its st_mtim; a zero inode stands for "there was none
 * then") and are neither old nor now; oldest first. Returns how many.
 */
size_t tail_between(const char *path, const struct stat *old, const struct stat *now,
                    struct stat ret_found[TAIL_BETWEEN_MAX]);

#endif
