/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file each path leads to: what the scans say becomes new files, renames and notices.
 *
 * A path that turns from one file to another is a rotation: the new file waits until the old one
 * has been read to its end, also when the path led nowhere in between. A file to which no path
 * leads any more is read on until it has been silent (tail_file.c).
 */
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "source/tail_internal.h"

static struct tail_path *find_path(const struct tail *tail, const char *path)
{
    struct table_node *node = table_first(&tail->paths, hash_64(span_str(path)));

    for (; node != NULL; node = table_next(node)) {
        if (strcmp(((struct tail_path *)node)->path, path) == 0) {
            break;
        }
    }
    return (struct tail_path *)node;
}

struct tail_path *tail_path_get(struct tail *tail, const char *text)
{
    struct tail_path *path = find_path(tail, text);
    size_t len = strlen(text);

    if (path != NULL) {
        return path;
    }
    path = mem_calloc(1, sizeof(*path) + len + 1);
    if (path == NULL ||
        table_add(&tail->paths, &path->node, hash_64(span_of(text, len))) != RC_OK) {
        return mem_free(path);
    }
    memcpy(path->path, text, len);
    path->next = tail->all_paths;
    path->link = &tail->all_paths;
    if (path->next != NULL) {
        path->next->link = &path->next;
    }
    tail->all_paths = path;
    return path;
}

void tail_path_free(struct tail *tail, struct tail_path *path)
{
    table_remove(&tail->paths, &path->node);
    *path->link = path->next;
    if (path->next != NULL) {
        path->next->link = path->link;
    }
    mem_free(path);
}

/* path leads to file (NULL: nowhere) from now on. */
static void turn_path(struct tail_path *path, struct tail_file *file)
{
    if (file != NULL) {
        file->paths++;
        path->last_device = file->origin.device;
        path->last_inode = file->origin.inode;
    }
    if (path->file != NULL) {
        path->file->paths--;
        path->file->active_mono_ns = clock_mono_ns();
        tail_file_wake(path->file); /* its last words, before it is forgotten */
    }
    path->file = file;
}

static struct tail_file *find_file(const struct tail *tail, uint64_t device, uint64_t inode)
{
    uint64_t id[2] = {device, inode};
    struct table_node *node =
        table_first(&tail->files_by_id, hash_64(span_of((const char *)id, sizeof(id))));

    for (; node != NULL; node = table_next(node)) {
        struct tail_file *file = (struct tail_file *)node;
        if (file->origin.device == device && file->origin.inode == inode) {
            return file;
        }
    }
    return NULL;
}

/* ---- what an earlier run knew ---- */

/* Its place in opts.known, or n_known. */
static size_t find_known(const struct tail *tail, uint64_t device, uint64_t inode)
{
    size_t i = tail->opts.n_known;

    while (i-- > 0) {
        const struct tail_position *known = &tail->opts.known[i];
        if (known->inode == inode && known->device == device && !tail->known_taken[i]) {
            return i;
        }
    }
    return tail->opts.n_known;
}

const struct tail_position *tail_take_known(struct tail *tail, uint64_t device, uint64_t inode)
{
    size_t i = find_known(tail, device, inode);

    if (i == tail->opts.n_known) {
        return NULL;
    }
    tail->known_taken[i] = true;
    return &tail->opts.known[i];
}

const struct tail_position *tail_known_path(const struct tail *tail, const char *path)
{
    for (size_t i = tail->opts.n_known; i-- > 0;) {
        if (span_eq_str(tail->opts.known[i].path, path)) {
            return &tail->opts.known[i];
        }
    }
    return NULL;
}

/* Opens a file that path led to before, where it was left. */
static struct tail_file *open_rotated(struct tail *tail, struct tail_path *path,
                                      const struct tail_position *known)
{
    struct scan_change gone = {
        .kind = SCAN_PASSED,
        .path = path->path,
        .device = known->device,
        .inode = known->inode,
        .size = known->offset,
    };
    struct tail_file *file = NULL;

    if (tail_file_new(tail, path->path, &gone, 0, &file) == RC_OK) {
        path->last_device = known->device;
        path->last_inode = known->inode;
        file->active_mono_ns = clock_mono_ns();
    }
    return file;
}

/*
 * The path led to other files when it was read last: those were rotated away, and have perhaps more
 * than was read. They are opened as if they had been renamed this moment (tail_read.c looks for
 * them beside the path), the oldest first, and what is there now waits behind them.
 */
static void take_rotated_files(struct tail *tail, struct tail_path *path, uint64_t device,
                               uint64_t inode)
{
    struct tail_file *before = NULL;

    if (path->last_inode != 0) {
        return; /* seen in this run */
    }
    for (size_t i = 0; i < tail->opts.n_known; i++) {
        const struct tail_position *known = &tail->opts.known[i];
        struct tail_file *file;
        if (tail->known_taken[i] || !span_eq_str(known->path, path->path) ||
            (known->device == device && known->inode == inode)) {
            continue;
        }
        file = open_rotated(tail, path, known);
        if (file != NULL && before != NULL) {
            tail_file_hold_behind(file, before);
        }
        before = file != NULL ? file : before;
    }
}

/* ---- what a scan found ---- */

static void take_new_file(struct tail *tail, struct tail_path *path,
                          const struct scan_change *change, bool first_look)
{
    bool is_end =
        first_look && tail->opts.from == TAIL_FROM_END && tail_known_path(tail, path->path) == NULL;
    uint64_t begin_at = is_end ? change->size : 0;
    struct tail_file *old;
    struct tail_file *file;

    take_rotated_files(tail, path, change->device, change->inode);
    old = find_file(tail, path->last_device, path->last_inode);

    if (tail_file_new(tail, path->path, change, begin_at, &file) != RC_OK) {
        tail_look_at(tail, path->path); /* out of memory: again later */
        return;
    }
    turn_path(path, file);
    if (old != NULL) {
        tail->source.stats.rotations++;
        tail_file_hold_behind(file, old);
    }
}

static void take_file(struct tail *tail, const struct scan_change *change, bool first_look)
{
    struct tail_path *path = tail_path_get(tail, change->path);
    struct tail_file *file = find_file(tail, change->device, change->inode);

    if (path == NULL) {
        tail_look_at(tail, change->path);
    } else if (file == NULL) {
        take_new_file(tail, path, change, first_look);
    } else {
        if (path->file != file) {
            turn_path(path, file);
        }
        tail_file_note_size(file, change->size);
        tail_file_retry(file);
        tail_file_wake(file);
    }
}

static void take_gone(struct tail *tail, const struct scan_change *change)
{
    struct tail_path *path = tail_path_get(tail, change->path);

    if (path == NULL) {
        return;
    }
    take_rotated_files(tail, path, 0, 0);
    if (path->file != NULL) {
        turn_path(path, NULL);
        path->said = true; /* it was there: that it is gone is no news at start-up */
    } else if (!path->said) {
        path->said = true;
        tail_notice(tail, SOURCE_WAITING, path->path, RC_NOT_FOUND,
                    "does not exist yet; waiting for it");
    }
    tail->paths_gone = tail->paths_gone || !path->plain;
}

void tail_forget_paths(struct tail *tail)
{
    struct tail_path *path = tail->paths_gone ? tail->all_paths : NULL;

    tail->paths_gone = false;
    while (path != NULL) {
        struct tail_path *next = path->next;
        if (path->file == NULL && !path->plain) {
            if (find_file(tail, path->last_device, path->last_inode) == NULL) {
                tail_path_free(tail, path);
            } else {
                tail->paths_gone = true;
            }
        }
        path = next;
    }
}

static void take_foreign(struct tail *tail, const struct scan_change *change)
{
    struct tail_unit *unit;

    for (unit = tail->units; unit != NULL; unit = unit->next) {
        if (strcmp(unit->place, change->path) == 0) {
            return;
        }
    }
    if (tail_unit_add(tail, change->path, &unit) == RC_OK &&
        scan_add_root(unit->job->scan, unit->place) == RC_OK) {
        tail_unit_start(unit);
    } else {
        tail_notice(tail, SOURCE_FAILED, change->path, RC_NOMEM, rc_text(RC_NOMEM));
    }
}

void tail_take_change(struct tail *tail, const struct scan_change *change, bool first_look)
{
    switch (change->kind) {
    case SCAN_FILE:
        take_file(tail, change, first_look);
        break;
    case SCAN_PASSED:
        if (find_file(tail, change->device, change->inode) == NULL) {
            take_file(tail, change, false);
        }
        break;
    case SCAN_GONE:
        take_gone(tail, change);
        break;
    case SCAN_REFUSED:
        tail_notice(tail, SOURCE_FAILED, change->path,
                    change->err_no != 0 ? rc_from_errno(change->err_no) : RC_INVALID,
                    change->err_no != 0 ? strerror(change->err_no) : "not a regular file");
        break;
    case SCAN_NOTHING:
        tail_notice(tail, SOURCE_WAITING, change->path, RC_NOT_FOUND, "matches no file yet");
        break;
    case SCAN_FOREIGN:
        take_foreign(tail, change);
        break;
    }
}
