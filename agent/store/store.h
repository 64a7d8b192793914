/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What survives a restart, in one SQLite file `DIR/state.db`: how far each input was read, the
 * events that came of it (the outbox), and the memory of incidents. All three move in one
 * transaction, so that no position is ever ahead of the events before it: a crash at any moment
 * repeats work and skips none, and what is repeated carries the same event id and is stored once.
 *
 * What is put is collected on the loop thread and written by a worker: nothing here blocks the
 * loop but store_open. A disk that is full or fails stops nothing: what was put stays in memory
 * (STORE_PENDING_MAX) and is tried again; the caller is told once when it begins and once when it
 * is over.
 */
#ifndef GPUERR_STORE_STORE_H
#define GPUERR_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "flow/event.h"
#include "flow/record.h"

struct loop;
struct store;

/* So much waits for a disk that does not take it; what comes then is dropped and counted. */
#define STORE_PENDING_MAX ((size_t)8 * 1024 * 1024)
/* A state is not larger. */
#define STORE_STATE_MAX ((size_t)1024 * 1024)

struct store_opts {
    const char *dir;
    struct loop *loop;
    uint64_t outbox_max_bytes; /* of the events kept; the oldest go first; 0: 64 MiB */
    /* Something is wrong with the disk, or right again (RC_OK). On the loop thread. */
    void (*on_trouble)(void *ctx, const struct err *err);
    void *ctx;
};

/* How far an input was read. Files are known by device and inode, others by type and path. */
struct store_position {
    enum source_type type;
    struct span path;
    uint64_t device;
    uint64_t inode;
    uint64_t offset;
    uint32_t generation;
    struct span head;   /* first bytes of a file, at most ORIGIN_HEAD_BYTES */
    struct span cursor; /* of what is no file */
    int64_t updated_wall_ns;
};

struct store_event {
    const char *id; /* the idempotency key */
    enum event_kind kind;
    enum severity severity;
    int64_t time_wall_ns;
    struct span json;
};

struct store_stats {
    uint64_t commits;
    uint64_t failures;
    uint64_t events;
    uint64_t dropped; /* events for want of room in memory or in the outbox */
    size_t pending_bytes;
};

/*
 * Opens the state of dir, making both as needed (0700, 0600). A second agent is refused with the
 * first one's pid; a directory that others may write into, too. A file that is no state of ours, or
 * is damaged, is put aside as `state.db.damaged-TIME`, said through on_trouble, and begun anew.
 */
enum rc store_open(const struct store_opts *opts, struct store **ret_store,
                   struct err *err) GPUERR_MUSTCHECK;

/* Ends it without waiting for what is not committed (store_flush first). NULL is fine. */
void store_close(struct store *store);

/* ---- what an earlier run has left; blocking, before the first commit ---- */

/* Positions that are not older than 14 days. What fn gets is lent. */
enum rc store_each_position(struct store *store,
                            void (*fn)(void *ctx, const struct store_position *position),
                            void *ctx) GPUERR_MUSTCHECK;

/* RC_NOT_FOUND when there is none. */
enum rc store_load_state(struct store *store, const char *name, struct buf *out) GPUERR_MUSTCHECK;

/* Events that the sink has not acknowledged, oldest first. A sink that is new has none. */
enum rc store_each_unsent(struct store *store, const char *sink,
                          void (*fn)(void *ctx, struct span json), void *ctx) GPUERR_MUSTCHECK;

/* ---- the next transaction ---- */

/* All copy. RC_NOMEM or RC_LIMIT: it was not taken. */
enum rc store_put_event(struct store *store, const struct store_event *event) GPUERR_MUSTCHECK;
enum rc store_put_position(struct store *store,
                           const struct store_position *position) GPUERR_MUSTCHECK;
enum rc store_put_state(struct store *store, const char *name, struct span value) GPUERR_MUSTCHECK;
/* The sink has everything that was put so far, and all before. */
enum rc store_put_ack(struct store *store, const char *sink) GPUERR_MUSTCHECK;

/* Whether anything was put since the last commit was begun. */
bool store_is_dirty(const struct store *store);

/* Begins to write what was put; while one is under way, the next waits for it. */
void store_commit(struct store *store);

/* Commits, and calls on_flushed(ctx) when nothing is pending any more, or the disk did not take it.
 */
void store_flush(struct store *store, void (*on_flushed)(void *ctx), void *ctx);

const struct store_stats *store_peek_stats(const struct store *store);

#endif
