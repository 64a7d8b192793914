/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, and what is asked of them. WAL with synchronous=NORMAL: a process that dies loses
 * nothing that was committed; a machine that loses its power may lose the last transactions, but
 * each with its positions and its events, so they are read and made again.
 *
 * Damage is looked for where it shows: a file that cannot be opened as ours, or a statement that
 * finds it damaged, is RC_INVALID, and the caller puts the file aside.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_internal.h"

/* `gerr`, so that other databases are told from ours. */
#define APPLICATION_ID 0x67657272
#define SCHEMA_VERSION 1
#define BUSY_MS        2000
#define JOURNAL_MAX    (8 * 1024 * 1024)
#define OUTBOX_BYTES   ((uint64_t)64 * 1024 * 1024)
#define TRIM_PER_BATCH 1000
#define POSITIONS_MAX  100000
#define NS_PER_DAY     (24 * 3600 * CLOCK_NS_PER_S)
#define POSITION_DAYS  14

static const char schema[] =
    "CREATE TABLE position (type INTEGER, key TEXT, path TEXT, device INTEGER, inode INTEGER,"
    " offset INTEGER, generation INTEGER, head BLOB, cursor TEXT, updated INTEGER,"
    " PRIMARY KEY (type, key)) WITHOUT ROWID;"
    "CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind INTEGER,"
    " severity INTEGER, time INTEGER, bytes INTEGER, json TEXT);"
    "CREATE TABLE sink (name TEXT PRIMARY KEY, seq INTEGER) WITHOUT ROWID;"
    "CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;";

static enum rc rc_of(struct store_db *db, int status)
{
    switch (status & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RC_OK;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR: /* a table that is not there: the file is not what we made */
        (void)snprintf(db->message, sizeof(db->message), "%s", sqlite3_errmsg(db->handle));
        return RC_INVALID;
    case SQLITE_NOMEM:
        return RC_NOMEM;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        (void)snprintf(db->message, sizeof(db->message), "%s", sqlite3_errmsg(db->handle));
        return RC_DENIED;
    default: /* full, i/o error, busy: it may pass */
        (void)snprintf(db->message, sizeof(db->message), "%s", sqlite3_errmsg(db->handle));
        return RC_IO;
    }
}

static enum rc exec(struct store_db *db, const char *sql)
{
    return rc_of(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

static enum rc get_int(struct store_db *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement;
    int status = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

    if (status == SQLITE_OK) {
        status = sqlite3_step(statement);
        if (status == SQLITE_ROW) {
            *ret_value = sqlite3_column_int64(statement, 0);
        }
        (void)sqlite3_finalize(statement); /* repeats the status of the step */
    }
    return rc_of(db, status);
}

static enum rc make_schema(struct store_db *db)
{
    char sql[sizeof(schema) + 256];

    (void)snprintf(sql, sizeof(sql),
                   "BEGIN IMMEDIATE; %s PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
                   schema, APPLICATION_ID, SCHEMA_VERSION);
    return exec(db, sql);
}

/* An empty file is made ours; one of somebody else's, or of a later version, is refused. */
static enum rc check_schema(struct store_db *db)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t tables = 0;
    enum rc rc = get_int(db, "PRAGMA application_id", &application);

    if (rc == RC_OK) {
        rc = get_int(db, "PRAGMA user_version", &version);
    }
    if (rc == RC_OK) {
        rc = get_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
    }
    if (rc != RC_OK) {
        return rc;
    }
    if (application == 0 && tables == 0) {
        return make_schema(db);
    }
    if (application != APPLICATION_ID || version != SCHEMA_VERSION) {
        (void)snprintf(db->message, sizeof(db->message), "it is another program's or version's");
        return RC_INVALID;
    }
    return RC_OK;
}

enum rc store_db_open(struct store_db *db, const char *path)
{
    char sql[128];
    int status = sqlite3_open_v2(path, &db->handle,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW |
                                     SQLITE_OPEN_NOMUTEX,
                                 NULL);
    enum rc rc = rc_of(db, status);

    if (rc == RC_OK) {
        (void)sqlite3_busy_timeout(db->handle, BUSY_MS);
        (void)sqlite3_extended_result_codes(db->handle, 1);
        rc = exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                      "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA trusted_schema=OFF; "
                      "PRAGMA cell_size_check=ON; PRAGMA cache_size=-512;");
    }
    if (rc == RC_OK) {
        (void)snprintf(sql, sizeof(sql), "PRAGMA journal_size_limit=%d", JOURNAL_MAX);
        rc = exec(db, sql);
    }
    if (rc == RC_OK) {
        rc = check_schema(db);
    }
    if (rc != RC_OK) {
        store_db_close(db);
    }
    return rc;
}

void store_db_close(struct store_db *db)
{
    (void)sqlite3_close_v2(db->handle); /* nothing is open in it */
    db->handle = NULL;
}

/* ---- writing ---- */

static void bind_text(sqlite3_stmt *statement, int at, struct span text)
{
    if (text.ptr != NULL) {
        (void)sqlite3_bind_text(statement, at, text.ptr, (int)text.len, SQLITE_STATIC);
    } else {
        (void)sqlite3_bind_null(statement, at);
    }
}

static void bind_blob(sqlite3_stmt *statement, int at, struct span bytes)
{
    (void)sqlite3_bind_blob(statement, at, bytes.ptr != NULL ? bytes.ptr : "", (int)bytes.len,
                            SQLITE_STATIC);
}

static void bind_event(sqlite3_stmt *statement, const struct store_event *event)
{
    bind_text(statement, 1, span_str(event->id));
    (void)sqlite3_bind_int(statement, 2, (int)event->kind);
    (void)sqlite3_bind_int(statement, 3, (int)event->severity);
    (void)sqlite3_bind_int64(statement, 4, event->time_wall_ns);
    (void)sqlite3_bind_int64(statement, 5, (sqlite3_int64)event->json.len);
    bind_text(statement, 6, event->json);
}

static void bind_position(sqlite3_stmt *statement, const struct store_position *position,
                          char key[64])
{
    (void)sqlite3_bind_int(statement, 1, (int)position->type);
    if (position->inode != 0) {
        (void)snprintf(key, 64, "%llx:%llx", (unsigned long long)position->device,
                       (unsigned long long)position->inode);
        bind_text(statement, 2, span_str(key));
    } else {
        bind_text(statement, 2, position->path);
    }
    bind_text(statement, 3, position->path);
    (void)sqlite3_bind_int64(statement, 4, (sqlite3_int64)position->device);
    (void)sqlite3_bind_int64(statement, 5, (sqlite3_int64)position->inode);
    (void)sqlite3_bind_int64(statement, 6, (sqlite3_int64)position->offset);
    (void)sqlite3_bind_int64(statement, 7, position->generation);
    bind_blob(statement, 8, position->head);
    bind_text(statement, 9, position->cursor);
    (void)sqlite3_bind_int64(statement, 10, position->updated_wall_ns);
}

static const char *const op_sql[] = {
    [OP_EVENT] = "INSERT OR IGNORE INTO event (id, kind, severity, time, bytes, json) "
                 "VALUES (?, ?, ?, ?, ?, ?)",
    [OP_POSITION] = "INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [OP_STATE] = "INSERT OR REPLACE INTO state VALUES (?, ?)",
    [OP_ACK] = "INSERT OR REPLACE INTO sink VALUES (?, (SELECT coalesce(max(seq), 0) FROM event))",
};

#define OP_COUNT (sizeof(op_sql) / sizeof(op_sql[0]))

static enum rc apply_op(struct store_db *db, sqlite3_stmt **statements, const struct op *op)
{
    char key[64];
    sqlite3_stmt *statement = statements[op->kind];
    int status;

    if (statement == NULL) {
        status = sqlite3_prepare_v2(db->handle, op_sql[op->kind], -1, &statement, NULL);
        if (status != SQLITE_OK) {
            return rc_of(db, status);
        }
        statements[op->kind] = statement;
    }
    switch (op->kind) {
    case OP_EVENT:
        bind_event(statement, &op->event);
        break;
    case OP_POSITION:
        bind_position(statement, &op->position, key);
        break;
    case OP_STATE:
        bind_text(statement, 1, op->state.name);
        bind_blob(statement, 2, op->state.value);
        break;
    case OP_ACK:
        bind_text(statement, 1, op->sink);
        break;
    }
    status = sqlite3_step(statement);
    (void)sqlite3_reset(statement); /* repeats the status of the step */
    return rc_of(db, status);
}

static enum rc apply_all(struct store_db *db, const struct batch *batch)
{
    sqlite3_stmt *statements[OP_COUNT] = {NULL};
    enum rc rc = RC_OK;

    for (const struct op *op = batch->first; op != NULL && rc == RC_OK; op = op->next) {
        rc = apply_op(db, statements, op);
    }
    for (size_t i = 0; i < OP_COUNT; i++) {
        (void)sqlite3_finalize(statements[i]); /* reported by the step */
    }
    return rc;
}

/* What every sink has goes; then the oldest, until the outbox keeps its bound: repeats first. */
static enum rc trim(struct store_db *db)
{
    char sql[256];
    uint64_t max = db->outbox_max_bytes != 0 ? db->outbox_max_bytes : OUTBOX_BYTES;
    int64_t bytes = 0;
    enum rc rc = exec(db, "DELETE FROM event WHERE seq <= (SELECT min(seq) FROM sink)");

    if (rc == RC_OK) {
        rc = get_int(db, "SELECT coalesce(sum(bytes), 0) FROM event", &bytes);
    }
    while (rc == RC_OK && bytes > 0 && (uint64_t)bytes > max) {
        (void)snprintf(sql, sizeof(sql),
                       "DELETE FROM event WHERE seq IN (SELECT seq FROM event ORDER BY kind <> %d, "
                       "seq LIMIT %d)",
                       (int)EVENT_REPEAT, TRIM_PER_BATCH);
        rc = exec(db, sql);
        db->dropped += (uint64_t)sqlite3_changes(db->handle);
        if (rc == RC_OK) {
            rc = get_int(db, "SELECT coalesce(sum(bytes), 0) FROM event", &bytes);
        }
    }
    return rc;
}

enum rc store_db_apply(struct store_db *db, const struct batch *batch)
{
    enum rc rc = exec(db, "BEGIN IMMEDIATE");

    db->dropped = 0;
    if (rc != RC_OK) {
        return rc;
    }
    rc = apply_all(db, batch);
    if (rc == RC_OK) {
        rc = trim(db);
    }
    if (rc == RC_OK) {
        rc = exec(db, "COMMIT");
    }
    if (rc != RC_OK && sqlite3_get_autocommit(db->handle) == 0) {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL); /* rc says why */
    }
    return rc;
}

/* ---- reading ---- */

static struct span column_text(sqlite3_stmt *row, int column)
{
    const void *bytes = sqlite3_column_blob(row, column);
    int n = sqlite3_column_bytes(row, column);

    return bytes != NULL ? span_of(bytes, (size_t)n) : (struct span){0};
}

static enum rc forget_old(struct store_db *db, int64_t not_before_wall_ns)
{
    char sql[256];

    (void)snprintf(
        sql, sizeof(sql),
        "DELETE FROM position WHERE updated < %lld; DELETE FROM position WHERE (type, key) "
        "IN (SELECT type, key FROM position ORDER BY updated DESC LIMIT -1 OFFSET %d)",
        (long long)not_before_wall_ns, POSITIONS_MAX);
    return exec(db, sql);
}

enum rc store_db_each_position(struct store_db *db, int64_t now_wall_ns,
                               void (*fn)(void *ctx, const struct store_position *position),
                               void *ctx)
{
    sqlite3_stmt *row;
    enum rc rc = forget_old(db, now_wall_ns - POSITION_DAYS * NS_PER_DAY);
    int status;

    if (rc != RC_OK && rc != RC_IO) {
        return rc; /* a full disk does not keep us from reading */
    }
    status = sqlite3_prepare_v2(db->handle,
                                "SELECT type, path, device, inode, offset, generation, head, "
                                "cursor, updated FROM position ORDER BY updated",
                                -1, &row, NULL);
    if (status != SQLITE_OK) {
        return rc_of(db, status);
    }
    while ((status = sqlite3_step(row)) == SQLITE_ROW) {
        int type = sqlite3_column_int(row, 0);
        struct store_position position = {
            .type = (enum source_type)type,
            .path = column_text(row, 1),
            .device = (uint64_t)sqlite3_column_int64(row, 2),
            .inode = (uint64_t)sqlite3_column_int64(row, 3),
            .offset = (uint64_t)sqlite3_column_int64(row, 4),
            .generation = (uint32_t)sqlite3_column_int64(row, 5),
            .head = column_text(row, 6),
            .cursor = column_text(row, 7),
            .updated_wall_ns = sqlite3_column_int64(row, 8),
        };
        if (type >= SOURCE_FILE && type <= SOURCE_EXEC && position.path.ptr != NULL &&
            position.head.len <= ORIGIN_HEAD_BYTES) {
            fn(ctx, &position);
        }
    }
    (void)sqlite3_finalize(row); /* repeats the status of the step */
    return rc_of(db, status);
}

enum rc store_db_load_state(struct store_db *db, const char *name, struct buf *out)
{
    sqlite3_stmt *row;
    int status =
        sqlite3_prepare_v2(db->handle, "SELECT value FROM state WHERE name = ?", -1, &row, NULL);
    enum rc rc;

    if (status != SQLITE_OK) {
        return rc_of(db, status);
    }
    bind_text(row, 1, span_str(name));
    status = sqlite3_step(row);
    rc = rc_of(db, status);
    if (status == SQLITE_ROW) {
        buf_add(out, column_text(row, 0));
        rc = buf_rc(out);
    } else if (rc == RC_OK) {
        rc = RC_NOT_FOUND;
    }
    (void)sqlite3_finalize(row); /* repeats the status of the step */
    return rc;
}

enum rc store_db_each_unsent(struct store_db *db, const char *sink,
                             void (*fn)(void *ctx, struct span json), void *ctx)
{
    sqlite3_stmt *row;
    int status = sqlite3_prepare_v2(
        db->handle,
        "SELECT json FROM event WHERE seq > (SELECT seq FROM sink WHERE name = ?) ORDER BY seq", -1,
        &row, NULL);

    if (status != SQLITE_OK) {
        return rc_of(db, status);
    }
    bind_text(row, 1, span_str(sink));
    while ((status = sqlite3_step(row)) == SQLITE_ROW) {
        fn(ctx, column_text(row, 0));
    }
    (void)sqlite3_finalize(row); /* repeats the status of the step */
    return rc_of(db, status);
}
