/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows files by name. Three parties: scans (tail_scan.c, one a mount, each on a worker thread of
 * its own) know which paths are which files; readers (tail_reader.c, one a file system) open and
 * read; this side, on the loop thread, joins the two: `paths` says which file each path leads to,
 * and a file (tail_file.c) pushes what was read.
 *
 * Happy path: an append makes inotify name the file's watch; the file is queued, its reader reads,
 * the bytes are pushed. A new name makes inotify name the directory's watch; it becomes a hint for
 * the scans, whose answer is a new file. Once a second a tick looks at what inotify may have
 * missed.
 *
 * What hangs stays where it is: a scan or a reader that does not come back stalls what lies on its
 * mount, is reported once, and is left behind at the close.
 */
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "loop/timer.h"
#include "source/glob.h"
#include "source/mounts.h"
#include "source/tail_internal.h"
#include "source/tail_watch.h"

#define SCAN_MS_DEFAULT    1000
#define QUIET_MS_DEFAULT   5000
#define READ_BYTES_DEFAULT ((size_t)256 * 1024)
#define CLOSE_WAIT_MS      500
#define CLOSE_LOOK_MS      2
#define STUCK_NS           (10 * CLOCK_NS_PER_S)

/* ---- notices ---- */

void tail_notice(struct tail *tail, enum source_notice notice, const char *path, enum rc rc,
                 const char *text)
{
    struct err err;

    (void)err_set(&err, rc, "%s", text);
    err_file(&err, path);
    tail->ops->on_notice(tail->ctx, notice, NULL, &err, 0, 0);
}

/* The first scans are done, and what they found is open: renaming or deleting it hides it no more.
 */
static bool is_ready(const struct tail *tail)
{
    for (const struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        if (!unit->looked) {
            return false;
        }
    }
    for (const struct tail_file *file = tail->files; file != NULL; file = file->next) {
        if (file->state == FILE_OPENING) {
            return false;
        }
    }
    return true;
}

static void check_ready(struct tail *tail, bool late)
{
    if (!tail->ready_said && !late && !is_ready(tail)) {
        return;
    }
    if (!tail->ready_said) {
        tail->ready_said = true;
        tail->ops->on_notice(tail->ctx, SOURCE_READY, NULL, NULL, 0, 0);
    }
}

/* ---- units: a scan and its thread ---- */

static void run_scan(struct worker_job *base)
{
    struct scan_job *job = (struct scan_job *)base;

    scan_run(job->scan, &job->task);
}

static void dispose_scan(struct worker_job *base)
{
    struct scan_job *job = (struct scan_job *)base;

    scan_free(job->scan);
    scan_task_fini(&job->task);
    mem_free(job);
}

void tail_unit_start(struct tail_unit *unit)
{
    unit->wanted = true;
    if (!unit->running && unit->tail->phase < TAIL_DRAINED) {
        unit->wanted = false;
        unit->running = true;
        unit->job->task = unit->todo;
        unit->todo = (struct scan_task){0};
        worker_submit(unit->worker, &unit->job->job);
    }
}

static void wake_all_for_drain(struct tail *tail);

static void on_scanned(struct worker_job *base)
{
    struct scan_job *job = (struct scan_job *)base;
    struct tail_unit *unit = job->unit;
    struct tail *tail = unit->tail;
    bool was_full = job->task.full;

    unit->running = false;
    unit->stuck_said = false;
    if (tail->phase < TAIL_DRAINED) {
        for (size_t i = 0; i < job->task.n_changes; i++) {
            tail_take_change(tail, &job->task.changes[i], !unit->looked);
        }
    }
    scan_task_fini(&job->task);
    unit->looked = true;
    if (tail->phase < TAIL_DRAINED) {
        check_ready(tail, false);
        unit->draining = unit->draining && !was_full;
        if (unit->wanted) {
            tail_unit_start(unit);
        }
        wake_all_for_drain(tail);
    }
    tail_check_done(tail);
}

enum rc tail_unit_add(struct tail *tail, const char *place, struct tail_unit **ret_unit)
{
    struct tail_unit *unit = arena_alloc(&tail->arena, 1, sizeof(*unit));
    struct span copy = arena_copy(&tail->arena, span_str(place));
    struct scan_opts opts = {
        .patterns = tail->opts.patterns,
        .n_patterns = tail->opts.n_patterns,
        .excludes = tail->opts.excludes,
        .n_excludes = tail->opts.n_excludes,
        .inotify_fd = tail_watch_fd(tail->watch),
        .known = tail->opts.known,
        .n_known = tail->opts.n_known,
    };
    enum rc rc = RC_NOMEM;

    if (unit == NULL || copy.ptr == NULL) {
        return RC_NOMEM;
    }
    unit->job = mem_calloc(1, sizeof(*unit->job));
    if (unit->job != NULL) {
        rc = scan_new(&opts, &unit->job->scan);
    }
    if (rc == RC_OK) {
        rc = worker_new(tail->loop, "scan", &unit->worker);
    }
    if (rc != RC_OK) {
        if (unit->job != NULL) {
            scan_free(unit->job->scan);
        }
        mem_free(unit->job);
        return rc;
    }
    unit->job->job =
        (struct worker_job){.run = run_scan, .done = on_scanned, .dispose = dispose_scan};
    unit->job->unit = unit;
    unit->tail = tail;
    unit->place = copy.ptr;
    unit->next = tail->units;
    tail->units = unit;
    *ret_unit = unit;
    return RC_OK;
}

/* Returns true when its thread hangs. */
static bool free_unit(struct tail_unit *unit)
{
    bool hangs = unit->running && worker_busy_since_mono_ns(unit->worker) != 0;

    scan_task_fini(&unit->todo);
    if (!unit->running) {
        dispose_scan(&unit->job->job);
    }
    worker_free(unit->worker);
    return hangs;
}

void tail_look_at(struct tail *tail, const char *path)
{
    for (struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        scan_task_hint(&unit->todo, -1, path);
        tail_unit_start(unit);
    }
}

/* ---- inotify ---- */

static struct tail_file *find_watched(const struct tail *tail, int wd)
{
    struct table_node *node = table_first(&tail->files_by_wd, (uint64_t)wd);

    return node != NULL ? (struct tail_file *)((char *)node - offsetof(struct tail_file, wd_node))
                        : NULL;
}

static void on_inotify(void *ctx, int wd, uint32_t mask, const char *name)
{
    struct tail *tail = ctx;
    struct tail_file *file = wd >= 0 ? find_watched(tail, wd) : NULL;

    if ((mask & IN_IGNORED) != 0) {
        return; /* we took the watch away, or what took it told us */
    }
    if (file != NULL) {
        tail_file_wake(file);
        if ((mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB)) != 0 && file->paths > 0) {
            tail_look_at(tail, file->path);
        }
        return;
    }
    if (wd < 0) {
        for (file = tail->files; file != NULL; file = file->next) {
            tail_file_wake(file);
        }
    }
    for (struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        if (wd < 0) {
            unit->todo.full = true;
        } else {
            scan_task_hint(&unit->todo, wd, *name != '\0' ? name : NULL);
        }
        tail_unit_start(unit);
    }
}

/* ---- reading ---- */

bool tail_may_read(const struct tail *tail)
{
    return !tail->paused && tail->phase < TAIL_DRAINED;
}

static void give_job_back(struct tail_reader *reader, struct read_job *job)
{
    job->file = NULL;
    reader->jobs[reader->n_jobs++] = job;
    tail_reader_pump(reader);
}

void tail_take_read(struct tail *tail, struct read_job *job)
{
    struct tail_file *file = job->file;
    struct tail_reader *reader = file->reader;

    if (tail->phase >= TAIL_DRAINED) {
        file->state = FILE_IDLE;
        give_job_back(reader, job);
        tail_check_done(tail);
    } else if (tail->paused) {
        job->next_held = NULL;
        *tail->held_end = job;
        tail->held_end = &job->next_held;
    } else {
        tail_file_read(file, &job->args);
        give_job_back(reader, job);
    }
}

static void tail_resume(struct source *source)
{
    struct tail *tail = (struct tail *)source;

    tail->paused = false;
    while (tail->held != NULL && !tail->paused) {
        struct read_job *job = tail->held;
        tail->held = job->next_held;
        if (tail->held == NULL) {
            tail->held_end = &tail->held;
        }
        tail_take_read(tail, job);
    }
    for (struct tail_reader *reader = tail->readers; reader != NULL; reader = reader->next) {
        tail_reader_pump(reader);
    }
    tail_check_done(tail);
}

/* ---- the tick ---- */

static void check_stuck(struct tail_unit *unit, int64_t now_mono_ns)
{
    int64_t since = unit->running ? worker_busy_since_mono_ns(unit->worker) : 0;

    if (since != 0 && now_mono_ns - since > STUCK_NS && !unit->stuck_said) {
        unit->stuck_said = true;
        tail_notice(unit->tail, SOURCE_FAILED, unit->place, RC_IO,
                    "the file system does not answer; its files are waited for");
    }
}

static void on_tick(void *ctx)
{
    struct tail *tail = ctx;
    int64_t now = clock_mono_ns();
    uint64_t waiting = 0;

    if (tail->phase >= TAIL_DRAINED) {
        return;
    }
    for (struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        check_stuck(unit, now);
        unit->todo.tick = true;
        tail_unit_start(unit);
    }
    for (struct tail_file *file = tail->files; file != NULL;) {
        struct tail_file *next = file->next;
        waiting += file->state == FILE_WANTED;
        if (tail->paused && file->dirty && file->paths > 0) {
            tail_look_at(tail, file->path); /* how much is in danger while nothing may be read */
        }
        tail_file_tick(file, now);
        file = next;
    }
    tail_forget_paths(tail);
    tail->source.stats.files_waiting = waiting;
    for (struct tail_reader *reader = tail->readers; reader != NULL; reader = reader->next) {
        tail_reader_pump(reader);
    }
    check_ready(tail, true);
}

/* ---- drain and close ---- */

/* Once all scans have looked: every file is read to where it ends now. */
static void wake_all_for_drain(struct tail *tail)
{
    if (tail->phase != TAIL_DRAINING || tail->drain_looked) {
        return;
    }
    for (const struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        if (unit->draining) {
            return;
        }
    }
    tail->drain_looked = true;
    for (struct tail_file *file = tail->files; file != NULL; file = file->next) {
        tail_file_wake(file);
    }
}

static bool is_read_to_end(const struct tail_file *file)
{
    return file->drained || file->state == FILE_WANTED || file->state == FILE_ENDED;
}

static void say_drained(struct tail *tail)
{
    tail->phase = TAIL_DRAINED;
    timer_stop(tail->deadline);
    timer_stop(tail->tick);
    tail->on_drained(tail->drain_ctx);
}

static void tail_finish(struct tail *tail)
{
    void (*on_closed)(void *ctx) = tail->on_closed;
    void *ctx = tail->close_ctx;
    bool hangs = false;

    for (struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        hangs = free_unit(unit) || hangs;
    }
    while (tail->files != NULL) { /* left: those whose reader hangs */
        struct tail_file *file = tail->files;
        tail->files = file->next;
        mem_free(file);
    }
    while (tail->readers != NULL) {
        struct tail_reader *reader = tail->readers;
        tail->readers = reader->next;
        hangs = tail_reader_free(reader) || hangs;
    }
    while (tail->all_paths != NULL) {
        tail_path_free(tail, tail->all_paths);
    }
    tail_watch_free(tail->watch, hangs);
    timer_free(tail->tick);
    timer_free(tail->deadline);
    table_fini(&tail->paths);
    table_fini(&tail->files_by_id);
    table_fini(&tail->files_by_wd);
    tail_past_fini(&tail->past);
    arena_fini(&tail->arena);
    mem_free(tail);
    if (on_closed != NULL) {
        on_closed(ctx);
    }
}

static bool is_idle(const struct tail *tail)
{
    for (const struct tail_reader *reader = tail->readers; reader != NULL; reader = reader->next) {
        if (worker_pending(reader->worker) > 0) {
            return false;
        }
    }
    for (const struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        if (unit->running) {
            return false;
        }
    }
    return tail->files == NULL;
}

/* Files that no thread has go at once; the others when it brings them back. */
static void close_files(struct tail *tail)
{
    for (struct tail_file *file = tail->files; file != NULL;) {
        struct tail_file *next = file->next;
        tail_file_end_stream(file);
        if (!tail_file_is_busy(file)) {
            tail_file_free(file);
        }
        file = next;
    }
}

static bool is_drained(const struct tail *tail)
{
    if (!tail->drain_looked || tail->held != NULL) {
        return false;
    }
    for (const struct tail_file *file = tail->files; file != NULL; file = file->next) {
        if (!is_read_to_end(file)) {
            return false;
        }
    }
    return true;
}

/* The end of a drain is told from a turn of its own: whoever calls this may hold files still. */
void tail_check_done(struct tail *tail)
{
    if (tail->phase == TAIL_RUNNING && !tail->ready_said) {
        check_ready(tail, false);
    } else if (tail->phase == TAIL_DRAINING && is_drained(tail)) {
        timer_start(tail->deadline, 0, 0);
    }
}

/* Looks every few milliseconds whether all threads have given back what they had. */
static void go_on_closing(struct tail *tail)
{
    while (tail->held != NULL) {
        struct read_job *job = tail->held;
        tail->held = job->next_held;
        tail_take_read(tail, job);
    }
    close_files(tail);
    if (is_idle(tail) || clock_mono_ns() >= tail->close_by_mono_ns) {
        tail_finish(tail);
    } else {
        timer_start(tail->deadline, CLOSE_LOOK_MS, 0);
    }
}

static void on_deadline(void *ctx)
{
    struct tail *tail = ctx;

    if (tail->phase == TAIL_DRAINING) {
        say_drained(tail);
    } else if (tail->phase == TAIL_CLOSING) {
        go_on_closing(tail);
    }
}

static void tail_drain(struct source *source, uint32_t deadline_ms, void (*on_drained)(void *ctx),
                       void *ctx)
{
    struct tail *tail = (struct tail *)source;

    tail->on_drained = on_drained;
    tail->drain_ctx = ctx;
    tail->phase = TAIL_DRAINING;
    timer_start(tail->deadline, deadline_ms, 0);
    for (struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        unit->draining = true;
        unit->todo.full = true;
        tail_unit_start(unit);
    }
}

static void tail_close(struct source *source, void (*on_closed)(void *ctx), void *ctx)
{
    struct tail *tail = (struct tail *)source;

    tail->phase = TAIL_CLOSING;
    tail->on_closed = on_closed;
    tail->close_ctx = ctx;
    tail->close_by_mono_ns = clock_mono_ns() + CLOSE_WAIT_MS * CLOCK_NS_PER_MS;
    timer_stop(tail->tick);
    timer_start(tail->deadline, 0, 0); /* not from within the caller, who may be in on_chunk */
}

static const struct source_kind tail_kind = {tail_resume, tail_drain, tail_close};

/* ---- making ---- */

static const char *const *copy_strings(struct arena *arena, const char *const *items, size_t n)
{
    const char **copies = arena_alloc(arena, n + 1, sizeof(*copies));

    for (size_t i = 0; copies != NULL && i < n; i++) {
        copies[i] = arena_copy(arena, span_str(items[i])).ptr;
        if (copies[i] == NULL) {
            return NULL;
        }
    }
    return copies;
}

static enum rc copy_options(struct tail *tail, const struct tail_opts *opts)
{
    tail->opts = *opts;
    tail->opts.patterns = copy_strings(&tail->arena, opts->patterns, opts->n_patterns);
    tail->opts.excludes = copy_strings(&tail->arena, opts->excludes, opts->n_excludes);
    tail->known_taken = arena_alloc(&tail->arena, opts->n_known + 1, sizeof(bool));
    tail->opts.scan_ms = opts->scan_ms != 0 ? opts->scan_ms : SCAN_MS_DEFAULT;
    tail->opts.quiet_ms = opts->quiet_ms != 0 ? opts->quiet_ms : QUIET_MS_DEFAULT;
    tail->opts.read_bytes = opts->read_bytes != 0 ? opts->read_bytes : READ_BYTES_DEFAULT;
    return tail->opts.patterns != NULL && tail->opts.excludes != NULL && tail->known_taken != NULL
               ? RC_OK
               : RC_NOMEM;
}

/* The unit of the mount that place lies on. */
static enum rc get_unit(struct tail *tail, const struct mounts *mounts, const char *place,
                        struct tail_unit **ret_unit)
{
    const char *mount = mounts_find(mounts, place);

    for (struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        if (strcmp(unit->place, mount) == 0) {
            *ret_unit = unit;
            return RC_OK;
        }
    }
    return tail_unit_add(tail, mount, ret_unit);
}

static enum rc add_pattern(struct tail *tail, const struct mounts *mounts, const char *pattern)
{
    size_t base_len = glob_base_len(pattern);
    struct span base = arena_copy(&tail->arena, span_of(pattern, base_len));
    struct tail_unit *unit;
    struct tail_path *path;
    enum rc rc;

    if (base.ptr == NULL) {
        return RC_NOMEM;
    }
    if (glob_is_pattern(pattern)) {
        rc = get_unit(tail, mounts, base.ptr, &unit);
        return rc == RC_OK ? scan_add_root(unit->job->scan, base.ptr) : rc;
    }
    path = tail_path_get(tail, pattern);
    rc = path != NULL ? get_unit(tail, mounts, pattern, &unit) : RC_NOMEM;
    if (rc == RC_OK) {
        path->plain = true;
        rc = scan_add_path(unit->job->scan, pattern);
    }
    return rc;
}

static enum rc add_patterns(struct tail *tail)
{
    struct mounts *mounts;
    enum rc rc = mounts_new(&mounts);

    if (rc != RC_OK) {
        return rc;
    }
    for (size_t i = 0; i < tail->opts.n_patterns && rc == RC_OK; i++) {
        rc = add_pattern(tail, mounts, tail->opts.patterns[i]);
    }
    mounts_free(mounts);
    return rc;
}

static enum rc tail_build(struct tail *tail, const struct tail_opts *opts)
{
    enum rc rc = copy_options(tail, opts);

    if (rc == RC_OK) {
        rc = timer_new(tail->loop, on_tick, tail, &tail->tick);
    }
    if (rc == RC_OK) {
        rc = timer_new(tail->loop, on_deadline, tail, &tail->deadline);
    }
    if (rc == RC_OK && !opts->poll) {
        rc = tail_watch_new(tail->loop, on_inotify, tail, &tail->watch);
        rc = rc == RC_LIMIT ? RC_OK : rc; /* no inotify instance left: everything is polled */
    }
    return rc == RC_OK ? add_patterns(tail) : rc;
}

enum rc source_open_tail(struct loop *loop, const struct tail_opts *opts,
                         const struct source_ops *ops, void *ctx, struct source **ret_source,
                         struct err *err)
{
    struct tail *tail = mem_calloc(1, sizeof(*tail));
    enum rc rc;

    if (tail == NULL) {
        return err_set(err, RC_NOMEM, "cannot follow files: out of memory");
    }
    tail->source.kind = &tail_kind;
    tail->loop = loop;
    tail->ops = ops;
    tail->ctx = ctx;
    tail->held_end = &tail->held;
    rc = tail_build(tail, opts);
    if (rc != RC_OK) {
        tail_finish(tail);
        return err_set(err, rc, "cannot follow files: %s", rc_text(rc));
    }
    for (struct tail_unit *unit = tail->units; unit != NULL; unit = unit->next) {
        tail_unit_start(unit);
    }
    timer_start(tail->tick, tail->opts.scan_ms, tail->opts.scan_ms);
    *ret_source = &tail->source;
    return RC_OK;
}
