/* SPDX-License-Identifier: Apache-2.0 */
/* A directory that lives as long as one test. */
#ifndef GPUERR_TESTS_SUPPORT_TMPDIR_H
#define GPUERR_TESTS_SUPPORT_TMPDIR_H

#include <stddef.h>

/* Makes a new directory under $TMPDIR or /tmp and writes its path to out. Ends the process on
 * failure. */
void tmpdir_make(char *out, size_t out_size);

/* Removes it with all that is in it. */
void tmpdir_remove(const char *path);

/* Writes a whole file below dir, making directories of its name as needed. Ends the process on
 * failure. */
void tmpdir_write(const char *dir, const char *name, const char *bytes, size_t len);

#endif
