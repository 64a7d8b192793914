/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that programs send in journald's place of receipt. See source.h. */
#ifndef GPUERR_SOURCE_NATIVE_H
#define GPUERR_SOURCE_NATIVE_H

#include "source/source.h"

struct native_opts {
    const char *path; /* of the datagram socket; must outlive it */
};

enum rc source_open_journal_native(struct loop *loop, const struct native_opts *opts,
                                   const struct source_ops *ops, void *ctx,
                                   struct source **ret_source, struct err *err) GPUERR_MUSTCHECK;

#endif
