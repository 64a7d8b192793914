/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the KB: gathers the shipped entries and those of each path in turn, sorts by id, and lets
 * the later path win. Two files of one path with the same id are a fault: the second one is
 * refused.
 */
#include "kb/kb.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "kb/kb_builtin.h"
#include "kb/kb_files_internal.h"

struct kb {
    unsigned refs;
    struct arena arena; /* entries and strings of loaded files */
    struct kb_slot *slots;
    size_t n;
};

static int compare_slots(const void *a, const void *b)
{
    const struct kb_slot *x = a;
    const struct kb_slot *y = b;
    int c = span_cmp(x->entry->id, y->entry->id);

    if (c != 0) {
        return c;
    }
    /* The strongest first: the latest path, and in it the file that was read first. */
    if (x->layer != y->layer) {
        return x->layer > y->layer ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

static void refuse_duplicate(const struct kb_opts *opts, const struct kb_slot *slot,
                             const struct kb_slot *first)
{
    struct err err;

    (void)err_set(&err, RC_INVALID, "duplicate id %s", slot->entry->id.ptr);
    err_file(&err, slot->file);
    err_field(&err, "id");
    err_hint(&err, "first in %s", first->file);
    opts->on_refused(opts->ctx, &err);
}

/* Keeps the strongest slot of each id. */
static size_t keep_strongest(const struct kb_opts *opts, struct kb_slot *slots, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || !span_eq(slots[i].entry->id, slots[kept - 1].entry->id)) {
            slots[kept++] = slots[i];
        } else if (slots[i].layer == slots[kept - 1].layer && opts->on_refused != NULL) {
            refuse_duplicate(opts, &slots[i], &slots[kept - 1]);
        }
    }
    return kept;
}

static enum rc add_builtin(const struct kb_builtin *builtin, struct kb_files *files)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < builtin->n && rc == RC_OK; i++) {
        rc = kb_files_add(files, &builtin->entries[i], "builtin");
    }
    return rc;
}

enum rc kb_build(const struct kb_opts *opts, struct kb **ret_kb, struct err *err)
{
    struct kb *kb = mem_calloc(1, sizeof(*kb));
    struct kb_files files = {0};
    enum rc rc = RC_OK;

    if (kb == NULL) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    files.arena = &kb->arena;
    files.on_refused = opts->on_refused;
    files.ctx = opts->ctx;
    if (opts->builtin != NULL) {
        rc = add_builtin(opts->builtin, &files);
    }
    for (size_t i = 0; i < opts->n_paths && rc == RC_OK; i++) {
        files.layer++;
        rc = kb_files_read(&files, opts->paths[i], err);
    }
    kb->refs = 1;
    kb->slots = files.slots;
    kb->n = files.n;
    if (rc != RC_OK) {
        kb_unref(kb);
        return rc == RC_NOMEM ? err_set(err, rc, "out of memory") : rc;
    }
    if (kb->n > 0) {
        qsort(kb->slots, kb->n, sizeof(*kb->slots), compare_slots);
        kb->n = keep_strongest(opts, kb->slots, kb->n);
    }
    *ret_kb = kb;
    return RC_OK;
}

struct kb *kb_ref(struct kb *kb)
{
    kb->refs++;
    return kb;
}

struct kb *kb_unref(struct kb *kb)
{
    if (kb != NULL && --kb->refs == 0) {
        arena_fini(&kb->arena);
        mem_free(kb->slots);
        mem_free(kb);
    }
    return NULL;
}

size_t kb_count(const struct kb *kb)
{
    return kb->n;
}

const struct kb_entry *kb_at(const struct kb *kb, size_t i)
{
    return kb->slots[i].entry;
}

static const struct kb_slot *find_slot(const struct kb *kb, struct span id)
{
    size_t low = 0;
    size_t high = kb->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = span_cmp(kb->slots[middle].entry->id, id);
        if (c == 0) {
            return &kb->slots[middle];
        }
        if (c < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct kb_entry *kb_find(const struct kb *kb, struct span id)
{
    const struct kb_slot *slot = find_slot(kb, id);

    return slot != NULL ? slot->entry : NULL;
}

const char *kb_file(const struct kb *kb, const struct kb_entry *entry)
{
    const struct kb_slot *slot = find_slot(kb, entry->id);

    return slot != NULL ? slot->file : "";
}
