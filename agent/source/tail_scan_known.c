/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories and entries of a scan, found by path, and the task that takes its changes out.
 * Everything here is bounded: hostile names and patterns that sweep in too much cost memory up to
 * the limits and no more.
 */
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "source/source.h"
#include "source/tail_scan_internal.h"

/* More things to look at than this, and everything is looked at. */
#define HINTS_MAX 4096

static bool grow(void **items, size_t *cap, size_t n, size_t size)
{
    size_t more = *cap > 0 ? *cap * 2 : 16;
    void *grown;

    if (n < *cap) {
        return true;
    }
    grown = mem_realloc(*items, more, size);
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    *cap = more;
    return true;
}

bool scan_add_change(struct scan *scan, enum scan_kind kind, const char *path,
                     const struct stat *st, int err_no)
{
    struct scan_task *task = scan->task;
    struct span copy = arena_copy(&task->arena, span_str(path));

    if (copy.ptr == NULL || !grow((void **)&task->changes, &task->changes_cap, task->n_changes,
                                  sizeof(*task->changes))) {
        task->rc = RC_NOMEM;
        scan->force_full = true;
        return false;
    }
    task->changes[task->n_changes++] = (struct scan_change){
        .kind = kind,
        .path = copy.ptr,
        .device = st != NULL ? st->st_dev : 0,
        .inode = st != NULL ? st->st_ino : 0,
        .size = st != NULL ? (uint64_t)st->st_size : 0,
        .err_no = err_no,
    };
    return true;
}

void scan_task_hint(struct scan_task *task, int wd, const char *name)
{
    struct span copy;

    if (task->full) {
        return;
    }
    if (task->n_hints == HINTS_MAX) {
        task->full = true;
        return;
    }
    copy = arena_copy(&task->arena, span_str(name));
    if ((name != NULL && copy.ptr == NULL) ||
        !grow((void **)&task->hints, &task->hints_cap, task->n_hints, sizeof(*task->hints))) {
        task->full = true;
        return;
    }
    task->hints[task->n_hints++] = (struct scan_hint){wd, name != NULL ? copy.ptr : NULL};
}

void scan_task_fini(struct scan_task *task)
{
    arena_fini(&task->arena);
    mem_free(task->hints);
    mem_free(task->changes);
    *task = (struct scan_task){0};
}

static uint64_t hash_path(const char *path)
{
    return hash_64(span_str(path));
}

struct scan_entry *scan_find_entry(const struct scan *scan, const char *path)
{
    struct table_node *node = table_first(&scan->by_path, hash_path(path));

    for (; node != NULL; node = table_next(node)) {
        struct scan_entry *entry = (struct scan_entry *)node;
        if (strcmp(entry->path, path) == 0) {
            return entry;
        }
    }
    return NULL;
}

struct scan_dir *scan_find_dir(const struct scan *scan, const char *path)
{
    struct table_node *node = table_first(&scan->dirs_by_path, hash_path(path));

    for (; node != NULL; node = table_next(node)) {
        struct scan_dir *dir = (struct scan_dir *)node;
        if (strcmp(dir->path, path) == 0) {
            return dir;
        }
    }
    return NULL;
}

const char *scan_dir_path(const struct scan_dir *dir)
{
    return dir->path[0] != '\0' ? dir->path : ".";
}

struct scan_dir *scan_add_dir(struct scan *scan, const char *path)
{
    struct scan_dir *dir = scan_find_dir(scan, path);
    size_t len = strlen(path);

    if (dir != NULL) {
        return dir;
    }
    if (scan->n_dirs >= SCAN_DIRS_MAX ||
        !grow((void **)&scan->dirs, &scan->dirs_cap, scan->n_dirs, sizeof(struct scan_dir *))) {
        return NULL;
    }
    dir = mem_calloc(1, sizeof(*dir) + len + 1);
    if (dir == NULL || table_add(&scan->dirs_by_path, &dir->node, hash_path(path)) != RC_OK) {
        return mem_free(dir);
    }
    memcpy(dir->path, path, len);
    dir->wd = -1;
    dir->index = scan->n_dirs;
    scan->dirs[scan->n_dirs++] = dir;
    return dir;
}

/* As if it had been looked at when an earlier run read it last: what it led to since then is looked
 * for beside it. */
static void remember(const struct scan *scan, struct scan_entry *entry)
{
    for (size_t i = scan->opts.n_known; i-- > 0;) {
        const struct tail_position *known = &scan->opts.known[i];
        if (span_eq_str(known->path, entry->path)) {
            entry->was_seen = true;
            entry->last.st_dev = known->device;
            entry->last.st_ino = known->inode;
            entry->last.st_mtim.tv_sec = (time_t)(known->seen_wall_ns / CLOCK_NS_PER_S);
            entry->last.st_mtim.tv_nsec = (long)(known->seen_wall_ns % CLOCK_NS_PER_S);
            return;
        }
    }
}

struct scan_entry *scan_add_entry(struct scan *scan, struct scan_dir *dir, const char *path)
{
    size_t len = strlen(path);
    struct scan_entry *entry;

    if (scan->n_entries >= SCAN_ENTRIES_MAX ||
        !grow((void **)&scan->entries, &scan->entries_cap, scan->n_entries,
              sizeof(struct scan_entry *))) {
        return NULL;
    }
    entry = mem_calloc(1, sizeof(*entry) + len + 1);
    if (entry == NULL || table_add(&scan->by_path, &entry->node, hash_path(path)) != RC_OK) {
        return mem_free(entry);
    }
    memcpy(entry->path, path, len);
    entry->dir = dir;
    entry->next_in_dir = dir->entries;
    dir->entries = entry;
    entry->index = scan->n_entries;
    scan->entries[scan->n_entries++] = entry;
    if (!scan->started) {
        remember(scan, entry);
    }
    return entry;
}

void scan_remove_entry(struct scan *scan, struct scan_entry *entry)
{
    struct scan_entry **at = &entry->dir->entries;

    while (*at != entry) {
        at = &(*at)->next_in_dir;
    }
    *at = entry->next_in_dir;
    table_remove(&scan->by_path, &entry->node);
    scan->n_entries--;
    scan->entries[entry->index] = scan->entries[scan->n_entries];
    scan->entries[entry->index]->index = entry->index;
    mem_free(entry);
}

void scan_unwatch_dir(struct scan *scan, struct scan_dir *dir)
{
    int wd = dir->wd;

    dir->wd = -1;
    dir->notifies = false;
    for (size_t i = 0; wd >= 0 && i < scan->n_dirs; i++) {
        if (scan->dirs[i]->wd == wd) {
            return; /* two paths to one directory share the watch */
        }
    }
    if (wd >= 0) {
        (void)inotify_rm_watch(scan->opts.inotify_fd, wd); /* fails when it is gone already */
    }
}

void scan_remove_dir(struct scan *scan, struct scan_dir *dir)
{
    scan_unwatch_dir(scan, dir);
    table_remove(&scan->dirs_by_path, &dir->node);
    scan->n_dirs--;
    scan->dirs[dir->index] = scan->dirs[scan->n_dirs];
    scan->dirs[dir->index]->index = dir->index;
    mem_free(dir);
}

/* Out of memory or too much: said once, and looked at again next time. */
void scan_note_unkept(struct scan *scan, const char *path)
{
    if (scan->n_entries < SCAN_ENTRIES_MAX && scan->n_dirs < SCAN_DIRS_MAX) {
        scan->task->rc = RC_NOMEM;
        scan->force_full = true;
    } else if (!scan->too_many_said) {
        scan->too_many_said = true;
        (void)scan_add_change(scan, SCAN_REFUSED, path, NULL, EMFILE);
    }
}
