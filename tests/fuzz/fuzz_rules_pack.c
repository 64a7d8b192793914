/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are refused with a message, or are a pack; a pack that is written out reads back to the
 * same text. */
#include <assert.h>
#include <stdint.h>

#include "base/mem.h"
#include "rules/rules_internal.h"
#include "yaml/yaml_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rules *read(struct span text, struct err *err)
{
    struct rules *rules = mem_calloc(1, sizeof(*rules));
    struct yaml_node *root = NULL;

    assert(rules != NULL);
    err_clear(err);
    if (yaml_parse(text, &rules->arena, &root, err) != RC_OK ||
        rules_read_pack(rules, root, err) != RC_OK) {
        return rules_free(rules);
    }
    return rules;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct rules *rules = read(span_of(size > 0 ? (const char *)data : "", size), &err);
    struct rules *again;
    struct buf first;
    struct buf second;

    if (rules == NULL) {
        assert(err.message[0] != '\0');
        return 0;
    }
    buf_init(&first, (size_t)16 * 1024 * 1024);
    buf_init(&second, (size_t)16 * 1024 * 1024);
    rules_write_yaml(rules, &first);
    assert(buf_rc(&first) == RC_OK);
    if (first.len <= (size_t)1024 * 1024) { /* no larger pack is read */
        again = read(buf_span(&first), &err);
        assert(again != NULL);
        rules_write_yaml(again, &second);
        assert(span_eq(buf_span(&first), buf_span(&second)));
        rules_free(again);
    }
    rules_free(rules);
    buf_fini(&first);
    buf_fini(&second);
    return 0;
}
