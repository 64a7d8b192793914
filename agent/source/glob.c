/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matches component by component; fnmatch does what lies inside one. `**` tries every number of
 * components, so a pattern with k of them costs at most depth^k steps: patterns come from the
 * configuration, not from strangers. See glob.h.
 */
#include "source/glob.h"

#include <fnmatch.h>
#include <string.h>

bool glob_is_pattern(const char *pattern)
{
    return strpbrk(pattern, "*?[") != NULL;
}

static const char *skip_slashes(const char *p)
{
    while (*p == '/') {
        p++;
    }
    return p;
}

/* Copies the component at p to out and returns what is behind it and its slashes; NULL when it is
 * too long. */
static const char *take_component(const char *p, char out[GLOB_COMPONENT_MAX + 1])
{
    size_t n = strcspn(p, "/");

    if (n > GLOB_COMPONENT_MAX) {
        return NULL;
    }
    memcpy(out, p, n);
    out[n] = '\0';
    return skip_slashes(p + n);
}

/* below: path is a directory, and it is enough that something under it could match. */
static bool match(const char *pattern, const char *path, bool below)
{
    char want[GLOB_COMPONENT_MAX + 1];
    char have[GLOB_COMPONENT_MAX + 1];

    for (;;) {
        if (*path == '\0') {
            return below ? *pattern != '\0' : *pattern == '\0' || strcmp(pattern, "**") == 0;
        }
        if (*pattern == '\0') {
            return false;
        }
        const char *pattern_rest = take_component(pattern, want);
        const char *path_rest = take_component(path, have);
        if (pattern_rest == NULL || path_rest == NULL) {
            return false;
        }
        if (strcmp(want, "**") == 0) {
            if (match(pattern_rest, path, below)) {
                return true;
            }
            if (have[0] == '.' && strcmp(have, ".") != 0 && strcmp(have, "..") != 0) {
                return false;
            }
            path = path_rest; /* `**` takes one component more */
            continue;
        }
        if (fnmatch(want, have, FNM_PERIOD | FNM_NOESCAPE) != 0) {
            return false;
        }
        pattern = pattern_rest;
        path = path_rest;
    }
}

static bool same_root(const char *pattern, const char *path)
{
    return (*pattern == '/') == (*path == '/');
}

bool glob_match(const char *pattern, const char *path)
{
    return same_root(pattern, path) && match(skip_slashes(pattern), skip_slashes(path), false);
}

bool glob_match_below(const char *pattern, const char *dir)
{
    return same_root(pattern, dir) && match(skip_slashes(pattern), skip_slashes(dir), true);
}

bool glob_excludes(const char *pattern, const char *path)
{
    const char *name = strrchr(path, '/');

    if (strchr(pattern, '/') == NULL) {
        return fnmatch(pattern, name != NULL ? name + 1 : path, FNM_NOESCAPE) == 0;
    }
    return glob_match(pattern, path);
}

size_t glob_base_len(const char *pattern)
{
    size_t plain = strcspn(pattern, "*?[");

    while (plain > 0 && pattern[plain - 1] != '/') {
        plain--;
    }
    while (plain > 1 && pattern[plain - 1] == '/') {
        plain--;
    }
    return plain;
}
