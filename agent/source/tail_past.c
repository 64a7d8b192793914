/* SPDX-License-Identifier: Apache-2.0 */
/* See tail_past.h. */
#include "source/tail_past.h"

#include "base/hash.h"
#include "base/mem.h"

#define FILES_MAX 4096

struct tail_past_file {
    struct table_node node;
    struct tail_past_file *next; /* told later */
    uint64_t device;
    uint64_t inode;
    uint32_t generation;
};

static uint64_t hash_id(uint64_t device, uint64_t inode)
{
    uint64_t id[2] = {device, inode};

    return hash_64(span_of((const char *)id, sizeof(id)));
}

static void forget_oldest(struct tail_past *past)
{
    struct tail_past_file *file = past->oldest;

    past->oldest = file->next;
    past->newest = past->oldest != NULL ? past->newest : NULL;
    past->n--;
    table_remove(&past->by_id, &file->node);
    mem_free(file);
}

void tail_past_fini(struct tail_past *past)
{
    while (past->oldest != NULL) {
        forget_oldest(past);
    }
    table_fini(&past->by_id);
}

static struct tail_past_file *find(const struct tail_past *past, uint64_t device, uint64_t inode)
{
    struct table_node *node = table_first(&past->by_id, hash_id(device, inode));

    for (; node != NULL; node = table_next(node)) {
        struct tail_past_file *file = (struct tail_past_file *)node;
        if (file->device == device && file->inode == inode) {
            return file;
        }
    }
    return NULL;
}

void tail_past_note(struct tail_past *past, uint64_t device, uint64_t inode, uint32_t generation)
{
    struct tail_past_file *file = find(past, device, inode);

    if (file != NULL) {
        file->generation = generation;
        return;
    }
    file = mem_calloc(1, sizeof(*file));
    if (file == NULL || table_add(&past->by_id, &file->node, hash_id(device, inode)) != RC_OK) {
        mem_free(file);
        return;
    }
    file->device = device;
    file->inode = inode;
    file->generation = generation;
    if (past->newest != NULL) {
        past->newest->next = file;
    } else {
        past->oldest = file;
    }
    past->newest = file;
    if (++past->n > FILES_MAX) {
        forget_oldest(past);
    }
}

uint32_t tail_past_generation(const struct tail_past *past, uint64_t device, uint64_t inode)
{
    const struct tail_past_file *file = find(past, device, inode);

    return file != NULL ? file->generation : 0;
}
