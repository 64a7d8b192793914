/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels from the sources to the matcher: chunks of raw bytes, then batches of records (one
 * framed log line, journal entry or kernel message each). Structs only.
 *
 * Lifetimes: everything here is lent downward and valid until the push that carries it returns;
 * keep = copy. An origin lives as long as the stream that it describes, which is longer than any
 * batch of it.
 */
#ifndef GPUERR_FLOW_RECORD_H
#define GPUERR_FLOW_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum source_type {
    SOURCE_FILE,
    SOURCE_STDIN,
    SOURCE_JOURNAL,
    SOURCE_JOURNAL_NATIVE,
    SOURCE_SYSLOG,
    SOURCE_KMSG,
    SOURCE_EXEC, /* the output of a program that the agent runs, and its end */
};

#define RANK_NONE (-1)

/* At most this many first bytes of a file take part in its identity. */
#define ORIGIN_HEAD_BYTES 256

/* One input stream: a file (one inode between two truncations), stdin, a socket, the journal. */
struct origin {
    enum source_type type;
    struct span path; /* as the user would name it: file path, socket, "-" for stdin */
    /* Identity of a file; else 0 and absent. An inode number alone may be a reused one. */
    uint64_t device; /* st_dev */
    uint64_t inode;
    struct span head;    /* its first bytes; grows with the file up to ORIGIN_HEAD_BYTES */
    uint32_t generation; /* how often this inode was truncated or rewritten while it was followed */
    int32_t rank;        /* of all its records, where whoever opened it knows; else RANK_NONE */
};

/* Raw bytes as they were read, in order, of one origin. */
struct chunk {
    const struct origin *origin;
    struct span bytes;
    uint64_t offset; /* of bytes in the stream */
};

/*
 * One message that its transport framed: a journal entry, a kernel message, a syslog datagram. With
 * what the transport says about it; absent where it says nothing.
 */
struct message {
    struct span text;    /* may hold several lines; as it was received */
    uint64_t offset;     /* its place in the stream: kmsg's sequence number, else a count */
    int64_t log_wall_ns; /* or CLOCK_NONE */
    bool kernel;         /* said by the kernel, on the transport's word, not the text's */
    bool truncated;      /* the transport lost its end */
    bool replayed;       /* was there before the agent's first start: history, not news */
    struct span host;
    struct span unit;   /* systemd unit, else the syslog identifier */
    struct span cursor; /* where to go on behind it: journal cursor, `BOOTID:SEQUENCE` of kmsg */
};

struct record {
    struct span
        text; /* decoded: no envelope, no ANSI escapes, no line end; lies inside batch.text */
    uint64_t offset;      /* where the record's first raw byte lies in its stream */
    int64_t log_wall_ns;  /* time that the line or its envelope states, or CLOCK_NONE */
    int64_t near_wall_ns; /* the same, or else that of the last record of the stream that had one */
    int32_t rank;         /* from the line's prefix, else the origin's, else RANK_NONE */
    bool truncated;       /* longer than the limit: the rest was dropped */
    bool partial;         /* the stream ended (or fell silent) without a line end */
    bool kernel;   /* said by the kernel: kmsg, journal with _TRANSPORT=kernel, or a syslog line of
                      kernel: */
    bool replayed; /* as in struct message */
    struct span host; /* host, unit, cursor: from the envelope, absent where unknown */
    struct span unit;
    struct span cursor;
};

/*
 * Records of one origin whose texts lie in ascending order in one piece of memory, so that the
 * matcher can scan it in one pass. Between two texts lies at least one byte that belongs to neither
 * (a line end), so that no literal that holds no line end can match across two records.
 */
struct record_batch {
    const struct origin *origin;
    struct span text;
    const struct record *records;
    size_t n_records;
    uint64_t end_offset; /* stream position behind this batch: what may be committed once its events
                            are safe */
};

#endif
