/* SPDX-License-Identifier: Apache-2.0 */
/* Reads entry files: bounded, checked, and a bad one stops nobody else. See kb_files_internal.h. */
#include "kb/kb_files_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kb/kb_internal.h"

enum rc kb_files_add(struct kb_files *files, const struct kb_entry *entry, const char *file)
{
    if (files->n == files->room) {
        size_t room = files->room > 0 ? files->room * 2 : 64;
        struct kb_slot *slots = mem_realloc(files->slots, room, sizeof(*slots));
        if (slots == NULL) {
            return RC_NOMEM;
        }
        files->slots = slots;
        files->room = room;
    }
    files->slots[files->n] = (struct kb_slot){entry, file, files->layer, files->n};
    files->n++;
    return RC_OK;
}

static enum rc read_fd(int fd, struct buf *text, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return err_set(err, rc_from_errno(errno), "%s", strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(err, RC_INVALID, "is not a regular file");
    }
    if (st.st_size > (off_t)KB_FILE_MAX_BYTES) {
        return err_set(err, RC_TOO_BIG, "is larger than 1 MiB");
    }
    for (;;) {
        ssize_t n;
        if (buf_reserve(text, 4096) != RC_OK) {
            return err_set(err, buf_rc(text),
                           buf_rc(text) == RC_NOMEM ? "out of memory" : "is larger than 1 MiB");
        }
        n = read(fd, text->ptr + text->len, text->cap - text->len);
        if (n == 0) {
            return RC_OK;
        }
        if (n > 0) {
            text->len += (size_t)n;
        } else if (errno != EINTR) {
            return err_set(err, rc_from_errno(errno), "%s", strerror(errno));
        }
    }
}

static enum rc read_text(const char *path, struct buf *text, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum rc rc;

    if (fd < 0) {
        return err_set(err, rc_from_errno(errno), "%s", strerror(errno));
    }
    rc = read_fd(fd, text, err);
    (void)close(fd); /* only read from */
    return rc;
}

static enum rc load_entry(struct kb_files *files, const char *path, struct kb_entry *entry,
                          struct err *err)
{
    struct buf text;
    enum rc rc;

    /* One block more than is allowed, so that a file that is too large is seen as such. */
    buf_init(&text, KB_FILE_MAX_BYTES + 4096);
    rc = read_text(path, &text, err);
    if (rc == RC_OK) {
        rc = kb_parse_entry(buf_span(&text), files->arena, entry, err);
    }
    buf_fini(&text);
    return rc == RC_OK ? kb_check_regex(entry, err) : rc;
}

/* Only running out of memory ends the loading; any other fault refuses the file. */
static enum rc add_file(struct kb_files *files, const char *path)
{
    struct kb_entry *entry = arena_alloc(files->arena, 1, sizeof(*entry));
    struct span file = arena_copy(files->arena, span_str(path));
    struct err err;
    enum rc rc;

    if (entry == NULL || file.ptr == NULL) {
        return RC_NOMEM;
    }
    err_clear(&err);
    rc = load_entry(files, path, entry, &err);
    if (rc == RC_OK) {
        return kb_files_add(files, entry, file.ptr);
    }
    if (rc != RC_NOMEM && files->on_refused != NULL) {
        err_file(&err, path);
        files->on_refused(files->ctx, &err);
    }
    return rc == RC_NOMEM ? rc : RC_OK;
}

static bool is_entry_file(const FTSENT *found)
{
    struct span name = span_str(found->fts_name);

    return found->fts_info == FTS_F && name.len > 5 &&
           strcmp(name.ptr + name.len - 5, ".json") == 0 && !span_eq_str(name, "schema.json");
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum rc read_tree(struct kb_files *files, FTS *tree)
{
    enum rc rc = RC_OK;

    for (FTSENT *found = fts_read(tree); found != NULL && rc == RC_OK; found = fts_read(tree)) {
        if (found->fts_level > 0 && found->fts_name[0] == '.') {
            (void)fts_set(tree, found, FTS_SKIP); /* cannot fail with this argument */
        } else if (is_entry_file(found)) {
            rc = add_file(files, found->fts_path);
        } else if ((found->fts_info == FTS_DNR || found->fts_info == FTS_ERR) &&
                   files->on_refused != NULL) {
            struct err err;
            (void)err_set(&err, rc_from_errno(found->fts_errno), "%s", strerror(found->fts_errno));
            err_file(&err, found->fts_path);
            files->on_refused(files->ctx, &err);
        }
    }
    return rc;
}

enum rc kb_files_read(struct kb_files *files, const char *path, struct err *err)
{
    struct stat st;
    char *root;
    FTS *tree;
    enum rc rc;

    if (stat(path, &st) != 0) {
        rc = err_set(err, rc_from_errno(errno), "%s", strerror(errno));
        err_file(err, path);
        return rc;
    }
    if (!S_ISDIR(st.st_mode)) {
        return add_file(files, path);
    }
    root = mem_strdup(span_str(path));
    if (root == NULL) {
        return RC_NOMEM;
    }
    tree = fts_open((char *const[]){root, NULL}, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL) {
        rc = err_set(err, rc_from_errno(errno), "%s", strerror(errno));
        err_file(err, path);
    } else {
        rc = read_tree(files, tree);
        (void)fts_close(tree); /* nothing was changed through it */
    }
    mem_free(root);
    return rc;
}
