/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the patterns stand for, kept up to date: the part of tail that asks the file system
 * about names. It blocks, so it runs as a job on a worker thread of its own; between two runs
 * nobody touches it. One scan covers the patterns (or parts of them) that lie on one mount.
 *
 * Each directory in play is watched through inotify, whose events come back in as hints. Hints make
 * it fast, looking makes it true: a tick looks at everything where notification does not work
 * (network file systems, symbolic links that may be turned elsewhere), and at a rotating few where
 * it does, so that a thousand quiet files cost next to nothing.
 */
#ifndef GPUERR_SOURCE_TAIL_SCAN_H
#define GPUERR_SOURCE_TAIL_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct scan;
struct tail_position;

struct scan_opts {
    const char *const *patterns; /* copied, as are the excludes */
    size_t n_patterns;
    const char *const *excludes;
    size_t n_excludes;
    int inotify_fd;                    /* -1: look at everything each tick */
    const struct tail_position *known; /* where paths led at the end of an earlier run; copied */
    size_t n_known;
};

enum scan_kind {
    SCAN_FILE,    /* path is this regular file; said again when size or times change */
    SCAN_PASSED,  /* path was this file for a while between two looks; comes before its SCAN_FILE */
    SCAN_GONE,    /* path is nothing (any more) */
    SCAN_REFUSED, /* path cannot be looked at (err_no), or is no regular file (err_no 0) */
    SCAN_NOTHING, /* path is a pattern that matches nothing at the first look */
    SCAN_FOREIGN, /* path is a directory to be searched, on another mount: not looked at here */
};

struct scan_change {
    enum scan_kind kind;
    const char *path;
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int err_no;
};

/* What inotify said: something about `name` in the directory watched as wd (NULL: about the
 * directory itself), or, with wd -1, that the file at path `name` was moved. */
struct scan_hint {
    int wd;
    const char *name;
};

/* One run: what is asked, and what came out. Strings lie in the arena. */
struct scan_task {
    struct arena arena;
    struct scan_hint *hints;
    size_t n_hints;
    size_t hints_cap;
    bool tick; /* a regular look */
    bool full; /* look at everything */
    struct scan_change *changes;
    size_t n_changes;
    size_t changes_cap;
    enum rc rc; /* RC_NOMEM: some changes are missing; the next run looks at everything */
};

enum rc scan_new(const struct scan_opts *opts, struct scan **ret_scan) GPUERR_MUSTCHECK;
struct scan *scan_free(struct scan *scan);

/* Adds a plain path, or a directory to be searched. Before the first run or between two. */
enum rc scan_add_path(struct scan *scan, const char *path) GPUERR_MUSTCHECK;
enum rc scan_add_root(struct scan *scan, const char *path) GPUERR_MUSTCHECK;

void scan_run(struct scan *scan, struct scan_task *task);

/* Copies name. Out of memory makes the task a full look instead. */
void scan_task_hint(struct scan_task *task, int wd, const char *name);
/* Frees what the task holds; it is empty and ready again. */
void scan_task_fini(struct scan_task *task);

#endif
