/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes give a tree with places, or an error with a message. */
#include <assert.h>
#include <stdint.h>

#include "yaml/yaml_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct yaml_node *root = NULL;
    struct err err;
    enum rc rc;

    err_clear(&err);
    rc = yaml_parse(span_of(size > 0 ? (const char *)data : "", size), &arena, &root, &err);
    assert(rc == RC_OK ? root != NULL && root->line > 0 && root->column > 0
                       : root == NULL && err.message[0] != '\0');
    arena_fini(&arena);
    return 0;
}
