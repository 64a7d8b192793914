/* SPDX-License-Identifier: Apache-2.0 */
/* XXH3 behind two functions. See hash.h. */
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

uint64_t hash_64(struct span bytes)
{
    return XXH3_64bits(bytes.ptr, bytes.len);
}

struct hash128 hash_128(struct span bytes)
{
    XXH128_hash_t hash = XXH3_128bits(bytes.ptr, bytes.len);

    return (struct hash128){hash.high64, hash.low64};
}

void hash_format(struct hash128 hash, char out[HASH_HEX_BYTES])
{
    (void)snprintf(out, HASH_HEX_BYTES, "%016" PRIx64 "%016" PRIx64, hash.high, hash.low);
}
