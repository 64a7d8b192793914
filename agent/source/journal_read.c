/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of an entry become a message. Of a line that was written into /dev/kmsg journald makes
 * identifier and text (`NVRM: Xid` becomes SYSLOG_IDENTIFIER=NVRM, MESSAGE=Xid ...); of kernel
 * lines the two are joined again, as every pattern knows the line in one piece. Facility 0 and
 * _TRANSPORT=kernel together are the kernel's word.
 *
 * After a vacuum a saved cursor is gone without an error: sd_journal_test_cursor says whether we
 * stand on it.
 */
#include "source/journal_read.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/journal_files.h"

#define FIELD_BYTES ((size_t)256 * 1024)
#define TEXT_BYTES  ((size_t)1024 * 1024)
#define OPEN_LOCAL  1 /* SD_JOURNAL_LOCAL_ONLY */

enum rc journal_reader_init(struct journal_reader *reader)
{
    buf_init(&reader->text, TEXT_BYTES);
    reader->history = reader->opts.resume_cursor == NULL && reader->opts.from == TAIL_FROM_START;
    if (reader->opts.resume_cursor != NULL &&
        strlen(reader->opts.resume_cursor) < JOURNAL_CURSOR_BYTES) {
        memcpy(reader->cursor, reader->opts.resume_cursor, strlen(reader->opts.resume_cursor) + 1);
    }
    return buf_reserve(&reader->text, TEXT_BYTES);
}

static void shut(struct journal_reader *reader)
{
    if (reader->journal != NULL) {
        reader->lib.close(reader->journal);
        reader->journal = NULL;
    }
}

void journal_reader_fini(struct journal_reader *reader)
{
    shut(reader);
    buf_fini(&reader->text);
}

static int open_files(struct journal_reader *reader)
{
    const struct journal_opts *opts = &reader->opts;

    if (opts->dir != NULL) {
        return reader->lib.open_directory(&reader->journal, opts->dir, 0);
    }
    if (opts->name_space != NULL) {
        return reader->lib.open_namespace(&reader->journal, opts->name_space, OPEN_LOCAL);
    }
    return reader->lib.open(&reader->journal, OPEN_LOCAL);
}

static int add_matches(struct journal_reader *reader)
{
    int r = 0;

    for (size_t i = 0; i < reader->opts.n_matches && r >= 0; i++) {
        const char *match = reader->opts.matches[i];
        if (strcmp(match, "default") == 0) {
            continue;
        }
        r = strcmp(match, "+") == 0 ? reader->lib.add_disjunction(reader->journal)
                                    : reader->lib.add_match(reader->journal, match, strlen(match));
    }
    return r;
}

/* The entry that we stand on is the last one handled; so a restart, or the journal opened anew,
 * goes on behind it. */
static int begin_behind_this(struct journal_reader *reader)
{
    char *cursor;
    int r = reader->lib.get_cursor(reader->journal, &cursor);

    if (r >= 0 && strlen(cursor) < JOURNAL_CURSOR_BYTES) {
        memcpy(reader->cursor, cursor, strlen(cursor) + 1);
    }
    if (r >= 0) {
        mem_free(cursor); /* libsystemd's malloc is ours */
    }
    return r;
}

static int seek_behind_cursor(struct journal_reader *reader)
{
    const struct journal_lib *lib = &reader->lib;
    int r = lib->seek_cursor(reader->journal, reader->cursor);

    if (r >= 0) {
        r = lib->next(reader->journal);
    }
    if (r > 0) {
        r = lib->test_cursor(reader->journal, reader->cursor);
        reader->lost = r == 0;
        reader->pending = r == 0;
    } else if (r == 0) { /* nothing from there on: the entry itself is gone */
        reader->lost = true;
        r = lib->seek_head(reader->journal);
    }
    return r;
}

static int seek(struct journal_reader *reader)
{
    int r;

    if (reader->cursor[0] != '\0') {
        return seek_behind_cursor(reader);
    }
    if (reader->opts.from == TAIL_FROM_START || reader->caught_up) {
        return reader->lib.seek_head(reader->journal);
    }
    r = reader->lib.seek_tail(reader->journal);
    if (r >= 0) {
        r = reader->lib.previous(reader->journal);
    }
    return r == 0 ? reader->lib.seek_head(reader->journal) : r > 0 ? begin_behind_this(reader) : r;
}

static enum rc fail(struct journal_reader *reader, int r, struct err *err)
{
    shut(reader);
    return err_set(err, rc_from_errno(-r), "the journal cannot be read: %s", strerror(-r));
}

static enum rc open_journal(struct journal_reader *reader, struct err *err)
{
    int r = open_files(reader);
    enum rc rc = RC_OK;

    reader->pending = false;
    if (r < 0) {
        reader->journal = NULL;
        return fail(reader, r, err);
    }
    r = reader->lib.seek_head(reader->journal);
    if (r >= 0) {
        r = reader->lib.next(reader->journal);
    }
    if (r == 0 && reader->opts.name_space == NULL) {
        rc = journal_files_check(reader->opts.dir, err);
    }
    if (rc != RC_OK) {
        shut(reader);
        return rc;
    }
    r = r < 0 ? r : reader->lib.get_fd(reader->journal);
    r = r < 0 ? r : reader->lib.set_data_threshold(reader->journal, FIELD_BYTES);
    r = r < 0 ? r : add_matches(reader);
    r = r < 0 ? r : seek(reader);
    return r < 0 ? fail(reader, r, err) : RC_OK;
}

/* The value of a field; libsystemd's, until the next call. */
static struct span field(struct journal_reader *reader, const char *name)
{
    const void *data;
    size_t len;
    size_t skip = strlen(name) + 1;

    if (reader->lib.get_data(reader->journal, name, &data, &len) < 0 || len < skip) {
        return span_of(NULL, 0);
    }
    return span_of((const char *)data + skip, len - skip);
}

static struct span keep(struct journal_reader *reader, struct span bytes)
{
    size_t at = reader->text.len;

    bytes.len = bytes.len < JOURNAL_CURSOR_BYTES ? bytes.len : JOURNAL_CURSOR_BYTES - 1;
    buf_add(&reader->text, bytes);
    return bytes.ptr == NULL || buf_rc(&reader->text) != RC_OK
               ? span_of(NULL, 0)
               : span_of(reader->text.ptr + at, bytes.len);
}

static struct span keep_cursor(struct journal_reader *reader)
{
    char *cursor;
    struct span kept;

    if (reader->lib.get_cursor(reader->journal, &cursor) < 0) {
        return span_of(NULL, 0);
    }
    kept = keep(reader, span_str(cursor));
    mem_free(cursor); /* libsystemd's malloc is ours */
    if (kept.ptr != NULL) {
        memcpy(reader->cursor, kept.ptr, kept.len);
        reader->cursor[kept.len] = '\0';
    }
    return kept;
}

static struct span keep_text(struct journal_reader *reader, bool from_kernel,
                             struct span identifier, bool *ret_truncated)
{
    size_t at = reader->text.len;
    struct span pid = field(reader, "SYSLOG_PID");
    struct span text;

    if (from_kernel && identifier.len > 0 && !span_eq_str(identifier, "kernel")) {
        buf_add(&reader->text, identifier);
        pid.len = pid.len < 20 ? pid.len : 0;
        if (pid.len > 0) {
            buf_printf(&reader->text, "[%.*s]", (int)pid.len, pid.ptr);
        }
        buf_add_str(&reader->text, ": ");
    }
    text = field(reader, "MESSAGE");
    buf_add(&reader->text, text);
    *ret_truncated = text.len + sizeof("MESSAGE") >= FIELD_BYTES;
    return span_of(reader->text.ptr + at, reader->text.len - at);
}

static void add_entry(struct journal_reader *reader)
{
    bool from_kernel = span_eq_str(field(reader, "_TRANSPORT"), "kernel");
    struct span facility = field(reader, "SYSLOG_FACILITY");
    struct message message = {.log_wall_ns = CLOCK_NONE, .offset = reader->count++};
    struct span identifier;
    uint64_t usec;

    message.kernel = from_kernel && (facility.len == 0 || span_eq_str(facility, "0"));
    message.replayed = reader->history && !reader->caught_up;
    if (reader->lib.get_realtime_usec(reader->journal, &usec) >= 0) {
        message.log_wall_ns = (int64_t)usec * 1000;
    }
    identifier = keep(reader, field(reader, "SYSLOG_IDENTIFIER"));
    message.unit = keep(reader, field(reader, "_SYSTEMD_UNIT"));
    if (message.unit.ptr == NULL) {
        message.unit = identifier;
    }
    message.host = keep(reader, field(reader, "_HOSTNAME"));
    message.cursor = keep_cursor(reader);
    message.text = keep_text(reader, from_kernel, identifier, &message.truncated);
    if (buf_rc(&reader->text) == RC_OK) {
        reader->messages[reader->n_messages++] = message;
    }
}

enum rc journal_reader_read(struct journal_reader *reader, struct err *err)
{
    enum rc rc = RC_OK;
    int r = 1;

    reader->n_messages = 0;
    reader->lost = false;
    buf_clear(&reader->text);
    if (reader->journal == NULL) {
        rc = open_journal(reader, err);
    } else {
        r = reader->lib.process(reader->journal);
    }
    /* Of an entry's fields only the text is large. */
    while (rc == RC_OK && r >= 0 && reader->n_messages < JOURNAL_MESSAGES &&
           TEXT_BYTES - reader->text.len > 2 * FIELD_BYTES) {
        r = reader->pending ? 1 : reader->lib.next(reader->journal);
        reader->pending = false;
        if (r == 0) {
            reader->caught_up = true;
            break;
        }
        if (r > 0) {
            add_entry(reader);
        }
    }
    return rc == RC_OK && r < 0 ? fail(reader, r, err) : rc;
}
