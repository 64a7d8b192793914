/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog that others send. See source.h for what all sources do. */
#ifndef GPUERR_SOURCE_SYSLOG_H
#define GPUERR_SOURCE_SYSLOG_H

#include "source/source.h"

/* A path (also the one that journald forwards to: it carries no kernel messages), udp:HOST:PORT or
 * tcp:HOST:PORT; must outlive it. */
struct syslog_opts {
    const char *addr;
};

enum rc source_open_syslog(struct loop *loop, const struct syslog_opts *opts,
                           const struct source_ops *ops, void *ctx, struct source **ret_source,
                           struct err *err) GPUERR_MUSTCHECK;

#endif
