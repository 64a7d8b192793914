/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the store once, at the start; see resume.h. */
#include "pipeline/resume.h"

#include "base/mem.h"
#include "store/store.h"

struct resume_cursor {
    enum source_type type;
    struct span path;
    struct span cursor;
};

struct loading {
    struct resume *resume;
    enum rc rc;
};

static bool keep(struct arena *arena, struct span *text)
{
    struct span copy = arena_copy(arena, *text);
    bool ok = copy.ptr != NULL || text->ptr == NULL;

    *text = copy;
    return ok;
}

static bool add_file(struct resume *resume, const struct store_position *position)
{
    struct tail_position file = {
        .path = position->path,
        .device = position->device,
        .inode = position->inode,
        .offset = position->offset,
        .generation = position->generation,
        .head = position->head,
        .seen_wall_ns = position->updated_wall_ns,
    };
    struct tail_position *grown =
        mem_realloc(resume->files, resume->n_files + 1, sizeof(*resume->files));

    if (grown == NULL) {
        return false;
    }
    resume->files = grown;
    if (!keep(&resume->arena, &file.path) || !keep(&resume->arena, &file.head)) {
        return false;
    }
    grown[resume->n_files++] = file;
    return true;
}

static bool add_cursor(struct resume *resume, const struct store_position *position)
{
    struct resume_cursor cursor = {position->type, position->path, position->cursor};
    struct resume_cursor *grown =
        mem_realloc(resume->cursors, resume->n_cursors + 1, sizeof(*resume->cursors));

    if (grown == NULL) {
        return false;
    }
    resume->cursors = grown;
    if (!keep(&resume->arena, &cursor.path) || !keep(&resume->arena, &cursor.cursor)) {
        return false;
    }
    grown[resume->n_cursors++] = cursor;
    return true;
}

static void on_position(void *ctx, const struct store_position *position)
{
    struct loading *loading = ctx;
    bool ok = position->inode != 0 ? add_file(loading->resume, position)
                                   : add_cursor(loading->resume, position);

    loading->rc = ok ? loading->rc : RC_NOMEM;
}

enum rc resume_load(struct resume *resume, struct store *store)
{
    struct loading loading = {resume, RC_OK};
    enum rc rc = store_each_position(store, on_position, &loading);

    return rc == RC_OK ? loading.rc : rc;
}

void resume_fini(struct resume *resume)
{
    mem_free(resume->files);
    mem_free(resume->cursors);
    arena_fini(&resume->arena);
    *resume = (struct resume){.files = NULL};
}

const char *resume_find_cursor(const struct resume *resume, enum source_type type, struct span path)
{
    for (size_t i = resume->n_cursors; i-- > 0;) {
        if (resume->cursors[i].type == type && span_eq(resume->cursors[i].path, path)) {
            return resume->cursors[i].cursor.ptr;
        }
    }
    return NULL;
}
