/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef GPUERR_BASE_UTF8_H
#define GPUERR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/*
 * Decodes the character at the start of s. Returns its length in bytes (1 to 4) and sets *ret_code;
 * 0 when the bytes there are not UTF-8 (then one byte is to be skipped) or s is empty.
 */
size_t utf8_decode(struct span s, uint32_t *ret_code);

bool utf8_valid(struct span s);

/* The longest prefix of s that is at most max bytes and does not end inside a character. */
struct span utf8_cut(struct span s, size_t max);

/*
 * True for characters that must never reach a terminal or a chat raw: C0 and C1 controls, DEL,
 * bidirectional controls, zero-width and line/paragraph separators, byte order mark. TAB counts as
 * one too.
 */
bool utf8_is_unsafe(uint32_t code);

#endif
