/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed bytes are read into one buffer and go through the library of their format. At the end of a
 * member either the next one begins or the file is over; zero bytes behind the last member are
 * padding, as tape and block devices leave it. See unpack.h.
 */
#include "unpack/unpack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "base/span.h"

#define PACKED_BYTES  ((size_t)64 * 1024)
#define GZIP_HEADER   (15 + 16)  /* zlib's largest window, and a gzip header around it */
#define GZIP_SIZE_MAX (1U << 30) /* zlib counts in unsigned int */

enum format {
    FORMAT_UNKNOWN, /* nothing was read yet */
    FORMAT_PLAIN,
    FORMAT_GZIP,
    FORMAT_ZSTD,
};

struct unpack {
    int fd;
    enum format format;
    bool ended;     /* the file is */
    bool in_member; /* its end has not come */
    z_stream gzip;
    ZSTD_DStream *zstd;
    struct span packed; /* of buffer, not yet unpacked */
    char buffer[PACKED_BYTES];
};

enum rc unpack_new(int fd, struct unpack **ret_unpack)
{
    struct unpack *unpack = mem_calloc(1, sizeof(*unpack));

    if (unpack == NULL) {
        return RC_NOMEM;
    }
    unpack->fd = fd;
    *ret_unpack = unpack;
    return RC_OK;
}

struct unpack *unpack_free(struct unpack *unpack)
{
    if (unpack != NULL) {
        if (unpack->format == FORMAT_GZIP) {
            (void)inflateEnd(&unpack->gzip); /* frees; an unfinished stream is no news here */
        }
        (void)ZSTD_freeDStream(unpack->zstd); /* NULL is fine */
        mem_free(unpack);
    }
    return NULL;
}

static enum rc read_some(struct unpack *unpack, char *to, size_t len, size_t *ret_n,
                         struct err *err)
{
    ssize_t n;

    do {
        n = read(unpack->fd, to, len);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return err_set(err, rc_from_errno(errno), "%s", strerror(errno));
    }
    unpack->ended = n == 0;
    *ret_n = (size_t)n;
    return RC_OK;
}

/* More packed bytes behind those that are left. */
static enum rc fill(struct unpack *unpack, struct err *err)
{
    size_t n = 0;
    enum rc rc;

    if (unpack->packed.len > 0) {
        memmove(unpack->buffer, unpack->packed.ptr, unpack->packed.len);
    }
    rc = read_some(unpack, unpack->buffer + unpack->packed.len, PACKED_BYTES - unpack->packed.len,
                   &n, err);
    unpack->packed = span_of(unpack->buffer, unpack->packed.len + n);
    return rc;
}

static enum rc damaged(struct err *err, const char *format, const char *what)
{
    return err_set(err, RC_INVALID, "the %s data is damaged: %s", format,
                   what != NULL ? what : "unknown reason");
}

static enum rc begin(struct unpack *unpack, struct err *err)
{
    static const struct span gzip = {"\x1f\x8b", 2};
    static const struct span zstd = {"\x28\xb5\x2f\xfd", 4};
    enum rc rc = RC_OK;

    while (rc == RC_OK && unpack->packed.len < zstd.len && !unpack->ended) {
        rc = fill(unpack, err);
    }
    if (rc != RC_OK) {
        return rc;
    }
    unpack->format = FORMAT_PLAIN;
    if (span_starts(unpack->packed, gzip)) {
        if (inflateInit2(&unpack->gzip, GZIP_HEADER) != Z_OK) {
            return err_set(err, RC_NOMEM, "%s", rc_text(RC_NOMEM));
        }
        unpack->format = FORMAT_GZIP;
    } else if (span_starts(unpack->packed, zstd)) {
        unpack->zstd = ZSTD_createDStream();
        if (unpack->zstd == NULL) {
            return err_set(err, RC_NOMEM, "%s", rc_text(RC_NOMEM));
        }
        unpack->format = FORMAT_ZSTD;
    }
    unpack->in_member = unpack->format != FORMAT_PLAIN;
    return RC_OK;
}

static enum rc inflate_some(struct unpack *unpack, char *to, size_t len, size_t *ret_n,
                            struct err *err)
{
    z_stream *gzip = &unpack->gzip;
    size_t packed = unpack->packed.len;
    int r;

    /* zlib's input is not const in its older interface, and is not written to. */
    memcpy(&gzip->next_in, &unpack->packed.ptr, sizeof(gzip->next_in));
    gzip->avail_in = (uInt)packed;
    gzip->next_out = (Bytef *)to;
    gzip->avail_out = len < GZIP_SIZE_MAX ? (uInt)len : GZIP_SIZE_MAX;
    *ret_n = gzip->avail_out;
    r = inflate(gzip, Z_NO_FLUSH);
    *ret_n -= gzip->avail_out;
    unpack->packed = span_from(unpack->packed, packed - gzip->avail_in);
    if (r == Z_STREAM_END) {
        unpack->in_member = false;
        return inflateReset(gzip) == Z_OK ? RC_OK : damaged(err, "gzip", gzip->msg);
    }
    return r == Z_OK || r == Z_BUF_ERROR ? RC_OK : damaged(err, "gzip", gzip->msg);
}

static enum rc decompress_some(struct unpack *unpack, char *to, size_t len, size_t *ret_n,
                               struct err *err)
{
    ZSTD_inBuffer in = {unpack->packed.ptr, unpack->packed.len, 0};
    ZSTD_outBuffer out = {to, len, 0};
    size_t left = ZSTD_decompressStream(unpack->zstd, &out, &in);

    *ret_n = out.pos;
    unpack->packed = span_from(unpack->packed, in.pos);
    unpack->in_member = left != 0;
    return ZSTD_isError(left) ? damaged(err, "zstd", ZSTD_getErrorName(left)) : RC_OK;
}

/* Between two members. Padding is dropped; what else there is begins the next one. */
static void drop_padding(struct unpack *unpack)
{
    while (unpack->packed.len > 0 && unpack->packed.ptr[0] == '\0') {
        unpack->packed = span_from(unpack->packed, 1);
    }
    unpack->in_member = unpack->packed.len > 0;
}

/* The library wants more than it has got. */
static enum rc wait_for_more(struct unpack *unpack, struct err *err)
{
    if (unpack->ended) {
        return err_set(err, RC_INVALID, "the compressed data is cut short");
    }
    return unpack->packed.len < PACKED_BYTES ? fill(unpack, err)
                                             : damaged(err, "compressed", "a block without an end");
}

static enum rc read_packed(struct unpack *unpack, char *to, size_t len, size_t *ret_n,
                           struct err *err)
{
    enum rc rc = RC_OK;

    *ret_n = 0;
    while (rc == RC_OK && *ret_n == 0) {
        if (unpack->packed.len == 0 && !unpack->ended) {
            rc = fill(unpack, err);
        }
        if (rc == RC_OK && !unpack->in_member) {
            drop_padding(unpack);
        }
        if (rc != RC_OK || (unpack->ended && !unpack->in_member)) {
            break;
        }
        if (!unpack->in_member) {
            continue; /* nothing but padding so far */
        }
        size_t before = unpack->packed.len;
        rc = unpack->format == FORMAT_GZIP ? inflate_some(unpack, to, len, ret_n, err)
                                           : decompress_some(unpack, to, len, ret_n, err);
        if (rc == RC_OK && *ret_n == 0 && unpack->packed.len == before && unpack->in_member) {
            rc = wait_for_more(unpack, err);
        }
    }
    return rc;
}

enum rc unpack_read(struct unpack *unpack, char *to, size_t len, size_t *ret_n, struct err *err)
{
    enum rc rc = unpack->format == FORMAT_UNKNOWN ? begin(unpack, err) : RC_OK;

    if (rc != RC_OK) {
        return rc;
    }
    if (unpack->format != FORMAT_PLAIN) {
        return read_packed(unpack, to, len, ret_n, err);
    }
    if (unpack->packed.len > 0) {
        *ret_n = unpack->packed.len < len ? unpack->packed.len : len;
        memcpy(to, unpack->packed.ptr, *ret_n);
        unpack->packed = span_from(unpack->packed, *ret_n);
        return RC_OK;
    }
    *ret_n = 0;
    return unpack->ended ? RC_OK : read_some(unpack, to, len, ret_n, err);
}
