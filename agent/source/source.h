/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bytes come from. A source runs on the loop, reads without blocking it (file reads happen on
 * worker threads of its own), and pushes chunks downward in order. `push` returning RC_FULL means
 * "taken, send no more until source_resume".
 */
#ifndef GPUERR_SOURCE_SOURCE_H
#define GPUERR_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "flow/record.h"

struct loop;
struct source;

enum source_notice {
    SOURCE_READY,   /* what is there now has been looked at: all that is written from now on will
                       be delivered; said once */
    SOURCE_WAITING, /* what was asked for does not exist yet; said once */
    SOURCE_FAILED,  /* cannot be read; the others go on */
    SOURCE_LOST,    /* input was destroyed unread: becomes a `gap` event */
    SOURCE_ENDED,   /* no more will come (stdin at its end) */
};

/*
 * The receiver of a source's output; all calls come on the loop thread.
 * A stream is one continuous run of bytes (one inode of a followed file between two truncations).
 * `on_open` returns the receiver's own state for it through ret_stream, `on_chunk`, `on_messages`
 * and `on_quiet` get that back, `on_close` ends it: no more bytes will come, an unfinished line is
 * the stream's last. An error from them (not RC_FULL) ends the stream, and the source says
 * SOURCE_FAILED with that rc; a followed file stays ended until another file takes its place. The
 * origin is the source's; it lives until on_close returns.
 */
struct source_ops {
    enum rc (*on_open)(void *ctx, const struct origin *origin, uint64_t start_offset,
                       void **ret_stream);
    enum rc (*on_chunk)(void *ctx, void *stream, const struct chunk *chunk);
    /* Messages that need no framing, in order; in place of on_chunk, from sources that have them.
     */
    enum rc (*on_messages)(void *ctx, void *stream, const struct message *messages, size_t n);
    /* Where a stream of messages begins that were there before and are not read: the cursor of the
     * last of them. NULL: not wanted. */
    void (*on_begin)(void *ctx, void *stream, struct span cursor);
    /* The stream has been read to its end and was silent for a while: an unfinished line may be
     * taken as a record. */
    enum rc (*on_quiet)(void *ctx, void *stream);
    void (*on_close)(void *ctx, void *stream);
    /* origin may be NULL; from/to are the stream offsets of what was lost (SOURCE_LOST). */
    void (*on_notice)(void *ctx, enum source_notice notice, const struct origin *origin,
                      const struct err *err, uint64_t from, uint64_t to);
};

enum tail_from {
    TAIL_FROM_START,
    /* For files there at start-up: what is written later. A line that is unfinished at start-up is
     * delivered whole once it goes on. Files that appear later are always read from their start. */
    TAIL_FROM_END,
};

/*
 * Where an earlier run has left a file. It is the same file when device and inode are and it begins
 * with the same bytes; then it is read on from there, and if it has become shorter, what is gone is
 * told. A path that leads to another file now was rotated meanwhile: the old file is looked for
 * beside it and read to its end first, then those between, then the new one from its start.
 */
struct tail_position {
    struct span path;
    uint64_t device;
    uint64_t inode;
    uint64_t offset;
    uint32_t generation;
    struct span head;     /* its first bytes, at most ORIGIN_HEAD_BYTES and not beyond offset */
    int64_t seen_wall_ns; /* when it was read there */
};

struct tail_opts {
    const char *const *patterns; /* paths or globs, `**` included */
    size_t n_patterns;
    const char *const *excludes;
    size_t n_excludes;
    enum tail_from from;
    uint32_t scan_ms;  /* how often globs are looked at again; 0 = 1000 */
    uint32_t quiet_ms; /* silence after which an unfinished line is flushed; 0 = 5000 */
    size_t read_bytes; /* largest chunk; 0 = 256 KiB */
    bool poll;         /* look at every file each scan_ms, as where notification does not work */
    const struct tail_position *known; /* must outlive the source */
    size_t n_known;
};

struct source_stats {
    uint64_t bytes;
    uint64_t files_open;
    uint64_t files_waiting; /* found but not open, for want of descriptors */
    uint64_t read_errors;
    uint64_t rotations;
    uint64_t truncations;
    uint64_t lost_bytes;
    uint64_t lost_messages; /* destroyed unread, as far as the transport counts them */
    uint64_t bad_messages;  /* not of the transport's format; left out */
};

enum rc source_open_tail(struct loop *loop, const struct tail_opts *opts,
                         const struct source_ops *ops, void *ctx, struct source **ret_source,
                         struct err *err) GPUERR_MUSTCHECK;

struct stdin_opts {
    int fd; /* stays the caller's */
    enum source_type type;
    const char *name; /* origin.path */
    /* What is read is first written here, byte for byte; -1: nowhere. Whoever writes into fd must
     * not feel that he is watched, so RC_FULL does not stop the reading then. */
    int copy_to_fd;
};

/* Follows a descriptor that somebody else opened (stdin, the output of a program) until its end. */
enum rc source_open_stdin(struct loop *loop, const struct stdin_opts *opts,
                          const struct source_ops *ops, void *ctx, struct source **ret_source,
                          struct err *err) GPUERR_MUSTCHECK;

/* After a push returned RC_FULL: there is room again. */
void source_resume(struct source *source);

/*
 * Reads everything to the end that is there now, then calls on_drained once. For an orderly stop:
 * nothing that was written before is left behind. A file system that hangs is waited for no longer
 * than deadline_ms.
 */
void source_drain(struct source *source, uint32_t deadline_ms, void (*on_drained)(void *ctx),
                  void *ctx);

/* Ends it; every stream is closed through on_close, then on_closed(ctx) and the memory is gone. A
 * hung read does not hold it. */
void source_close(struct source *source, void (*on_closed)(void *ctx), void *ctx);

const struct source_stats *source_peek_stats(const struct source *source);

#endif
