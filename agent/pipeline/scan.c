/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file after the other, in pieces of 256 KiB into the pipeline, and the unfinished last line at
 * the end. Directories are walked by fts in order of names; only regular files are read there, so
 * that a FIFO or a device among them stops nothing, while a path that was named may be anything
 * that can be read to an end.
 */
#include "pipeline/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "pipeline/pipeline.h"
#include "unpack/unpack.h"

#define READ_BYTES ((size_t)256 * 1024)

struct scan {
    struct pipeline *pipeline;
    char *buffer; /* READ_BYTES */
    void (*on_error)(void *ctx, const struct err *err);
    void *ctx;
};

static void report(const struct scan *scan, const char *path, int err_no)
{
    struct err err;

    (void)err_set(&err, rc_from_errno(err_no), "%s", strerror(err_no));
    err_file(&err, path);
    scan->on_error(scan->ctx, &err);
}

/* Offsets are those of the text, not of what it is packed in. What is damaged is read up to there.
 */
static enum rc read_all(const struct scan *scan, struct unpack *input, const struct origin *origin,
                        struct pipeline_stream *stream, const char *path)
{
    uint64_t offset = 0;

    for (;;) {
        struct err err;
        size_t n;
        enum rc rc = unpack_read(input, scan->buffer, READ_BYTES, &n, &err);
        if (rc != RC_OK) {
            err_file(&err, path);
            scan->on_error(scan->ctx, &err);
            break;
        }
        if (n == 0) {
            break;
        }
        struct chunk chunk = {origin, span_of(scan->buffer, n), offset};
        rc = pipeline_stream_push(stream, &chunk);
        if (rc == RC_UNSUPPORTED) {
            (void)err_set(&err, rc, "starts like UTF-16 or UTF-32 text, which is not read");
            err_hint(&err, "iconv -f UTF-16 -t UTF-8 converts it");
            err_file(&err, path);
            scan->on_error(scan->ctx, &err);
            return RC_OK;
        }
        if (rc != RC_OK) {
            return rc;
        }
        offset += n;
    }
    return pipeline_stream_flush(stream);
}

static enum rc scan_fd(const struct scan *scan, int fd, const char *path, enum source_type type)
{
    struct origin origin = {.type = type, .path = span_str(path), .rank = RANK_NONE};
    struct pipeline_stream *stream;
    struct unpack *input;
    struct stat st;
    enum rc rc;

    if (fstat(fd, &st) != 0) {
        report(scan, path, errno);
        return RC_OK;
    }
    if (type == SOURCE_FILE) {
        origin.device = st.st_dev;
        origin.inode = st.st_ino;
        origin.rank = decode_path_rank(origin.path);
    }
    rc = unpack_new(fd, &input);
    if (rc != RC_OK) {
        return rc;
    }
    rc = pipeline_stream_open(scan->pipeline, &origin, 0, &stream);
    if (rc == RC_OK) {
        rc = read_all(scan, input, &origin, stream, path);
        pipeline_stream_close(stream);
    }
    unpack_free(input);
    return rc;
}

static enum rc scan_file(const struct scan *scan, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum rc rc;

    if (fd < 0) {
        report(scan, path, errno);
        return RC_OK;
    }
    rc = scan_fd(scan, fd, path, SOURCE_FILE);
    (void)close(fd); /* only read from */
    return rc;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum rc scan_directory(const struct scan *scan, const char *path)
{
    char *root = mem_strdup(span_str(path));
    char *const roots[] = {root, NULL};
    enum rc rc = RC_OK;
    FTS *tree;

    if (root == NULL) {
        return RC_NOMEM;
    }
    tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL) {
        report(scan, path, errno);
        mem_free(root);
        return RC_OK;
    }
    for (FTSENT *entry = fts_read(tree); entry != NULL && rc == RC_OK; entry = fts_read(tree)) {
        if (entry->fts_info == FTS_F && S_ISREG(entry->fts_statp->st_mode)) {
            rc = scan_file(scan, entry->fts_path);
        } else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
                   entry->fts_info == FTS_NS) {
            report(scan, entry->fts_path, entry->fts_errno);
        }
    }
    (void)fts_close(tree);
    mem_free(root);
    return rc;
}

enum rc scan_path(struct pipeline *pipeline, const char *path,
                  void (*on_error)(void *ctx, const struct err *err), void *ctx)
{
    struct scan scan = {pipeline, mem_calloc(READ_BYTES, 1), on_error, ctx};
    struct stat st;
    enum rc rc;

    if (scan.buffer == NULL) {
        return RC_NOMEM;
    }
    if (strcmp(path, "-") == 0) {
        rc = scan_fd(&scan, STDIN_FILENO, "-", SOURCE_STDIN);
    } else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        rc = scan_directory(&scan, path);
    } else {
        rc = scan_file(&scan, path);
    }
    mem_free(scan.buffer);
    return rc;
}
