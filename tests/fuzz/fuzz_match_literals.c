/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a regex, '\n', a text. If PCRE2 says that the regex matches the text, every cover of the
 * regex must have one of its literals in the text.
 */
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "match/literals_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool matches(struct span regex, struct span text)
{
    int error;
    PCRE2_SIZE offset;
    bool found = false;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex.ptr, regex.len,
                                     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                                     &error, &offset, NULL);
    pcre2_match_data *match_data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);

    if (code != NULL && match_data != NULL && context != NULL) {
        (void)pcre2_set_match_limit(context, 5000);
        (void)pcre2_set_depth_limit(context, 500);
        found = pcre2_match(code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, match_data, context) >= 0;
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(match_data);
    pcre2_code_free(code);
    return found;
}

static bool has_any(const struct cover *cover, struct span text)
{
    for (size_t i = 0; i < cover->n; i++) {
        for (size_t at = 0; at + cover->literals[i].len <= text.len; at++) {
            if (literal_fits(&cover->literals[i], (const uint8_t *)text.ptr + at)) {
                return true;
            }
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    struct literal_analysis analysis;
    struct regex_tree tree;
    struct span regex;
    struct span text;

    if (end == NULL || size > 4096) {
        return 0;
    }
    regex = span_of((const char *)data, (size_t)(end - data));
    text = span_of((const char *)end + 1, size - regex.len - 1);
    if (!matches(regex, text) || regex_tree_parse(&tree, regex) != RC_OK) {
        return 0;
    }
    if (literals_analyse(&analysis, &tree) != RC_OK) {
        abort();
    }
    for (size_t i = 0; i < analysis.n_covers; i++) {
        if (!has_any(&analysis.covers[i], text)) {
            abort();
        }
    }
    literals_fini(&analysis);
    regex_tree_fini(&tree);
    return 0;
}
