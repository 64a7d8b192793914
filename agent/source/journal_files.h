/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at journal files past libsystemd, which leaves out in silence what it cannot read. */
#ifndef GPUERR_SOURCE_JOURNAL_FILES_H
#define GPUERR_SOURCE_JOURNAL_FILES_H

#include "base/err.h"

/*
 * What to make of a journal in which libsystemd finds nothing. RC_OK: it is empty. RC_DENIED: its
 * files may not be read. RC_UNSUPPORTED: they hold entries, so they are of a newer format.
 * RC_NOT_FOUND: no such directory. dir NULL: where the system's journals lie. May block.
 */
enum rc journal_files_check(const char *dir, struct err *err) GPUERR_MUSTCHECK;

#endif
