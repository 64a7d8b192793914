/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up KB patterns in the syntax that PCRE2, grep -E, ripgrep and Vectorscan have in common, the
 * same for the same number: one in six is of the Xid family and shares its literal, the others are
 * messages of 15 to 60 bytes with numbers, names and alternatives in them; one in fifty has no
 * literal longer than nine bytes. As in kb/, none is without a literal of eight.
 */
#ifndef GPUERR_TESTS_SUPPORT_PATTERN_GEN_H
#define GPUERR_TESTS_SUPPORT_PATTERN_GEN_H

#include <stddef.h>

/* Writes pattern number i with its end into out. */
void pattern_gen(unsigned i, char *out, size_t size);

#endif
