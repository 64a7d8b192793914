/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path patterns as shells have them: `*`, `?` and `[...]` inside one component, and `**` as a whole
 * component for any number of directories. A leading dot of a name must be matched by a dot. Pure
 * functions on strings: nothing here touches a file system.
 */
#ifndef GPUERR_SOURCE_GLOB_H
#define GPUERR_SOURCE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* A component longer than this matches nothing. */
#define GLOB_COMPONENT_MAX 255

/* Whether pattern has any of the special characters; if not, it is a plain path. */
bool glob_is_pattern(const char *pattern);

bool glob_match(const char *pattern, const char *path);

/* Whether something below the directory dir could match pattern. */
bool glob_match_below(const char *pattern, const char *dir);

/* Whether path is excluded by pattern: as a whole path, or, for a pattern without a slash, by its
 * last component. */
bool glob_excludes(const char *pattern, const char *path);

/* Length of the directory part of pattern that holds no special character, without a slash at its
 * end (but "/" itself has length 1; 0 is the current directory). */
size_t glob_base_len(const char *pattern);

#endif
