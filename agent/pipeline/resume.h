/* SPDX-License-Identifier: Apache-2.0 */
/* Where an earlier run has left its inputs: the positions of the store, as sources ask for them. */
#ifndef GPUERR_PIPELINE_RESUME_H
#define GPUERR_PIPELINE_RESUME_H

#include "base/arena.h"
#include "base/err.h"
#include "flow/record.h"
#include "source/source.h"

struct store;

/* A zeroed one knows nothing. */
struct resume {
    struct arena arena;
    struct tail_position *files; /* newest last */
    size_t n_files;
    struct resume_cursor *cursors;
    size_t n_cursors;
};

enum rc resume_load(struct resume *resume, struct store *store) GPUERR_MUSTCHECK;
void resume_fini(struct resume *resume);

/* Where to go on in what is no file; NULL when nothing is known. */
const char *resume_find_cursor(const struct resume *resume, enum source_type type,
                               struct span path);

#endif
