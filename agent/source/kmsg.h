/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's messages, from /dev/kmsg. See source.h for what all sources do. */
#ifndef GPUERR_SOURCE_KMSG_H
#define GPUERR_SOURCE_KMSG_H

#include "source/source.h"

struct kmsg_opts {
    const char *path;    /* NULL: /dev/kmsg; a FIFO with such records works, too. Must outlive it */
    enum tail_from from; /* without a cursor; messages from before the start are `replayed` */
    const char *resume_cursor; /* `BOOTID:SEQUENCE` of the last one handled; NULL: none known */
};

/* RC_DENIED: opening it needs CAP_SYSLOG where dmesg_restrict is set. */
enum rc source_open_kmsg(struct loop *loop, const struct kmsg_opts *opts,
                         const struct source_ops *ops, void *ctx, struct source **ret_source,
                         struct err *err) GPUERR_MUSTCHECK;

#endif
