/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two kinds of things are known: `scan_dir`, a directory that may hold what is asked for, and
 * `scan_entry`, a path that is, was or shall be a file. Both are found by their path.
 *
 * A run turns hints and the tick into looks at single paths (look_at_path), at entries
 * (check_entry) and at directories (check_dir), which list a directory when it is new, may have
 * missed something, or cannot be trusted to notify. Newly found directories are added to the end of
 * the array and come up in the same run.
 *
 * A failure that says nothing about the path (EMFILE, ENOMEM, EIO, a permission taken away) never
 * reads as "gone": only ENOENT and its kin do. See tail_scan.h.
 */
#include "source/source.h"
#include "source/tail_scan_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "source/glob.h"
#include "source/mounts.h"
#include "source/table.h"
#include "source/tail_between.h"

#define PATH_BYTES 4096

/* What a tick looks at where notification works; bounds the cost of a thousand quiet files. */
#define SWEEP_ENTRIES 32
#define SWEEP_DIRS    4

#define DIR_EVENTS                                                                                 \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |            \
     IN_MOVE_SELF | IN_ONLYDIR)

/* Whether the directory or one above it is a symbolic link. */
static bool has_link(const char *path)
{
    char part[PATH_BYTES];
    size_t len = strlen(path);
    struct stat st;

    if (len >= sizeof(part)) {
        return false;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (lstat(part, &st) == 0 && S_ISLNK(st.st_mode)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- entries ---- */

static bool says_absent(int err_no)
{
    return err_no == ENOENT || err_no == ENOTDIR || err_no == ELOOP || err_no == ENAMETOOLONG;
}

/* Says nothing about the path, only about this moment. */
static bool is_passing(int err_no)
{
    return err_no == EMFILE || err_no == ENFILE || err_no == ENOMEM || err_no == EINTR;
}

static bool is_changed(const struct stat *a, const struct stat *b)
{
    return a->st_dev != b->st_dev || a->st_ino != b->st_ino || a->st_size != b->st_size ||
           a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
           a->st_ctim.tv_sec != b->st_ctim.tv_sec || a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

static void set_absent(struct scan *scan, struct scan_entry *entry)
{
    if (entry->state != ENTRY_ABSENT) {
        if (!scan_add_change(scan, SCAN_GONE, entry->path, NULL, ENOENT)) {
            return; /* said by the next run */
        }
        entry->state = ENTRY_ABSENT;
    }
    /* What is rotated away before it is seen was written after now. */
    entry->was_seen = true;
    entry->last = (struct stat){0};
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &entry->last.st_mtim); /* the clock of mtime */
    if (!entry->plain) {
        scan_remove_entry(scan, entry);
    }
}

static void set_refused(struct scan *scan, struct scan_entry *entry, int err_no)
{
    if (entry->state != ENTRY_REFUSED || entry->err_no != err_no) {
        if (err_no == 0 && entry->state == ENTRY_FILE) {
            (void)scan_add_change(scan, SCAN_GONE, entry->path, NULL, ENOENT);
        }
        entry->state = ENTRY_REFUSED;
        entry->err_no = err_no;
        (void)scan_add_change(scan, SCAN_REFUSED, entry->path, NULL, err_no);
    }
}

/* The path was turned from one file to another: those that it led to in between come first. */
static void add_between(struct scan *scan, const struct scan_entry *entry, const struct stat *now)
{
    struct stat found[TAIL_BETWEEN_MAX];
    size_t n;

    if (!entry->was_seen || entry->is_link ||
        (entry->last.st_dev == now->st_dev && entry->last.st_ino == now->st_ino)) {
        return;
    }
    n = tail_between(entry->path, &entry->last, now, found);
    for (size_t i = 0; i < n; i++) {
        (void)scan_add_change(scan, SCAN_PASSED, entry->path, &found[i], 0);
    }
}

/* May remove the entry. */
static void check_entry(struct scan *scan, struct scan_entry *entry)
{
    struct stat st;

    if (stat(entry->path, &st) != 0) {
        int err_no = errno;
        if (says_absent(err_no)) {
            set_absent(scan, entry);
        } else if (!is_passing(err_no)) {
            set_refused(scan, entry, err_no);
        }
        return;
    }
    if (!S_ISREG(st.st_mode)) {
        if (entry->plain) {
            set_refused(scan, entry, 0);
        } else {
            set_absent(scan, entry); /* a pattern may well match directories */
        }
        return;
    }
    if (entry->state != ENTRY_FILE || is_changed(&entry->last, &st)) {
        struct stat self;
        add_between(scan, entry, &st);
        entry->is_link = lstat(entry->path, &self) == 0 && S_ISLNK(self.st_mode);
        entry->state = ENTRY_FILE;
        entry->was_seen = true;
        entry->last = st;
        if (!scan_add_change(scan, SCAN_FILE, entry->path, &st, 0)) {
            entry->state = ENTRY_NEW; /* said by the next run */
        }
    }
}

/* ---- directories ---- */

static bool is_excluded(const struct scan *scan, const char *path)
{
    for (size_t i = 0; i < scan->opts.n_excludes; i++) {
        if (glob_excludes(scan->opts.excludes[i], path)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct scan *scan, const char *path)
{
    for (size_t i = 0; i < scan->opts.n_patterns; i++) {
        if (glob_match(scan->opts.patterns[i], path)) {
            return !is_excluded(scan, path);
        }
    }
    return false;
}

/* Whether the directory at path is to be searched. Behind a symbolic link `**` is not followed, as
 * it might lead round in a circle. */
static bool is_way(const struct scan *scan, const char *path, bool is_link)
{
    for (size_t i = 0; i < scan->opts.n_patterns; i++) {
        const char *pattern = scan->opts.patterns[i];
        if (!(is_link && strstr(pattern, "**") != NULL) && glob_match_below(pattern, path)) {
            return !is_excluded(scan, path);
        }
    }
    return false;
}

static void found_dir(struct scan *scan, const char *path, const struct scan_dir *parent)
{
    struct scan_dir *dir = scan_find_dir(scan, path);

    if (strcmp(mounts_find(scan->mounts, path), mounts_find(scan->mounts, scan_dir_path(parent))) !=
        0) {
        (void)scan_add_change(scan, SCAN_FOREIGN, path, NULL, 0);
        return;
    }
    if (dir == NULL) {
        dir = scan_add_dir(scan, path);
    }
    if (dir == NULL) {
        scan_note_unkept(scan, path);
        return;
    }
    if (!dir->searched || !dir->present) {
        dir->searched = true;
        dir->due = true;
    }
}

static void found_file(struct scan *scan, const char *path, struct scan_dir *dir, bool look)
{
    struct scan_entry *entry = scan_find_entry(scan, path);

    if (entry == NULL) {
        if (!is_wanted(scan, path)) {
            return;
        }
        entry = scan_add_entry(scan, dir, path);
        if (entry == NULL) {
            scan_note_unkept(scan, path);
            return;
        }
        look = true;
    }
    entry->listed = scan->listing;
    if (look) {
        check_entry(scan, entry);
    }
}

/* type is what readdir says about path (DT_UNKNOWN: ask). look: also when it is known already. */
static void look_at_path(struct scan *scan, struct scan_dir *dir, const char *path, int type,
                         bool look)
{
    bool is_link = type == DT_LNK;
    struct stat st;

    if (type == DT_UNKNOWN && lstat(path, &st) == 0) {
        is_link = S_ISLNK(st.st_mode);
        type = S_ISDIR(st.st_mode) ? DT_DIR : is_link ? DT_LNK : DT_REG;
    }
    if (is_link && is_way(scan, path, true) && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        type = DT_DIR;
    }
    if (type == DT_DIR && is_way(scan, path, is_link)) {
        found_dir(scan, path, dir);
    }
    if (type != DT_DIR || scan_find_entry(scan, path) != NULL) {
        found_file(scan, path, dir, look || is_link);
    }
}

static bool join_path(char out[PATH_BYTES], const struct scan_dir *dir, const char *name)
{
    const char *slash = dir->path[0] == '\0' || strcmp(dir->path, "/") == 0 ? "" : "/";

    return snprintf(out, PATH_BYTES, "%s%s%s", dir->path, slash, name) < PATH_BYTES;
}

static void check_entries(struct scan *scan, struct scan_dir *dir, uint64_t unless_listed)
{
    for (struct scan_entry *entry = dir->entries; entry != NULL;) {
        struct scan_entry *next = entry->next_in_dir;
        if (entry->listed != unless_listed) {
            check_entry(scan, entry);
        }
        entry = next;
    }
}

/* The directory is not there (any more), and so is nothing below it. */
static void lose_dir(struct scan *scan, struct scan_dir *dir)
{
    size_t len = strlen(dir->path);

    dir->present = false;
    scan_unwatch_dir(scan, dir);
    check_entries(scan, dir, UINT64_MAX);
    for (size_t i = 0; i < scan->n_dirs; i++) {
        struct scan_dir *below = scan->dirs[i];
        if (below->present && strncmp(below->path, dir->path, len) == 0 &&
            below->path[len] == '/') {
            below->due = true;
        }
    }
}

static void fail_dir(struct scan *scan, struct scan_dir *dir, int err_no)
{
    if (says_absent(err_no)) {
        lose_dir(scan, dir);
    } else if (is_passing(err_no)) {
        scan->force_full = true;
        return;
    } else if (dir->err_no != err_no && dir->searched) {
        (void)scan_add_change(scan, SCAN_REFUSED, scan_dir_path(dir), NULL, err_no);
    }
    dir->err_no = err_no;
}

static void watch_dir(struct scan *scan, struct scan_dir *dir)
{
    struct statfs fs;

    dir->via_link = has_link(scan_dir_path(dir));
    if (scan->opts.inotify_fd < 0 || statfs(scan_dir_path(dir), &fs) != 0 ||
        !mounts_notifies((unsigned long)fs.f_type)) {
        return;
    }
    dir->wd = inotify_add_watch(scan->opts.inotify_fd, scan_dir_path(dir), DIR_EVENTS);
    dir->notifies = dir->wd >= 0; /* no watches left: it is looked at each tick */
}

/* Lists what is in it; unknown names are looked at, with `look` the known ones too. */
static void list_dir(struct scan *scan, struct scan_dir *dir, bool look)
{
    DIR *stream = opendir(scan_dir_path(dir));
    char path[PATH_BYTES];

    if (stream == NULL) {
        fail_dir(scan, dir, errno);
        return;
    }
    scan->listing++;
    for (;;) {
        errno = 0;
        const struct dirent *item = readdir(stream);
        if (item == NULL) {
            break;
        }
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0 &&
            join_path(path, dir, item->d_name)) {
            look_at_path(scan, dir, path, item->d_type, look);
        }
    }
    if (errno != 0) {
        scan->force_full = true; /* cut short: nothing may be concluded from what is missing */
    } else {
        check_entries(scan, dir, scan->listing);
    }
    (void)closedir(stream); /* only read from */
}

static int64_t changed_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * CLOCK_NS_PER_S + st->st_mtim.tv_nsec;
}

/* Looks at the directory itself, and into it where it is new, changed, or cannot notify. */
static void check_dir(struct scan *scan, struct scan_dir *dir, bool look)
{
    struct stat st;
    bool is_new;

    if (stat(scan_dir_path(dir), &st) != 0 || !S_ISDIR(st.st_mode)) {
        fail_dir(scan, dir, errno != 0 ? errno : ENOTDIR);
        return;
    }
    is_new = !dir->present || dir->device != st.st_dev || dir->inode != st.st_ino;
    if (is_new) {
        scan_unwatch_dir(scan, dir);
        watch_dir(scan, dir);
        dir->present = true;
        dir->device = st.st_dev;
        dir->inode = st.st_ino;
    }
    dir->err_no = 0;
    if (dir->searched) {
        if (is_new || look || !dir->notifies || changed_ns(&st) != dir->changed_ns) {
            list_dir(scan, dir, is_new || look || !dir->notifies);
        }
    } else if (is_new || look || !dir->notifies) {
        check_entries(scan, dir, UINT64_MAX);
    }
    dir->changed_ns = changed_ns(&st);
}

/* ---- a run ---- */

static void take_hint_in_dir(struct scan *scan, struct scan_dir *dir, const char *name)
{
    char path[PATH_BYTES];
    struct scan_dir *below;

    if (name == NULL) {
        dir->due = true;
        return;
    }
    if (!join_path(path, dir, name)) {
        return;
    }
    below = scan_find_dir(scan, path);
    if (below != NULL) {
        below->due = true;
    }
    if (dir->searched || scan_find_entry(scan, path) != NULL) {
        look_at_path(scan, dir, path, DT_UNKNOWN, true);
    }
}

static void take_hint(struct scan *scan, const struct scan_hint *hint)
{
    if (hint->wd < 0) {
        struct scan_entry *entry = scan_find_entry(scan, hint->name);
        if (entry != NULL) {
            check_entry(scan, entry);
        }
        return;
    }
    for (size_t i = 0; i < scan->n_dirs; i++) {
        if (scan->dirs[i]->wd == hint->wd) {
            take_hint_in_dir(scan, scan->dirs[i], hint->name);
        }
    }
}

/* Whether item i of n is among the `width` that this turn of the sweep looks at. */
static bool in_sweep(size_t i, size_t n, size_t from, size_t width)
{
    return width >= n || (i + n - from % n) % n < width;
}

static void tick_dirs(struct scan *scan)
{
    for (size_t i = 0; i < scan->n_dirs; i++) {
        struct scan_dir *dir = scan->dirs[i];
        if (!dir->notifies || dir->via_link ||
            in_sweep(i, scan->n_dirs, scan->sweep_dir, SWEEP_DIRS)) {
            dir->due = true;
        }
    }
    scan->sweep_dir += SWEEP_DIRS;
}

static void tick_entries(struct scan *scan)
{
    /* Backward: an entry that goes is replaced by the last, which was looked at already. */
    for (size_t i = scan->n_entries; i-- > 0;) {
        struct scan_entry *entry = scan->entries[i];
        if (entry->is_link || in_sweep(i, scan->n_entries, scan->sweep_entry, SWEEP_ENTRIES)) {
            check_entry(scan, entry);
        }
    }
    scan->sweep_entry += SWEEP_ENTRIES;
}

/* Found directories are due at once; the array grows while it is walked. */
static void check_due_dirs(struct scan *scan, bool full)
{
    bool again = true;

    while (again) {
        again = false;
        for (size_t i = 0; i < scan->n_dirs; i++) {
            struct scan_dir *dir = scan->dirs[i];
            if (dir->due) {
                dir->due = false;
                check_dir(scan, dir, full);
                again = true;
            }
        }
    }
    for (size_t i = scan->n_dirs; i-- > 0;) {
        struct scan_dir *dir = scan->dirs[i];
        if (!dir->present && !dir->root && dir->entries == NULL) {
            scan_remove_dir(scan, dir);
        }
    }
}

static void say_patterns_without_match(struct scan *scan)
{
    for (size_t i = 0; i < scan->opts.n_patterns; i++) {
        bool found = !glob_is_pattern(scan->opts.patterns[i]);
        for (size_t j = 0; j < scan->n_entries && !found; j++) {
            found = glob_match(scan->opts.patterns[i], scan->entries[j]->path);
        }
        if (!found) {
            (void)scan_add_change(scan, SCAN_NOTHING, scan->opts.patterns[i], NULL, 0);
        }
    }
}

void scan_run(struct scan *scan, struct scan_task *task)
{
    bool full = task->full || scan->force_full || !scan->started;

    scan->task = task;
    scan->force_full = false;
    for (size_t i = 0; i < task->n_hints; i++) {
        take_hint(scan, &task->hints[i]);
    }
    if (full) {
        for (size_t i = 0; i < scan->n_dirs; i++) {
            scan->dirs[i]->due = true;
        }
    } else if (task->tick) {
        tick_dirs(scan);
        tick_entries(scan);
    }
    check_due_dirs(scan, full);
    if (!scan->started) {
        scan->started = true;
        say_patterns_without_match(scan);
    }
    scan->task = NULL;
}

/* ---- making ---- */

static const char *const *copy_strings(struct scan *scan, const char *const *items, size_t n)
{
    const char **copies = arena_alloc(&scan->arena, n + 1, sizeof(*copies));

    for (size_t i = 0; copies != NULL && i < n; i++) {
        copies[i] = arena_copy(&scan->arena, span_str(items[i])).ptr;
        if (copies[i] == NULL) {
            return NULL;
        }
    }
    return copies;
}

/* Only paths, identities and times are of interest here. */
static const struct tail_position *copy_known(struct scan *scan, const struct tail_position *items,
                                              size_t n)
{
    struct tail_position *copies = arena_alloc(&scan->arena, n + 1, sizeof(*copies));

    for (size_t i = 0; copies != NULL && i < n; i++) {
        copies[i] = items[i];
        copies[i].head = (struct span){0};
        copies[i].path = arena_copy(&scan->arena, items[i].path);
        if (copies[i].path.ptr == NULL) {
            return NULL;
        }
    }
    return copies;
}

enum rc scan_new(const struct scan_opts *opts, struct scan **ret_scan)
{
    struct scan *scan = mem_calloc(1, sizeof(*scan));

    if (scan == NULL) {
        return RC_NOMEM;
    }
    scan->opts = *opts;
    scan->opts.patterns = copy_strings(scan, opts->patterns, opts->n_patterns);
    scan->opts.excludes = copy_strings(scan, opts->excludes, opts->n_excludes);
    scan->opts.known = copy_known(scan, opts->known, opts->n_known);
    if (scan->opts.patterns == NULL || scan->opts.known == NULL || scan->opts.excludes == NULL ||
        mounts_new(&scan->mounts) != RC_OK) {
        scan_free(scan);
        return RC_NOMEM;
    }
    *ret_scan = scan;
    return RC_OK;
}

struct scan *scan_free(struct scan *scan)
{
    if (scan != NULL) {
        for (size_t i = 0; i < scan->n_entries; i++) {
            mem_free(scan->entries[i]);
        }
        for (size_t i = 0; i < scan->n_dirs; i++) {
            mem_free(scan->dirs[i]);
        }
        table_fini(&scan->by_path);
        table_fini(&scan->dirs_by_path);
        mem_free(scan->entries);
        mem_free(scan->dirs);
        mounts_free(scan->mounts);
        arena_fini(&scan->arena);
    }
    return mem_free(scan);
}

enum rc scan_add_root(struct scan *scan, const char *path)
{
    struct scan_dir *dir = scan_add_dir(scan, path);

    if (dir == NULL) {
        return RC_NOMEM;
    }
    dir->root = true;
    dir->searched = true;
    dir->due = true;
    return RC_OK;
}

enum rc scan_add_path(struct scan *scan, const char *path)
{
    char parent[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    struct scan_entry *entry = scan_find_entry(scan, path);
    struct scan_dir *dir;

    if (len >= sizeof(parent)) {
        return RC_TOO_BIG;
    }
    if (entry == NULL) {
        memcpy(parent, path, len);
        parent[len] = '\0';
        dir = scan_add_dir(scan, parent);
        entry = dir != NULL ? scan_add_entry(scan, dir, path) : NULL;
    }
    if (entry == NULL) {
        return RC_NOMEM;
    }
    entry->dir->root = true;
    entry->dir->due = true;
    entry->plain = true;
    return RC_OK;
}
