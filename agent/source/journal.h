/* SPDX-License-Identifier: Apache-2.0 */
/* The journal, through libsystemd. See source.h for what all sources do. */
#ifndef GPUERR_SOURCE_JOURNAL_H
#define GPUERR_SOURCE_JOURNAL_H

#include "source/source.h"

/* All strings must outlive the source. */
struct journal_opts {
    const char *const *matches; /* FIELD=value; of one field: any, of several: all; "+": or;
                                   "default" stands for none */
    size_t n_matches;
    const char *dir;        /* of journal files, as a host's in a container; NULL: the system's */
    const char *name_space; /* NULL: the default one */
    enum tail_from from;    /* without a cursor; what is there from before is `replayed` */
    const char *resume_cursor; /* of the last entry handled; NULL: none known */
    const char *library;       /* NULL: libsystemd.so.0 */
};

/* By what its records and its saved position are known: the directory, the namespace, or "journal".
 */
struct span journal_name(const struct journal_opts *opts);

/*
 * RC_UNSUPPORTED: libsystemd is missing; err says what to install. What is wrong with the journal
 * itself is found on a thread and told as SOURCE_FAILED; it is tried again with back-off.
 */
enum rc source_open_journal(struct loop *loop, const struct journal_opts *opts,
                            const struct source_ops *ops, void *ctx, struct source **ret_source,
                            struct err *err) GPUERR_MUSTCHECK;

#endif
