/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source under test with a receiver that keeps everything: the bytes of all streams, joined in
 * the order of their arrival, and the notices. A test writes files, then calls rig_wait_for until
 * the receiver has what is expected or a generous deadline passes; nothing sleeps.
 */
#ifndef GPUERR_TESTS_UNIT_SOURCE_RIG_H
#define GPUERR_TESTS_UNIT_SOURCE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop/loop.h"
#include "loop/timer.h"
#include "source/source.h"
#include "support/tmpdir.h"

#define RIG_DEADLINE_MS 20000
#define RIG_TEXT_MAX    (8 * 1024 * 1024)

struct rig_notice {
    enum source_notice notice;
    char file[512];
    char message[512];
    uint64_t from;
    uint64_t to;
};

struct rig {
    char dir[256];
    struct loop *loop;
    struct source *source;
    struct timer *deadline;
    char *text; /* everything received */
    size_t len;
    uint64_t n_messages;
    uint64_t n_kernel;
    uint64_t n_replayed;
    uint64_t n_truncated;
    char cursor[256]; /* this and the following: of the last message */
    char unit[128];
    char host[128];
    int64_t log_wall_ns;
    unsigned opened;
    unsigned closed;
    unsigned quiet;
    uint32_t last_generation;
    uint64_t last_start;
    struct rig_notice notices[64];
    size_t n_notices;
    bool (*is_done)(struct rig *rig);
    const char *wanted;
    uint64_t wanted_n;
    bool timed_out;
    bool waiting;
    bool drained;
    bool source_closed;
    enum rc answer;      /* of the next on_chunk, then RC_OK again */
    enum rc open_answer; /* of on_open */
};

struct rig_stream {
    uint64_t next_offset;
};

/* Fails the test at the end of a wait, never inside a callback (it would jump over libuv). */
static bool rig_broken;

static inline void rig_check(struct rig *rig)
{
    if (rig->waiting && rig->is_done != NULL && rig->is_done(rig)) {
        rig->waiting = false;
        timer_start(rig->deadline, 0, 0);
    }
}

static inline enum rc rig_on_open(void *ctx, const struct origin *origin, uint64_t start,
                                  void **ret_stream)
{
    struct rig *rig = ctx;
    struct rig_stream *stream = calloc(1, sizeof(*stream));

    if (rig->open_answer != RC_OK) {
        free(stream);
        return rig->open_answer;
    }
    stream->next_offset = start;
    rig->last_start = start;
    rig->last_generation = origin->generation;
    rig->opened++;
    *ret_stream = stream;
    rig_check(rig);
    return RC_OK;
}

static inline enum rc rig_on_chunk(void *ctx, void *stream_ptr, const struct chunk *chunk)
{
    struct rig *rig = ctx;
    struct rig_stream *stream = stream_ptr;
    enum rc answer = rig->answer;

    if (chunk->offset < stream->next_offset || rig->len + chunk->bytes.len > RIG_TEXT_MAX) {
        rig_broken = true;
        return RC_INVALID;
    }
    stream->next_offset = chunk->offset + chunk->bytes.len;
    memcpy(rig->text + rig->len, chunk->bytes.ptr, chunk->bytes.len);
    rig->len += chunk->bytes.len;
    rig->text[rig->len] = '\0';
    rig->answer = RC_OK;
    rig_check(rig);
    return answer;
}

/* Messages become lines of text; of the last one what the transport said is kept. */
static inline enum rc rig_on_messages(void *ctx, void *stream_ptr, const struct message *messages,
                                      size_t n)
{
    struct rig *rig = ctx;
    enum rc answer = rig->answer;

    (void)stream_ptr;
    for (size_t i = 0; i < n; i++) {
        const struct message *message = &messages[i];
        if (rig->len + message->text.len + 1 > RIG_TEXT_MAX) {
            rig_broken = true;
            return RC_INVALID;
        }
        memcpy(rig->text + rig->len, message->text.ptr, message->text.len);
        rig->len += message->text.len + 1;
        rig->text[rig->len - 1] = '\n';
        rig->text[rig->len] = '\0';
        rig->n_messages++;
        rig->n_kernel += message->kernel;
        rig->n_replayed += message->replayed;
        rig->n_truncated += message->truncated;
        (void)snprintf(rig->cursor, sizeof(rig->cursor), "%.*s", (int)message->cursor.len,
                       message->cursor.ptr != NULL ? message->cursor.ptr : "");
        (void)snprintf(rig->unit, sizeof(rig->unit), "%.*s", (int)message->unit.len,
                       message->unit.ptr != NULL ? message->unit.ptr : "");
        (void)snprintf(rig->host, sizeof(rig->host), "%.*s", (int)message->host.len,
                       message->host.ptr != NULL ? message->host.ptr : "");
        rig->log_wall_ns = message->log_wall_ns;
    }
    rig->answer = RC_OK;
    rig_check(rig);
    return answer;
}

static inline enum rc rig_on_quiet(void *ctx, void *stream)
{
    struct rig *rig = ctx;

    (void)stream;
    rig->quiet++;
    rig_check(rig);
    return RC_OK;
}

static inline void rig_on_close(void *ctx, void *stream)
{
    struct rig *rig = ctx;

    free(stream);
    rig->closed++;
    rig_check(rig);
}

static inline void rig_on_notice(void *ctx, enum source_notice notice, const struct origin *origin,
                                 const struct err *err, uint64_t from, uint64_t to)
{
    struct rig *rig = ctx;

    (void)origin;
    if (rig->n_notices < sizeof(rig->notices) / sizeof(rig->notices[0])) {
        struct rig_notice *kept = &rig->notices[rig->n_notices++];
        kept->notice = notice;
        kept->from = from;
        kept->to = to;
        (void)snprintf(kept->file, sizeof(kept->file), "%s", err != NULL ? err->file : "");
        (void)snprintf(kept->message, sizeof(kept->message), "%s", err != NULL ? err->message : "");
    }
    rig_check(rig);
}

static const struct source_ops rig_ops = {
    .on_open = rig_on_open,
    .on_chunk = rig_on_chunk,
    .on_messages = rig_on_messages,
    .on_quiet = rig_on_quiet,
    .on_close = rig_on_close,
    .on_notice = rig_on_notice,
};

static inline void rig_on_deadline(void *ctx)
{
    struct rig *rig = ctx;

    rig->timed_out = rig->waiting;
    rig->is_done = NULL;
    rig->waiting = false;
    loop_stop(rig->loop);
}

/* Runs the loop until is_done says so; false when the deadline passed first. */
static inline bool rig_wait_until(struct rig *rig, bool (*is_done)(struct rig *rig))
{
    if (is_done(rig)) {
        return true;
    }
    rig->is_done = is_done;
    rig->waiting = true;
    rig->timed_out = false;
    timer_start(rig->deadline, RIG_DEADLINE_MS, 0);
    assert_int_equal(loop_run(rig->loop), RC_OK);
    return !rig->timed_out && !rig_broken;
}

static inline bool rig_has_text(struct rig *rig)
{
    return rig->len >= strlen(rig->wanted);
}

/* Waits until as many bytes came as text has, then compares. */
static inline void rig_expect(struct rig *rig, const char *text)
{
    rig->wanted = text;
    (void)rig_wait_until(rig, rig_has_text);
    assert_string_equal(rig->text, text);
}

static inline size_t rig_count(const struct rig *rig, enum source_notice notice)
{
    size_t n = 0;

    for (size_t i = 0; i < rig->n_notices; i++) {
        n += rig->notices[i].notice == notice;
    }
    return n;
}

static inline bool rig_has_notice(struct rig *rig)
{
    return rig_count(rig, (enum source_notice)rig->wanted_n) > 0;
}

static inline const struct rig_notice *rig_expect_notice(struct rig *rig, enum source_notice notice)
{
    rig->wanted_n = notice;
    assert_true(rig_wait_until(rig, rig_has_notice));
    for (size_t i = 0; i < rig->n_notices; i++) {
        if (rig->notices[i].notice == notice) {
            return &rig->notices[i];
        }
    }
    return NULL;
}

static inline bool rig_has_closed(struct rig *rig)
{
    return rig->closed >= rig->wanted_n;
}

static inline bool rig_has_opened(struct rig *rig)
{
    return rig->opened >= rig->wanted_n;
}

static inline void rig_expect_opened(struct rig *rig, unsigned n)
{
    rig->wanted_n = n;
    assert_true(rig_wait_until(rig, rig_has_opened));
}

static inline void rig_expect_closed(struct rig *rig, unsigned n)
{
    rig->wanted_n = n;
    assert_true(rig_wait_until(rig, rig_has_closed));
}

static inline void rig_init(struct rig *rig)
{
    *rig = (struct rig){0};
    rig_broken = false;
    tmpdir_make(rig->dir, sizeof(rig->dir));
    rig->text = calloc(RIG_TEXT_MAX + 1, 1);
    assert_non_null(rig->text);
    assert_int_equal(loop_new(&rig->loop), RC_OK);
    assert_int_equal(timer_new(rig->loop, rig_on_deadline, rig, &rig->deadline), RC_OK);
}

static inline char *rig_path(const struct rig *rig, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", rig->dir, name);
    return path;
}

/* Follows the pattern (below the rig's directory), ready when it returns. */
static inline void rig_follow_opts(struct rig *rig, const char *pattern, struct tail_opts opts)
{
    const char *patterns[] = {rig_path(rig, pattern)};
    struct err err;

    opts.patterns = patterns;
    opts.n_patterns = 1;
    opts.scan_ms = opts.scan_ms != 0 ? opts.scan_ms : 100;
    opts.quiet_ms = opts.quiet_ms != 0 ? opts.quiet_ms : 60000;
    assert_int_equal(source_open_tail(rig->loop, &opts, &rig_ops, rig, &rig->source, &err), RC_OK);
    (void)rig_expect_notice(rig, SOURCE_READY);
}

static inline void rig_follow(struct rig *rig, const char *pattern, enum tail_from from)
{
    rig_follow_opts(rig, pattern, (struct tail_opts){.from = from});
}

static inline void rig_write(const struct rig *rig, const char *name, const char *text)
{
    tmpdir_write(rig->dir, name, text, strlen(text));
}

static inline void rig_append(const struct rig *rig, const char *name, const char *text)
{
    int fd = open(rig_path(rig, name), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static inline void rig_rename(const struct rig *rig, const char *from, const char *to)
{
    assert_int_equal(rename(rig_path(rig, from), rig_path(rig, to)), 0);
}

static inline void rig_remove(const struct rig *rig, const char *name)
{
    assert_int_equal(remove(rig_path(rig, name)), 0);
}

static inline void rig_note_drained(void *ctx)
{
    struct rig *rig = ctx;

    rig->drained = true;
    rig_check(rig);
}

static inline bool rig_is_drained(struct rig *rig)
{
    return rig->drained;
}

static inline void rig_drain(struct rig *rig)
{
    source_drain(rig->source, RIG_DEADLINE_MS / 2, rig_note_drained, rig);
    assert_true(rig_wait_until(rig, rig_is_drained));
}

static inline void rig_note_closed(void *ctx)
{
    struct rig *rig = ctx;

    rig->source_closed = true;
    rig_check(rig);
}

static inline bool rig_is_closed(struct rig *rig)
{
    return rig->source_closed;
}

/* Ends the source and checks that every stream was ended, once. */
static inline void rig_fini(struct rig *rig)
{
    if (rig->source != NULL) {
        source_close(rig->source, rig_note_closed, rig);
        assert_true(rig_wait_until(rig, rig_is_closed));
        assert_int_equal(rig->opened, rig->closed);
    }
    timer_free(rig->deadline);
    loop_free(rig->loop);
    tmpdir_remove(rig->dir);
    free(rig->text);
}

#endif
