/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XXH3 of libxxhash: stable over versions and machines, so that ids and fingerprints may be stored.
 * Not cryptographic: never a proof of who wrote something.
 */
#ifndef GPUERR_BASE_HASH_H
#define GPUERR_BASE_HASH_H

#include <stdint.h>

#include "base/span.h"

struct hash128 {
    uint64_t high;
    uint64_t low;
};

uint64_t hash_64(struct span bytes);
struct hash128 hash_128(struct span bytes);

/* 32 hexadecimal digits and the end. */
#define HASH_HEX_BYTES 33
void hash_format(struct hash128 hash, char out[HASH_HEX_BYTES]);

#endif
