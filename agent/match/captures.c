/* SPDX-License-Identifier: Apache-2.0 */
/* The named groups of a match, by running the pattern once more with room for them. */
#include "match/match_internal.h"

size_t match_set_find(const struct match_set *set, const struct kb_entry *entry)
{
    size_t low = 0;
    size_t high = set->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct kb_entry *there = set->patterns[set->by_entry[middle]].entry;
        if (there == entry) {
            return set->by_entry[middle];
        }
        if ((uintptr_t)there < (uintptr_t)entry) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return set->n;
}

/* A row of PCRE2's name table: two bytes of group number, then the name. */
static void add_capture(const PCRE2_UCHAR *row, pcre2_match_data *data, struct span text,
                        struct capture_list *list)
{
    size_t group = (size_t)row[0] << 8 | row[1];
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data) + 2 * group;

    if (list->n == MATCH_CAPTURES_MAX || group >= pcre2_get_ovector_count(data) ||
        ends[0] == PCRE2_UNSET || ends[1] < ends[0]) {
        return;
    }
    list->items[list->n++] = (struct capture){
        .name = span_str((const char *)row + 2),
        .value = span_of(text.ptr + ends[0], ends[1] - ends[0]),
    };
}

enum rc match_captures(struct match_scratch *scratch, const struct kb_entry *entry,
                       struct span text, struct capture_list *ret_captures)
{
    size_t pattern = match_set_find(scratch->set, entry);
    struct capture_list list = {.n = 0};
    pcre2_code *code;
    PCRE2_SPTR row = NULL;
    uint32_t rows = 0;
    uint32_t row_bytes = 0;
    enum rc rc;

    if (pattern == scratch->set->n) {
        return RC_NOT_FOUND;
    }
    rc = confirm_run(scratch, pattern, text, scratch->capture_data);
    if (rc == RC_OK) {
        rc = regex_code_get(scratch, pattern, false, &code);
    }
    if (rc != RC_OK) {
        return rc;
    }
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &rows);
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &row_bytes);
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &row);
    for (uint32_t i = 0; i < rows; i++, row += row_bytes) {
        add_capture(row, scratch->capture_data, text, &list);
    }
    *ret_captures = list;
    return RC_OK;
}
