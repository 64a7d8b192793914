/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file that may be compressed: gzip (RFC 1952) and zstd (RFC 8878) are known by their first
 * bytes, whatever the name; all else is handed on as it is. Several members or frames one after the
 * other are one text, as `cat a.gz b.gz` makes them.
 *
 * Memory is bounded by the formats' windows, not by what a file unpacks to.
 */
#ifndef GPUERR_UNPACK_UNPACK_H
#define GPUERR_UNPACK_UNPACK_H

#include <stddef.h>

#include "base/err.h"

struct unpack;

/* Reads from fd, which stays the caller's and must outlive it. RC_NOMEM. */
enum rc unpack_new(int fd, struct unpack **ret_unpack) GPUERR_MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct unpack *unpack_free(struct unpack *unpack);

/*
 * The next bytes of the text, at most len; *ret_n is 0 at its end. On an error err says what is
 * wrong (reading: the errno's rc; RC_INVALID: damaged or cut short); what was given before is good,
 * and nothing comes after.
 */
enum rc unpack_read(struct unpack *unpack, char *to, size_t len, size_t *ret_n,
                    struct err *err) GPUERR_MUSTCHECK;

#endif
