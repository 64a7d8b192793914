/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shipped entries as constant data, in ascending order of id: written by the kb-embed program
 * at build time, linked by who wants them (the kb_builtin library). Loading them costs nothing.
 */
#ifndef GPUERR_KB_KB_BUILTIN_H
#define GPUERR_KB_KB_BUILTIN_H

#include "kb/kb.h"

struct kb_builtin {
    const struct kb_entry *entries;
    size_t n;
    const char *hash; /* of all entries' JSON, 32 hexadecimal digits: which knowledge it is */
};

extern const struct kb_builtin kb_builtin;

#endif
