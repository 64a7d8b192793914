/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry says: Chinese texts are Chinese and as many as the English ones, no advice is a
 * dead end too, conditions can be judged, and retired claims point at what they retire. */
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

#include "base/utf8.h"
#include "kb/kb_lint_internal.h"
#include "kb/kb_when.h"

/* A file of the KB has at most 1 MiB, and every byte of it may become an escape of six. */
#define ENTRY_TEXT_MAX ((size_t)8 * 1024 * 1024)

static bool has_chinese(struct span text)
{
    while (text.len > 0) {
        uint32_t code = 0;
        size_t n = utf8_decode(text, &code);
        if (n > 0 && code >= 0x4e00 && code <= 0x9fff) {
            return true;
        }
        text = span_from(text, n > 0 ? n : 1);
    }
    return false;
}

static void check_chinese_list(const struct kb_lint *lint, const char *field, struct span_list list,
                               size_t wanted)
{
    if (list.n != wanted) {
        kb_lint_fault(lint, field, "has %zu texts for %zu", list.n, wanted);
    }
    for (size_t i = 0; i < list.n; i++) {
        if (!has_chinese(list.items[i])) {
            kb_lint_fault(lint, field, "[%zu] is not Chinese", i);
        }
    }
}

static void check_chinese(const struct kb_lint *lint)
{
    const struct kb_entry *entry = lint->entry;

    if (!has_chinese(entry->signature_zh)) {
        kb_lint_fault(lint, "signature_zh", "is not Chinese");
    }
    if (!has_chinese(entry->root_cause_zh)) {
        kb_lint_fault(lint, "root_cause_zh", "is not Chinese");
    }
    check_chinese_list(lint, "workarounds_zh", entry->workarounds_zh, entry->workarounds.n);
    check_chinese_list(lint, "dead_ends_zh", entry->dead_ends_zh, entry->dead_ends.n);
}

static struct span trim(struct span text)
{
    while (text.len > 0 && text.ptr[0] == ' ') {
        text = span_from(text, 1);
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '.')) {
        text.len--;
    }
    return text;
}

/* Apart from spaces around it, a full stop and the case of ASCII letters. */
static bool same_text(struct span a, struct span b)
{
    a = trim(a);
    b = trim(b);
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static void check_advice(const struct kb_lint *lint)
{
    const struct kb_entry *entry = lint->entry;
    struct span names[MATCH_CAPTURES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < entry->n_captures && n < MATCH_CAPTURES_MAX; i++) {
        names[n++] = entry->captures[i].name;
    }
    for (size_t i = 0; i < entry->workarounds.n; i++) {
        const struct kb_advice *advice = &entry->workarounds.items[i];
        struct err err;
        err_clear(&err);
        if (advice->when.ptr != NULL && kb_when_check(advice->when, names, n, &err) != RC_OK) {
            kb_lint_fault(lint, "workarounds.when", "%s", err.message);
        }
        for (size_t k = 0; k < entry->dead_ends.n; k++) {
            if (same_text(advice->action, entry->dead_ends.items[k].action)) {
                kb_lint_fault(lint, "workarounds", "[%zu] is a dead end, too", i);
            }
        }
    }
}

void kb_lint_texts(const struct kb_lint *lint)
{
    check_chinese(lint);
    check_advice(lint);
}

/* What a JSON Pointer leads to, or NULL. Names of the format hold neither '~' nor '/', so there is
 * nothing to unescape. */
static const cJSON *resolve(const cJSON *value, struct span pointer)
{
    while (value != NULL && pointer.len > 0) {
        char name[64];
        const char *slash = memchr(pointer.ptr + 1, '/', pointer.len - 1);
        size_t len = slash != NULL ? (size_t)(slash - pointer.ptr) - 1 : pointer.len - 1;

        if (pointer.ptr[0] != '/' || len == 0 || len >= sizeof(name)) {
            return NULL;
        }
        memcpy(name, pointer.ptr + 1, len);
        name[len] = '\0';
        if (cJSON_IsArray(value)) {
            char *end;
            unsigned long i = strtoul(name, &end, 10);
            bool number = name[0] >= '0' && name[0] <= '9' && *end == '\0' && i <= INT_MAX;
            value = number ? cJSON_GetArrayItem(value, (int)i) : NULL;
        } else {
            value = cJSON_GetObjectItemCaseSensitive(value, name);
        }
        pointer = span_from(pointer, len + 1);
    }
    return value;
}

/* A claim that was retired from a field must find it: a pointer that leads nowhere would leave the
 * false advice standing. */
enum rc kb_lint_claims(const struct kb_lint *lint)
{
    const struct kb_entry *entry = lint->entry;
    struct buf text;
    cJSON *root = NULL;

    if (entry->n_retired_claims == 0) {
        return RC_OK;
    }
    buf_init(&text, ENTRY_TEXT_MAX);
    kb_write_json(entry, &text);
    if (buf_rc(&text) == RC_OK) {
        root = cJSON_ParseWithLength(text.ptr, text.len);
    }
    buf_fini(&text);
    if (root == NULL) {
        return RC_NOMEM;
    }
    for (size_t i = 0; i < entry->n_retired_claims; i++) {
        struct span field = entry->retired_claims[i].field;
        if (field.ptr != NULL && resolve(root, field) == NULL) {
            kb_lint_fault(lint, "retired_claims", "[%zu] is about %.*s, which is not there", i,
                          (int)field.len, field.ptr);
        }
    }
    cJSON_Delete(root);
    return RC_OK;
}
