/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: regexes, one a line, up to an empty line; then text. Whatever they are, both engines must
 * tell the same matches, unless PCRE2 hit a limit.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/match_source_internal.h"
#include "support/lines.h"

#define PATTERNS_MAX 16
#define FOUND_MAX    4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct findings {
    uint64_t items[FOUND_MAX];
    size_t n;
    uint64_t given_up;
};

static char entries[PATTERNS_MAX];

static enum rc on_match(void *ctx, const struct record_batch *batch, size_t record,
                        const struct match_list *matches)
{
    struct findings *found = ctx;

    (void)batch;
    for (size_t i = 0; i < matches->n && found->n < FOUND_MAX; i++) {
        found->items[found->n++] =
            (uint64_t)record << 8 | (uint64_t)((const char *)matches->entries[i] - entries);
    }
    return RC_OK;
}

static enum rc run_engine(enum match_engine engine, const struct match_source *sources, size_t n,
                          const struct record_batch *batch, struct findings *found)
{
    struct match_opts opts = {.engine = engine, .match_limit = 5000, .depth_limit = 500};
    struct match_scratch *scratch = NULL;
    struct match_set *set = NULL;
    enum rc rc = match_set_build_from(sources, n, &opts, &set, NULL);

    found->n = 0;
    if (rc == RC_OK) {
        rc = match_scratch_new(set, &scratch);
    }
    if (rc == RC_OK) {
        rc = match_run(scratch, batch, on_match, found);
        found->given_up =
            match_peek_stats(scratch)->limit_hits + match_peek_stats(scratch)->left_out;
        match_scratch_free(scratch);
    }
    match_set_unref(set);
    return rc;
}

static size_t read_sources(struct span *input, struct match_source *sources)
{
    size_t n = 0;

    while (input->len > 0 && input->ptr[0] != '\n' && n < PATTERNS_MAX) {
        const char *end = memchr(input->ptr, '\n', input->len);
        size_t len = end != NULL ? (size_t)(end - input->ptr) : input->len;
        struct span regex = span_of(input->ptr, len);
        sources[n] = (struct match_source){
            .id = regex,
            .regex = regex,
            .entry = (const struct kb_entry *)(const void *)&entries[n],
        };
        n++;
        *input = span_from(*input, len + 1);
    }
    *input = span_from(*input, 1);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct findings found[2];
    struct match_source sources[PATTERNS_MAX];
    struct span text = span_of((const char *)data, size);
    struct record_batch batch;
    size_t n = read_sources(&text, sources);
    enum rc rc;

    lines_init(&batch, text);
    rc = run_engine(MATCH_ENGINE_PLAIN, sources, n, &batch, &found[0]);
    if (rc != run_engine(MATCH_ENGINE_FAST, sources, n, &batch, &found[1])) {
        abort();
    }
    if (rc == RC_OK && found[0].given_up + found[1].given_up == 0 &&
        (found[0].n != found[1].n ||
         memcmp(found[0].items, found[1].items, found[0].n * sizeof(uint64_t)) != 0)) {
        abort();
    }
    lines_fini(&batch);
    return 0;
}
