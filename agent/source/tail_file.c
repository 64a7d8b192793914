/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One followed file. Its way:
 *
 *   WANTED -> OPENING -> (HELD ->) QUEUED <-> READING -> IDLE -> QUEUED ...
 *
 * and to ENDED when it cannot be opened or its receiver refuses it. A change (inotify, or a size
 * that the scan saw) makes it dirty and queues it; it is IDLE only when a read that began after the
 * last change found the end.
 *
 * Rotation by rename: the old file loses its name and stays open until it has been silent; the new
 * one under its path is HELD until the old one has been read to its end, so that lines stay in
 * order. Truncation, and a rewrite of any size, is found by the read (tail_read.h): the stream
 * ends, a new one begins at 0, and what is known to have been in the file unread is reported lost.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "source/tail_internal.h"

#define NOT_ASKED UINT64_MAX

static uint64_t hash_id(uint64_t device, uint64_t inode)
{
    uint64_t id[2] = {device, inode};

    return hash_64(span_of((const char *)id, sizeof(id)));
}

static void fail(struct tail_file *file, enum rc rc, const char *text)
{
    tail_notice(file->tail, SOURCE_FAILED, file->path, rc, text);
}

static void set_watched(struct tail_file *file, int wd)
{
    struct tail *tail = file->tail;

    if (wd >= 0 && table_add(&tail->files_by_wd, &file->wd_node, (uint64_t)wd) == RC_OK) {
        file->wd = wd;
    }
}

/* Files held behind this one go on. */
static void release_followers(struct tail_file *file)
{
    for (struct tail_file *other = file->tail->files; other != NULL && file->after > 0;
         other = other->next) {
        if (other->before == file) {
            other->before = NULL;
            file->after--;
            if (other->state == FILE_HELD) {
                other->dirty = true;
                tail_reader_queue(other);
            }
        }
    }
}

static void become_idle(struct tail_file *file)
{
    file->state = FILE_IDLE;
    release_followers(file);
    tail_check_done(file->tail);
}

static void become_ended(struct tail_file *file)
{
    tail_file_end_stream(file);
    if (file->fd >= 0) {
        if (file->wd >= 0) {
            table_remove(&file->tail->files_by_wd, &file->wd_node);
        }
        tail_reader_close(file->reader, file->fd, file->wd);
        file->tail->source.stats.files_open--;
        file->fd = -1;
        file->wd = -1;
    }
    file->state = FILE_ENDED;
    release_followers(file);
    tail_check_done(file->tail);
}

/* Gives the receiver's answer its due; false when the stream has ended by it. */
static bool take_answer(struct tail_file *file, enum rc rc)
{
    if (rc == RC_FULL) {
        file->tail->paused = true;
    } else if (rc != RC_OK) {
        fail(file, rc, rc_text(rc));
        become_ended(file);
        return false;
    }
    return true;
}

static bool begin_stream(struct tail_file *file)
{
    struct tail *tail = file->tail;
    enum rc rc;

    file->origin.head = span_of(file->mark.head, file->mark.head_len);
    rc = tail->ops->on_open(tail->ctx, &file->origin, file->mark.offset, &file->stream);
    file->has_stream = rc == RC_OK || rc == RC_FULL;
    return take_answer(file, rc);
}

void tail_file_end_stream(struct tail_file *file)
{
    if (file->has_stream) {
        file->has_stream = false;
        file->tail->ops->on_close(file->tail->ctx, file->stream);
    }
}

static void try_open(struct tail_file *file)
{
    file->denied = false;
    file->state = tail_reader_open(file) == RC_OK ? FILE_OPENING : FILE_WANTED;
}

enum rc tail_file_new(struct tail *tail, const char *path, const struct scan_change *found,
                      uint64_t begin_at, struct tail_file **ret_file)
{
    size_t len = strlen(path);
    struct tail_file *file = mem_calloc(1, sizeof(*file) + len + 1);
    enum rc rc;

    if (file == NULL) {
        return RC_NOMEM;
    }
    rc = tail_reader_get(tail, found->device, &file->reader);
    if (rc == RC_OK) {
        rc = table_add(&tail->files_by_id, &file->node, hash_id(found->device, found->inode));
    }
    if (rc != RC_OK) {
        mem_free(file);
        return rc;
    }
    memcpy(file->path, path, len);
    file->origin = (struct origin){
        .type = SOURCE_FILE,
        .path = span_of(file->path, len),
        .device = found->device,
        .inode = found->inode,
        .rank = RANK_NONE,
    };
    file->tail = tail;
    file->fd = -1;
    file->wd = -1;
    file->known = tail_take_known(tail, found->device, found->inode);
    if (file->known != NULL) {
        file->origin.generation = file->known->generation;
        begin_at = 0;
    } else {
        file->origin.generation = tail_past_generation(&tail->past, found->device, found->inode);
    }
    file->begin_at = begin_at;
    file->size_seen = found->size;
    file->drain_to = NOT_ASKED;
    file->next = tail->files;
    file->link = &tail->files;
    if (file->next != NULL) {
        file->next->link = &file->next;
    }
    tail->files = file;
    try_open(file);
    *ret_file = file;
    return RC_OK;
}

/* A generation of which nothing was read can be the next file's. */
static void note_past(const struct tail_file *file)
{
    bool read = file->mark.offset > 0 || (file->known != NULL && file->known->offset > 0);
    uint32_t next = file->origin.generation + (read ? 1 : 0);

    if (next > 0) {
        tail_past_note(&file->tail->past, file->origin.device, file->origin.inode, next);
    }
}

void tail_file_free(struct tail_file *file)
{
    struct tail *tail = file->tail;

    note_past(file);
    if (file->state == FILE_QUEUED) {
        tail_reader_unqueue(file);
    }
    become_ended(file);
    if (file->before != NULL) {
        file->before->after--;
    }
    table_remove(&tail->files_by_id, &file->node);
    *file->link = file->next;
    if (file->next != NULL) {
        file->next->link = file->link;
    }
    mem_free(file);
}

bool tail_file_is_busy(const struct tail_file *file)
{
    return file->state == FILE_OPENING || file->state == FILE_READING;
}

void tail_file_retry(struct tail_file *file)
{
    if (file->state == FILE_ENDED && file->denied) {
        try_open(file);
    }
}

void tail_file_hold_behind(struct tail_file *file, struct tail_file *before)
{
    if (before->state == FILE_ENDED) {
        return;
    }
    file->before = before;
    before->after++;
    tail_file_wake(before); /* what was written before the rename is read first */
    if (before->state == FILE_IDLE) {
        release_followers(before);
    }
}

void tail_file_wake(struct tail_file *file)
{
    if (file->tail->phase == TAIL_DRAINING && file->drained) {
        return;
    }
    file->dirty = true;
    if (file->state == FILE_IDLE) {
        tail_reader_queue(file);
    }
}

void tail_file_note_size(struct tail_file *file, uint64_t size)
{
    if (size < file->size_seen && file->size_seen > file->size_top) {
        file->size_top = file->size_seen;
    }
    file->size_seen = size;
}

/* ---- what the reader brings ---- */

static bool wants_descriptors(int err_no)
{
    return err_no == EMFILE || err_no == ENFILE || err_no == ENOMEM;
}

static void not_opened(struct tail_file *file, int err_no)
{
    if (wants_descriptors(err_no)) {
        file->state = FILE_WANTED;
        release_followers(file);
        tail_check_done(file->tail);
        return;
    }
    if (err_no != 0 && err_no != ENOENT && err_no != ESTALE && !file->failing) {
        file->failing = true;
        fail(file, rc_from_errno(err_no), strerror(err_no));
    }
    /* 0, ENOENT, ESTALE: it was replaced since the scan saw it, which will tell what is there now.
     */
    file->denied = err_no != 0;
    if (file->paths == 0) {
        tail_file_free(file); /* gone for good: its inode may be another file's at any moment */
        return;
    }
    become_ended(file);
    tail_look_at(file->tail, file->path);
}

void tail_file_opened(struct tail_file *file, const struct tail_open *args)
{
    struct tail *tail = file->tail;

    file->state = FILE_IDLE;
    if (args->fd < 0) {
        not_opened(file, args->err_no);
        return;
    }
    file->fd = args->fd;
    tail->source.stats.files_open++;
    file->failing = false;
    file->known = NULL; /* what is opened again is read on from where it is now */
    file->mark = args->mark;
    file->size = args->mark.offset;
    file->active_mono_ns = clock_mono_ns();
    set_watched(file, args->wd);
    file->polled = args->unwatched;
    if (tail->phase >= TAIL_DRAINED || !begin_stream(file)) {
        tail_check_done(tail);
        return;
    }
    if (file->before != NULL) {
        file->state = FILE_HELD;
    } else {
        file->dirty = true;
        tail_reader_queue(file);
    }
    tail_check_done(tail);
}

/* The bytes that were in it unread, as far as anybody saw them. */
static void report_loss(struct tail_file *file, uint64_t size_now)
{
    struct tail *tail = file->tail;
    uint64_t from = file->mark.offset;
    uint64_t to = file->size;
    struct err err;

    if (file->size_seen > size_now && file->size_seen > file->size_top) {
        file->size_top = file->size_seen;
    }
    if (file->size_top > to) {
        to = file->size_top;
    }
    tail->source.stats.truncations++;
    if (to <= from) {
        return;
    }
    tail->source.stats.lost_bytes += to - from;
    (void)err_set(&err, RC_EOF, "truncated before it was read");
    err_file(&err, file->path);
    tail->ops->on_notice(tail->ctx, SOURCE_LOST, &file->origin, &err, from, to);
}

static void begin_anew(struct tail_file *file, uint64_t size_now)
{
    report_loss(file, size_now);
    tail_file_end_stream(file);
    file->origin.generation++;
    file->mark = (struct tail_mark){0};
    file->rewritten = true;
    file->begin_at = 0;
    file->size = 0;
    file->size_seen = size_now;
    file->size_top = 0;
    if (begin_stream(file)) {
        tail_reader_queue(file);
    }
}

static void read_failed(struct tail_file *file, int err_no)
{
    file->tail->source.stats.read_errors++;
    if (!file->failing) {
        file->failing = true;
        fail(file, rc_from_errno(err_no), strerror(err_no));
    }
    if (err_no == ESTALE) { /* its server has forgotten it */
        become_ended(file);
        tail_look_at(file->tail, file->path);
        return;
    }
    file->drained = file->draining;
    become_idle(file); /* each tick tries again */
}

static bool push_bytes(struct tail_file *file, const struct tail_read *args)
{
    struct tail *tail = file->tail;
    struct chunk chunk = {&file->origin, span_of(args->bytes, args->n), args->mark.offset};

    file->mark.offset = args->mark.offset; /* behind a hole */
    tail_mark_advance(&file->mark, chunk.bytes);
    file->origin.head = span_of(file->mark.head, file->mark.head_len);
    file->rewritten = false;
    file->begin_at = 0;
    file->unquiet = true;
    file->active_mono_ns = clock_mono_ns();
    tail->source.stats.bytes += args->n;
    return take_answer(file, tail->ops->on_chunk(tail->ctx, file->stream, &chunk));
}

/* Nothing was added to the line that was unfinished at start-up: it is old. */
static bool is_old_line(const struct tail_file *file, const struct tail_read *args)
{
    return file->begin_at > 0 && args->size == file->begin_at &&
           args->mark.offset + args->n == file->begin_at;
}

void tail_file_read(struct tail_file *file, const struct tail_read *args)
{
    bool more;

    file->state = FILE_IDLE;
    if (args->err_no != 0) {
        read_failed(file, args->err_no);
        return;
    }
    file->failing = false;
    if (args->rewritten) {
        begin_anew(file, args->size);
        return;
    }
    file->size = args->size;
    file->size_top = 0;
    if (file->size_seen < args->size) {
        file->size_seen = args->size;
    }
    if (args->n > 0 && !is_old_line(file, args) && !push_bytes(file, args)) {
        return;
    }
    more = file->dirty || (args->n == args->cap && file->mark.offset < args->size);
    if (file->draining) {
        if (file->drain_to == NOT_ASKED) {
            file->drain_to = args->size;
        }
        file->drained = args->n < args->cap || file->mark.offset >= file->drain_to;
        more = !file->drained;
    }
    if (more) {
        tail_reader_queue(file);
    } else {
        become_idle(file);
    }
}

/* ---- the tick ---- */

static void check_silence(struct tail_file *file, int64_t now_mono_ns)
{
    struct tail *tail = file->tail;
    int64_t silent_ns = now_mono_ns - file->active_mono_ns;

    if (file->state != FILE_IDLE || silent_ns < tail->opts.quiet_ms * CLOCK_NS_PER_MS) {
        return;
    }
    if (file->unquiet) {
        file->unquiet = false;
        if (!take_answer(file, tail->ops->on_quiet(tail->ctx, file->stream))) {
            return;
        }
    }
    if (file->paths == 0 && !tail->paused) {
        tail_file_free(file);
    }
}

void tail_file_tick(struct tail_file *file, int64_t now_mono_ns)
{
    if (file->state == FILE_WANTED) {
        try_open(file);
    } else if (file->state == FILE_ENDED && file->paths == 0) {
        tail_file_free(file);
    } else if (file->unquiet || file->paths == 0 || file->failing || file->polled) {
        if (file->failing || file->polled || (file->paths == 0 && file->wd < 0)) {
            tail_file_wake(file);
        }
        check_silence(file, now_mono_ns);
    }
}
