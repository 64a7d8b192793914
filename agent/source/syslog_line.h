/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog as it comes: RFC 5424, RFC 3164 in the wild, and frames on a stream. No I/O. */
#ifndef GPUERR_SOURCE_SYSLOG_LINE_H
#define GPUERR_SOURCE_SYSLOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct syslog_line {
    bool kernel;       /* facility 0 */
    struct span stamp; /* as it was written; absent where there is none */
    struct span host;
    struct span tag; /* program, without its pid */
    struct span text;
};

/* Whatever is no header is text: nothing is refused. All spans lie in bytes. Lines of the kernel
 * whose tag is part of the message (`NVRM: Xid`) keep it in the text. */
struct syslog_line syslog_parse(struct span bytes);

/*
 * Takes the first frame off a stream: `LEN SP bytes` or a line. RC_AGAIN: it is not whole;
 * ret_taken is then how long it will be, LEN included, or 0 where only its line end will tell.
 */
enum rc syslog_take_frame(struct span stream, size_t *ret_taken,
                          struct span *ret_frame) GPUERR_MUSTCHECK;

#endif
