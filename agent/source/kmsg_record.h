/* SPDX-License-Identifier: Apache-2.0 */
/* The text that one read of /dev/kmsg gives, taken apart; no I/O. */
#ifndef GPUERR_SOURCE_KMSG_RECORD_H
#define GPUERR_SOURCE_KMSG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct kmsg_record {
    unsigned priority; /* 0 emergency ... 7 debug */
    unsigned facility; /* 0 is the kernel; what was written into /dev/kmsg has another */
    uint64_t sequence;
    uint64_t mono_us; /* since the boot */
    struct span text; /* lies in the input */
};

/*
 * Takes the first record off the front of *input: `PRI,SEQ,USEC,FLAGS;text\n`, with the lines of
 * its dictionary (they start with a space) skipped. \xHH in the text is undone in place, as a
 * printed backslash is written so, too. RC_AGAIN: no whole line is there; RC_INVALID: a line that
 * is no record, taken off all the same.
 */
enum rc kmsg_take_record(char *bytes, size_t len, size_t *ret_taken,
                         struct kmsg_record *ret_record) GPUERR_MUSTCHECK;

#endif
