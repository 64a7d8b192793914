/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file system a path lies on, told from the kernel's mount table alone: asking the path
 * itself would hang where the file system hangs. Symbolic links are not followed, so the answer is
 * about the path as it is written.
 */
#ifndef GPUERR_SOURCE_MOUNTS_H
#define GPUERR_SOURCE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct mounts;

/* Reads /proc/self/mountinfo; without it there is one mount, "/". */
enum rc mounts_new(struct mounts **ret_mounts) GPUERR_MUSTCHECK;
struct mounts *mounts_free(struct mounts *mounts);

/* The mount point that path lies on, valid until the table is freed. A relative path counts from
 * the current directory. */
const char *mounts_find(const struct mounts *mounts, const char *path);

/* Whether a file system of this type (f_type of statfs) tells inotify of every change. Network and
 * stacked ones do not see what others write. */
bool mounts_notifies(unsigned long fs_type);

#endif
