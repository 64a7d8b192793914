/* SPDX-License-Identifier: Apache-2.0 */
/* Any file, packed or not: it comes to an end, within the buffer, and an error has a text. */
#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unpack/unpack.h"

/* A few bytes may unpack to very much. */
#define OUT_MAX ((size_t)4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[1000];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct unpack *unpack;
    struct err err;
    size_t total = 0;
    size_t n = 1;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0 ||
        unpack_new(fd, &unpack) != RC_OK) {
        return 0;
    }
    while (n > 0 && total < OUT_MAX) {
        enum rc rc = unpack_read(unpack, out, sizeof(out), &n, &err);
        if (rc != RC_OK) {
            assert(err.message[0] != '\0');
            break;
        }
        assert(n <= sizeof(out));
        total += n;
    }
    (void)unpack_free(unpack);
    (void)close(fd);
    return 0;
}
