/* SPDX-License-Identifier: Apache-2.0 */
/* Records of /dev/kmsg: every step takes something, and the text lies in what was taken. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/kmsg_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    struct kmsg_record record;
    size_t at = 0;
    size_t taken;
    enum rc rc = RC_OK;

    assert(bytes != NULL);
    memcpy(bytes, data, size);
    while (rc != RC_AGAIN) {
        rc = kmsg_take_record(bytes + at, size - at, &taken, &record);
        if (rc == RC_OK) {
            assert(record.text.ptr > bytes + at);
            assert(record.text.ptr + record.text.len < bytes + at + taken);
        }
        assert(rc == RC_AGAIN || (taken > 0 && taken <= size - at));
        at += rc != RC_AGAIN ? taken : 0;
    }
    assert(memchr(bytes + at, '\n', size - at) == NULL);
    free(bytes);
    return 0;
}
