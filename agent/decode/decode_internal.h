/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of decode/ share. The way of a line: frame (decode.c) -> envelope (env_cri,
 * env_json) -> pieces at line ends inside an envelope -> ansi -> notes (rank, stamp, syslog) ->
 * batch (decode.c).
 */
#ifndef GPUERR_DECODE_DECODE_INTERNAL_H
#define GPUERR_DECODE_DECODE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "decode/decode.h"
#include "flow/record.h"

/*
 * ANSI escapes (ansi.c). Copies text without its escape sequences to out, which holds at least
 * text.len bytes, and returns the new length; out may be text.ptr. No ESC byte is left. A sequence
 * that would swallow the rest of the record loses its introducer only, so that nothing can be
 * hidden behind it.
 */
size_t ansi_strip(struct span text, char *out);

#endif
