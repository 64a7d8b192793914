/* SPDX-License-Identifier: Apache-2.0 */
/* Stripping leaves no ESC, never grows, is done after one pass, and works in place. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *once = malloc(size + 1);
    char *twice = malloc(size + 1);
    size_t n;

    assert(once != NULL && twice != NULL);
    n = ansi_strip(span_of((const char *)data, size), once);
    assert(n <= size);
    assert(n == 0 || memchr(once, '\x1b', n) == NULL);
    assert(ansi_strip(span_of(once, n), twice) == n && memcmp(once, twice, n) == 0);
    memcpy(twice, data, size);
    assert(ansi_strip(span_of(twice, size), twice) == n && memcmp(once, twice, n) == 0);
    free(once);
    free(twice);
    return 0;
}
