/* SPDX-License-Identifier: Apache-2.0 */
/* See tmpdir.h. A test that cannot make its files has nothing to say: it stops at once. */
#include "support/tmpdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void stop(const char *what)
{
    perror(what);
    exit(99);
}

void tmpdir_make(char *out, size_t out_size)
{
    const char *base = getenv("TMPDIR");

    if (snprintf(out, out_size, "%s/gpuerr-test-XXXXXX", base != NULL ? base : "/tmp") >=
            (int)out_size ||
        mkdtemp(out) == NULL) {
        stop("mkdtemp");
    }
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void tmpdir_remove(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        stop("nftw");
    }
}

void tmpdir_write(const char *dir, const char *name, const char *bytes, size_t len)
{
    char path[4096];
    FILE *file;

    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
        stop("path");
    }
    for (char *slash = strchr(path + strlen(dir) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777); /* may be there; the open below tells */
        *slash = '/';
    }
    file = fopen(path, "we");
    if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
        stop(path);
    }
}
