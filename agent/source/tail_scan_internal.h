/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan knows, between the file that looks (tail_scan.c) and the one that keeps
 * (tail_scan_known.c). */
#ifndef GPUERR_SOURCE_TAIL_SCAN_INTERNAL_H
#define GPUERR_SOURCE_TAIL_SCAN_INTERNAL_H

#include <sys/stat.h>

#include "source/table.h"
#include "source/tail_scan.h"

struct mounts;

/* A pattern that sweeps in more than this is a mistake (`**` over a data set). */
#define SCAN_ENTRIES_MAX 100000
#define SCAN_DIRS_MAX    20000

enum entry_state { ENTRY_NEW, ENTRY_FILE, ENTRY_ABSENT, ENTRY_REFUSED };

struct scan_entry {
    struct table_node node; /* by path */
    struct scan_dir *dir;
    struct scan_entry *next_in_dir;
    size_t index;
    enum entry_state state;
    bool plain;    /* asked for by its path: kept while it does not exist */
    bool was_seen; /* last is set; of what is absent, to the time of the look */
    bool is_link;  /* may be turned to another file without an event here */
    uint64_t listed;
    struct stat last; /* of ENTRY_FILE */
    int err_no;       /* of ENTRY_REFUSED */
    char path[];
};

struct scan_dir {
    struct table_node node; /* by path */
    size_t index;
    struct scan_entry *entries;
    int wd;        /* -1: not watched */
    bool root;     /* asked for: kept while it does not exist */
    bool searched; /* something below it may match a pattern */
    bool via_link; /* reached through a symbolic link: the same path may lead elsewhere later */
    bool notifies; /* watched, and its file system tells of every change */
    bool present;
    bool due; /* to be listed in this run */
    int err_no;
    dev_t device;
    ino_t inode;
    int64_t changed_ns;
    char path[]; /* empty: the current directory */
};

struct scan {
    struct scan_opts opts;
    struct arena arena; /* the patterns: a scan that hangs outlives those who gave them */
    struct mounts *mounts;
    struct table by_path; /* entries and directories; kinds differ in their hash seed */
    struct table dirs_by_path;
    struct scan_entry **entries;
    size_t n_entries;
    size_t entries_cap;
    struct scan_dir **dirs;
    size_t n_dirs;
    size_t dirs_cap;
    size_t sweep_entry;
    size_t sweep_dir;
    uint64_t listing; /* number of the listing under way */
    bool started;
    bool too_many_said;
    bool force_full;
    struct scan_task *task;
};

/* ---- tail_scan_known.c ---- */

/* Notes a change in the task; false when memory is out, then the next run looks at everything. */
bool scan_add_change(struct scan *scan, enum scan_kind kind, const char *path,
                     const struct stat *st, int err_no);

struct scan_entry *scan_find_entry(const struct scan *scan, const char *path);
struct scan_dir *scan_find_dir(const struct scan *scan, const char *path);

/* The path for system calls. */
const char *scan_dir_path(const struct scan_dir *dir);

/* NULL: out of memory, or too many (scan_note_unkept). */
struct scan_dir *scan_add_dir(struct scan *scan, const char *path);
struct scan_entry *scan_add_entry(struct scan *scan, struct scan_dir *dir, const char *path);
void scan_remove_entry(struct scan *scan, struct scan_entry *entry);
void scan_remove_dir(struct scan *scan, struct scan_dir *dir);
void scan_unwatch_dir(struct scan *scan, struct scan_dir *dir);

/* What is at path could not be kept: too many is said once, out of memory is tried again. */
void scan_note_unkept(struct scan *scan, const char *path);

#endif
