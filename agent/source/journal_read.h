/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocking half of the journal source: opens it, finds the place to begin, and turns entries
 * into a batch of messages. For a worker's thread; nothing here is shared.
 */
#ifndef GPUERR_SOURCE_JOURNAL_READ_H
#define GPUERR_SOURCE_JOURNAL_READ_H

#include "base/buf.h"
#include "flow/record.h"
#include "source/journal.h"
#include "source/journal_lib.h"

#define JOURNAL_MESSAGES     256
#define JOURNAL_CURSOR_BYTES 512

struct journal_reader {
    struct journal_lib lib;
    struct journal_opts opts;
    sd_journal *journal;               /* NULL: to be opened */
    char cursor[JOURNAL_CURSOR_BYTES]; /* of the last entry; empty: none */
    bool pending;   /* the journal stands on an entry that is not in a batch yet */
    bool caught_up; /* what was there at the first start is behind us */
    bool history;   /* and is not news */
    bool lost;      /* of the last read: the place to go on is gone */
    uint64_t count;
    struct message messages[JOURNAL_MESSAGES];
    size_t n_messages;
    struct buf text; /* what the messages' spans lie in */
};

/* Zeroed, with opts and lib set, before. */
enum rc journal_reader_init(struct journal_reader *reader) GPUERR_MUSTCHECK;
void journal_reader_fini(struct journal_reader *reader);

/* Opens where needed and fills the batch with what is there; none: all was read. On an error the
 * journal is closed, and the next call begins behind the last entry. */
enum rc journal_reader_read(struct journal_reader *reader, struct err *err) GPUERR_MUSTCHECK;

#endif
