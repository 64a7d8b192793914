/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loop's side of tail shares. Three files: tail.c (the source: scans, ticks, drain,
 * close), tail_file.c (one followed file from its discovery to its end), tail_reader.c (the worker
 * threads that open, read and close, one a file system).
 */
#ifndef GPUERR_SOURCE_TAIL_INTERNAL_H
#define GPUERR_SOURCE_TAIL_INTERNAL_H

#include "base/arena.h"
#include "loop/worker.h"
#include "source/source_internal.h"
#include "source/table.h"
#include "source/tail_past.h"
#include "source/tail_read.h"
#include "source/tail_scan.h"

struct tail;
struct tail_file;
struct tail_path;
struct tail_reader;
struct tail_watch;
struct timer;

/* ---- files ---- */

enum file_state {
    FILE_WANTED,  /* found; waits for its turn to be opened, or for a descriptor */
    FILE_OPENING, /* the reader opens it */
    FILE_HELD,    /* open; the file whose place it took is still being read */
    FILE_QUEUED,  /* waits for its turn to be read */
    FILE_READING, /* the reader reads it */
    FILE_IDLE,    /* read to its end */
    FILE_ENDED,   /* cannot be read, or its receiver wants no more; kept so that it stays known */
};

struct tail_file {
    struct table_node node;    /* by device and inode */
    struct table_node wd_node; /* by wd, if that is not -1 */
    struct tail_file *next;    /* of all */
    struct tail_file **link;
    struct tail_file *next_queued;
    struct tail *tail;
    struct tail_reader *reader;
    struct tail_file *before; /* had its path before it: is read to its end first */
    enum file_state state;
    unsigned paths; /* how many names lead to it; 0: renamed away or deleted */
    unsigned after; /* how many files are held behind it */
    bool dirty;     /* may have more than was read */
    bool rewritten; /* begun anew, nothing read since */
    bool failing;   /* the last read failed, and it was said */
    bool unquiet;   /* was not silent for long enough since its last bytes */
    bool draining;  /* the read under way began when a drain wanted it */
    bool drained;
    bool polled;  /* no watch was to be had for it: each tick looks at it */
    bool denied;  /* FILE_ENDED because it could not be opened: tried again when it changes */
    void *stream; /* the receiver's; valid if has_stream */
    bool has_stream;
    struct origin origin;
    struct tail_mark mark;
    int fd;
    int wd;
    const struct tail_position *known; /* where an earlier run has left it; NULL once it is open */
    uint64_t begin_at;  /* its size when it was there at start-up and is read from its end */
    uint64_t size;      /* at the last read */
    uint64_t size_seen; /* by the scan since */
    uint64_t size_top;  /* the largest that the scan saw before it shrank */
    uint64_t drain_to;
    int64_t active_mono_ns; /* last bytes, or when its last name went */
    char path[];
};

/* Where an earlier run has left this file, or NULL. Each is answered once: what comes back later is
 * another file, or was read to its end. */
const struct tail_position *tail_take_known(struct tail *tail, uint64_t device, uint64_t inode);
/* The file that path led to at the end of an earlier run, or NULL. */
const struct tail_position *tail_known_path(const struct tail *tail, const char *path);

/* A file that was found under path. */
enum rc tail_file_new(struct tail *tail, const char *path, const struct scan_change *found,
                      uint64_t begin_at, struct tail_file **ret_file) GPUERR_MUSTCHECK;

/* There may be more in it. */
void tail_file_wake(struct tail_file *file);

/* What the scan saw of its size. */
void tail_file_note_size(struct tail_file *file, uint64_t size);

/* It stays open, but what comes behind it under its path waits. */
void tail_file_hold_behind(struct tail_file *file, struct tail_file *before);

/* The second's look: silence, files without a name, retries. */
void tail_file_tick(struct tail_file *file, int64_t now_mono_ns);

/* Tries again to open a file that could not be opened. */
void tail_file_retry(struct tail_file *file);

/* A job of the reader has it. */
bool tail_file_is_busy(const struct tail_file *file);

/* Ends its stream; the receiver hears no more of it. */
void tail_file_end_stream(struct tail_file *file);

/* Ends its stream, has its descriptor closed and forgets it. Not while it is busy. */
void tail_file_free(struct tail_file *file);

/* ---- readers ---- */

#define TAIL_READ_JOBS 2

struct read_job {
    struct worker_job job;
    struct tail_file *file; /* not the thread's to touch */
    struct tail_read args;
    struct read_job *next_held;
    char bytes[];
};

struct open_job {
    struct worker_job job;
    struct tail_file *file; /* not the thread's to touch */
    struct tail_open args;
    char path[];
};

struct tail_reader {
    struct tail_reader *next;
    struct tail *tail;
    uint64_t device;
    struct worker *worker;
    struct tail_file *queue;
    struct tail_file **queue_end;
    struct read_job *jobs[TAIL_READ_JOBS]; /* free ones */
    size_t n_jobs;
    size_t n_made;
};

enum rc tail_reader_get(struct tail *tail, uint64_t device,
                        struct tail_reader **ret_reader) GPUERR_MUSTCHECK;
/* Waits for nothing. Returns true when the thread hangs in a job. */
bool tail_reader_free(struct tail_reader *reader);

enum rc tail_reader_open(struct tail_file *file) GPUERR_MUSTCHECK;
void tail_reader_close(struct tail_reader *reader, int fd, int wd);

/* Puts the file into the queue and starts what can be started. */
void tail_reader_queue(struct tail_file *file);
void tail_reader_unqueue(struct tail_file *file);
void tail_reader_pump(struct tail_reader *reader);

/* What came back, in tail_file.c. */
void tail_file_opened(struct tail_file *file, const struct tail_open *args);
void tail_file_read(struct tail_file *file, const struct tail_read *args);

/* ---- paths and scans ---- */

/* What a path leads to. */
struct tail_path {
    struct table_node node;
    struct tail_path *next;
    struct tail_path **link;
    struct tail_file *file;
    uint64_t last_device; /* the file that it led to last, which may be gone */
    uint64_t last_inode;
    bool plain; /* was named without a pattern */
    bool said;  /* that it is waited for */
    char path[];
};

struct scan_job {
    struct worker_job job;
    struct tail_unit *unit; /* not the thread's to touch */
    struct scan *scan;
    struct scan_task task;
};

struct tail_unit {
    struct tail_unit *next;
    struct tail *tail;
    const char *place; /* mount point, or the directory on another mount that a scan came upon */
    struct worker *worker;
    struct scan_job *job;  /* the worker's while running */
    struct scan_task todo; /* for the next run */
    bool running;
    bool wanted; /* todo has something */
    bool looked; /* the first run is done */
    bool stuck_said;
    bool draining; /* the full look of a drain is still to come */
};

struct tail_path *tail_path_get(struct tail *tail, const char *text);
void tail_path_free(struct tail *tail, struct tail_path *path);

/* Forgets paths that lead nowhere, once the file that they led to is read to its end: until then
 * what takes its place has to wait for it. */
void tail_forget_paths(struct tail *tail);

/* What a scan found. first_look: it was there at start-up. */
void tail_take_change(struct tail *tail, const struct scan_change *change, bool first_look);

enum rc tail_unit_add(struct tail *tail, const char *place,
                      struct tail_unit **ret_unit) GPUERR_MUSTCHECK;

/* Has the scan run with its todo, now or behind the run under way. */
void tail_unit_start(struct tail_unit *unit);

/* ---- the source ---- */

enum tail_phase { TAIL_RUNNING, TAIL_DRAINING, TAIL_DRAINED, TAIL_CLOSING };

struct tail {
    struct source source;
    struct loop *loop;
    const struct source_ops *ops;
    void *ctx;
    struct tail_opts opts;
    bool *known_taken;  /* of opts.known */
    struct arena arena; /* the options' strings */
    struct tail_watch *watch;
    struct timer *tick;
    struct timer *deadline;
    struct tail_unit *units; /* one a mount that patterns lie on */
    struct table paths;
    struct tail_path *all_paths;
    struct tail_file *files;
    struct table files_by_id;
    struct table files_by_wd;
    struct tail_past past;
    struct tail_reader *readers;
    struct read_job *held; /* came back while paused */
    struct read_job **held_end;
    enum tail_phase phase;
    bool paused;
    bool ready_said;
    bool paths_gone;   /* some paths that patterns matched lead nowhere now */
    bool drain_looked; /* the scans have looked at everything since the drain began */
    void (*on_drained)(void *ctx);
    void *drain_ctx;
    void (*on_closed)(void *ctx);
    void *close_ctx;
    int64_t close_by_mono_ns;
};

/* Whether reads may be started. */
bool tail_may_read(const struct tail *tail);

void tail_notice(struct tail *tail, enum source_notice notice, const char *path, enum rc rc,
                 const char *text);

/* A file was opened, read to its end, or is no more: the start or a drain may be complete. */
void tail_check_done(struct tail *tail);

/* Hands a finished read to its file, or keeps it while the receiver wants no more. */
void tail_take_read(struct tail *tail, struct read_job *job);

/* Has the scan look at what is under path now. */
void tail_look_at(struct tail *tail, const char *path);

#endif
