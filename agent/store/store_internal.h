/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of store/ share: store.c (the loop's side), store_db.c (the file), store_lock.c
 * (one agent a directory). */
#ifndef GPUERR_STORE_STORE_INTERNAL_H
#define GPUERR_STORE_STORE_INTERNAL_H

#include "base/arena.h"
#include "store/store.h"

struct sqlite3;

#define STORE_PATH_BYTES 4096

/* ---- what is put ---- */

enum op_kind { OP_EVENT, OP_POSITION, OP_STATE, OP_ACK };

struct op {
    struct op *next;
    enum op_kind kind;
    union {
        struct store_event event;
        struct store_position position;
        struct {
            struct span name;
            struct span value;
        } state;
        struct span sink;
    };
};

/* The operations of one transaction, in order; all their bytes lie in the arena. */
struct batch {
    struct arena arena;
    struct op *first;
    struct op **end; /* where the next is linked; NULL in an empty batch */
};

/* ---- store_db.c: the file; one thread at a time ---- */

struct store_db {
    struct sqlite3 *handle;
    uint64_t outbox_max_bytes;
    uint64_t dropped; /* by the last batch, to keep the outbox within bounds */
    char message[256];
};

/* RC_INVALID: it is no state of ours, or damaged; otherwise RC_IO and the like. */
enum rc store_db_open(struct store_db *db, const char *path) GPUERR_MUSTCHECK;
void store_db_close(struct store_db *db);

/* All of the batch or nothing of it. */
enum rc store_db_apply(struct store_db *db, const struct batch *batch) GPUERR_MUSTCHECK;

enum rc store_db_each_position(struct store_db *db, int64_t not_before_wall_ns,
                               void (*fn)(void *ctx, const struct store_position *position),
                               void *ctx) GPUERR_MUSTCHECK;
enum rc store_db_load_state(struct store_db *db, const char *name,
                            struct buf *out) GPUERR_MUSTCHECK;
enum rc store_db_each_unsent(struct store_db *db, const char *sink,
                             void (*fn)(void *ctx, struct span json), void *ctx) GPUERR_MUSTCHECK;

/* ---- store_lock.c ---- */

/* Makes dir and takes its lock; ret_fd holds it. */
enum rc store_lock(const char *dir, int *ret_fd, struct err *err) GPUERR_MUSTCHECK;

#endif
