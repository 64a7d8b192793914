/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of one followed file: the part of tail that opens, reads and closes. Plain blocking
 * functions over a struct of arguments and results, so that they can run on a worker thread and be
 * tested without one.
 *
 * A file is recognised by device, inode and what its bytes were: the first ones and those just
 * before the position. All of them are compared after each read, so that no byte of a file that was
 * truncated and written anew meanwhile is ever taken for the continuation of the old one.
 */
#ifndef GPUERR_SOURCE_TAIL_READ_H
#define GPUERR_SOURCE_TAIL_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/record.h"

#define TAIL_TRACE_BYTES 64

/* What is remembered of the bytes before the position. */
struct tail_mark {
    uint64_t offset; /* the position: the next byte to read */
    uint32_t head_len;
    uint32_t trace_len;
    char head[ORIGIN_HEAD_BYTES]; /* the first bytes; never more than offset */
    char trace[TAIL_TRACE_BYTES]; /* the last bytes before offset */
};

/* Moves the mark behind bytes, which were read at its offset. */
void tail_mark_advance(struct tail_mark *mark, struct span bytes);

struct tail_open {
    const char *path;
    uint64_t device; /* what is expected there */
    uint64_t inode;
    uint64_t end; /* where to begin: at the line that is unfinished there; 0: at the start */
    struct tail_mark known; /* where an earlier run has left it, if offset is not 0 */
    int inotify_fd;         /* -1: do not watch */
    int fd;                 /* out; -1: see err_no */
    int wd;                 /* out: the inotify watch on the inode, or -1 */
    bool unwatched;         /* out: its file system would notify, but no watch was to be had */
    int err_no;             /* out; 0 with fd -1: another file, or no regular one, is there now */
    struct tail_mark mark;  /* out */
};

void tail_open_file(struct tail_open *open_file);

struct tail_read {
    int fd;
    struct tail_mark
        mark;       /* in; out: offset is moved over a hole at the start of a rewritten file */
    bool rewritten; /* in: begun anew after a rewrite; out: it is not what mark remembers */
    char *bytes;
    size_t cap;
    size_t n;      /* out: bytes read at mark.offset */
    uint64_t size; /* out: of the file, behind the read */
    int err_no;    /* out: 0 or why nothing was read */
};

void tail_read_file(struct tail_read *read_file);

#endif
