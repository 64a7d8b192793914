/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker thread a file system (st_dev), so that one that hangs stalls its own files only. Files
 * that have more queue up and are read one chunk a turn, so that a flood in one leaves the others
 * their turns. Two read jobs a reader: while the loop works on one chunk, the thread reads the
 * next; that is also the bound on bytes in flight.
 */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/tail_internal.h"
#include "source/tail_watch.h"

enum rc tail_reader_get(struct tail *tail, uint64_t device, struct tail_reader **ret_reader)
{
    struct tail_reader *reader = tail->readers;
    char name[32];
    enum rc rc;

    while (reader != NULL && reader->device != device) {
        reader = reader->next;
    }
    if (reader == NULL) {
        reader = mem_calloc(1, sizeof(*reader));
        if (reader == NULL) {
            return RC_NOMEM;
        }
        (void)snprintf(name, sizeof(name), "read-%llx", (unsigned long long)device); /* fits */
        rc = worker_new(tail->loop, name, &reader->worker);
        if (rc != RC_OK) {
            mem_free(reader);
            return rc;
        }
        reader->tail = tail;
        reader->device = device;
        reader->queue_end = &reader->queue;
        reader->next = tail->readers;
        tail->readers = reader;
    }
    *ret_reader = reader;
    return RC_OK;
}

bool tail_reader_free(struct tail_reader *reader)
{
    bool hangs = worker_busy_since_mono_ns(reader->worker) != 0;

    worker_free(reader->worker);
    while (reader->n_jobs > 0) {
        mem_free(reader->jobs[--reader->n_jobs]);
    }
    mem_free(reader);
    return hangs;
}

static void free_job(struct worker_job *job)
{
    mem_free(job);
}

/* ---- open ---- */

static void run_open(struct worker_job *base)
{
    struct open_job *job = (struct open_job *)base;

    tail_open_file(&job->args);
}

static void on_opened(struct worker_job *base)
{
    struct open_job *job = (struct open_job *)base;

    tail_file_opened(job->file, &job->args);
    mem_free(job);
}

static void dispose_open(struct worker_job *base)
{
    struct open_job *job = (struct open_job *)base;

    if (job->args.fd >= 0) {
        (void)close(job->args.fd); /* only read from */
    }
    mem_free(job);
}

static struct tail_mark known_mark(const struct tail_position *known)
{
    struct tail_mark mark = {.offset = 0};

    if (known != NULL) {
        mark.offset = known->offset;
        mark.head_len = (uint32_t)known->head.len;
        memcpy(mark.head, known->head.len > 0 ? known->head.ptr : "", known->head.len);
    }
    return mark;
}

enum rc tail_reader_open(struct tail_file *file)
{
    struct open_job *job = mem_calloc(1, sizeof(*job) + file->origin.path.len + 1);

    if (job == NULL) {
        return RC_NOMEM;
    }
    job->job = (struct worker_job){.run = run_open, .done = on_opened, .dispose = dispose_open};
    job->file = file;
    memcpy(job->path, file->path, file->origin.path.len);
    job->args = (struct tail_open){
        .path = job->path,
        .device = file->origin.device,
        .inode = file->origin.inode,
        .end = file->begin_at,
        .known = known_mark(file->known),
        .inotify_fd = tail_watch_fd(file->tail->watch),
        .fd = -1,
    };
    worker_submit(file->reader->worker, &job->job);
    return RC_OK;
}

/* ---- close ---- */

struct close_job {
    struct worker_job job;
    struct tail *tail;
    int fd;
    int inotify_fd;
    int wd;
};

static void run_close(struct worker_job *base)
{
    struct close_job *job = (struct close_job *)base;

    if (job->wd >= 0) {
        (void)inotify_rm_watch(job->inotify_fd, job->wd); /* fails when the inode is gone */
    }
    (void)close(job->fd); /* only read from */
}

static void on_fd_closed(struct worker_job *base)
{
    struct close_job *job = (struct close_job *)base;
    struct tail *tail = job->tail;

    mem_free(job);
    tail_check_done(tail);
}

void tail_reader_close(struct tail_reader *reader, int fd, int wd)
{
    struct close_job *job = mem_calloc(1, sizeof(*job));

    if (job == NULL) { /* then here, at the risk of a hang: a descriptor must not be lost */
        (void)close(fd);
        return;
    }
    job->job = (struct worker_job){.run = run_close, .done = on_fd_closed, .dispose = free_job};
    job->tail = reader->tail;
    job->fd = fd;
    job->wd = wd;
    job->inotify_fd = tail_watch_fd(reader->tail->watch);
    worker_submit(reader->worker, &job->job);
}

/* ---- read ---- */

static void run_read(struct worker_job *base)
{
    struct read_job *job = (struct read_job *)base;

    tail_read_file(&job->args);
}

static void on_read(struct worker_job *base)
{
    struct read_job *job = (struct read_job *)base;

    tail_take_read(job->file->tail, job);
}

/* A free job, made when there are fewer than allowed; NULL when all are under way. */
static struct read_job *take_job(struct tail_reader *reader)
{
    size_t cap = reader->tail->opts.read_bytes;
    struct read_job *job;

    if (reader->n_jobs > 0) {
        return reader->jobs[--reader->n_jobs];
    }
    if (reader->n_made == TAIL_READ_JOBS) {
        return NULL;
    }
    job = mem_calloc(1, sizeof(*job) + cap);
    if (job != NULL) {
        job->job = (struct worker_job){.run = run_read, .done = on_read, .dispose = free_job};
        job->args.bytes = job->bytes;
        job->args.cap = cap;
        reader->n_made++;
    }
    return job;
}

void tail_reader_pump(struct tail_reader *reader)
{
    while (reader->queue != NULL && tail_may_read(reader->tail)) {
        struct tail_file *file = reader->queue;
        struct read_job *job = take_job(reader);
        if (job == NULL) {
            break; /* the next that comes back, or the next tick, goes on */
        }
        tail_reader_unqueue(file);
        file->state = FILE_READING;
        file->dirty = false;
        file->draining = reader->tail->drain_looked;
        job->file = file;
        job->args.fd = file->fd;
        job->args.mark = file->mark;
        job->args.rewritten = file->rewritten;
        worker_submit(reader->worker, &job->job);
    }
}

void tail_reader_queue(struct tail_file *file)
{
    struct tail_reader *reader = file->reader;

    file->state = FILE_QUEUED;
    file->next_queued = NULL;
    *reader->queue_end = file;
    reader->queue_end = &file->next_queued;
    tail_reader_pump(reader);
}

void tail_reader_unqueue(struct tail_file *file)
{
    struct tail_file **at = &file->reader->queue;

    while (*at != file) {
        at = &(*at)->next_queued;
    }
    *at = file->next_queued;
    if (file->reader->queue_end == &file->next_queued) {
        file->reader->queue_end = at;
    }
    file->state = FILE_IDLE;
}
