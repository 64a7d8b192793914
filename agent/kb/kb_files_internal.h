/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering entries from files and directories, before they are sorted. */
#ifndef GPUERR_KB_KB_FILES_INTERNAL_H
#define GPUERR_KB_KB_FILES_INTERNAL_H

#include "base/arena.h"
#include "kb/kb.h"

struct kb_slot {
    const struct kb_entry *entry;
    const char *file;
    unsigned layer; /* which path it came from: 0 for the shipped ones */
    size_t order;   /* in which it was read */
};

struct kb_files {
    struct arena *arena; /* of the KB: entries, their strings, file names */
    unsigned layer;      /* of what is added next */
    struct kb_slot *slots;
    size_t n, room;
    kb_refused_fn *on_refused;
    void *ctx;
};

/* file must live as long as the arena. */
enum rc kb_files_add(struct kb_files *files, const struct kb_entry *entry,
                     const char *file) GPUERR_MUSTCHECK;

/*
 * Adds the entry of a file, or those of all *.json below a directory in order of their names
 * (schema.json and names that begin with a dot are passed over; links are followed, as a mounted
 * ConfigMap needs). A bad file is refused through on_refused; err is for path itself.
 */
enum rc kb_files_read(struct kb_files *files, const char *path, struct err *err) GPUERR_MUSTCHECK;

#endif
