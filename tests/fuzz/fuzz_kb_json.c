/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an entry file, its regex included. What is accepted is written, read again and
 * written again: both texts are the same. What is refused says why.
 */
#include <stdint.h>
#include <stdlib.h>

#include "kb/kb_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct kb_entry entry;
    struct kb_entry again;
    struct buf first;
    struct buf second;
    struct err err;

    err_clear(&err);
    if (size > KB_FILE_MAX_BYTES) {
        return 0;
    }
    if (kb_parse_entry(span_of((const char *)data, size), &arena, &entry, &err) != RC_OK) {
        demand(err.message[0] != '\0');
        arena_fini(&arena);
        return 0;
    }
    if (kb_check_regex(&entry, &err) != RC_OK) {
        demand(err.message[0] != '\0' && err.field[0] != '\0');
    }
    buf_init(&first, 16 * KB_FILE_MAX_BYTES);
    buf_init(&second, 16 * KB_FILE_MAX_BYTES);
    kb_write_json(&entry, &first);
    demand(kb_parse_entry(buf_span(&first), &arena, &again, &err) == RC_OK);
    kb_write_json(&again, &second);
    demand(span_eq(buf_span(&first), buf_span(&second)));
    buf_fini(&first);
    buf_fini(&second);
    arena_fini(&arena);
    return 0;
}
