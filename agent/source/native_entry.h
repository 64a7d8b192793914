/* SPDX-License-Identifier: Apache-2.0 */
/* One datagram of journald's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). No I/O.
 */
#ifndef GPUERR_SOURCE_NATIVE_ENTRY_H
#define GPUERR_SOURCE_NATIVE_ENTRY_H

#include "base/err.h"
#include "base/span.h"

/* The fields that are used; absent where the sender gave none. Fields that begin with _ are
 * journald's to set and are left out. */
struct native_entry {
    struct span message;
    struct span identifier;
};

/* Spans lie in bytes. RC_INVALID: not of this protocol, or without a message. */
enum rc native_parse(struct span bytes, struct native_entry *ret_entry) GPUERR_MUSTCHECK;

#endif
