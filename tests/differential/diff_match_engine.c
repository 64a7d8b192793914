/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast engine against the plain one: random patterns over random lines, at every alignment,
 * with batches cut at every byte; then the built-in KB over everything in tests/fixtures.
 *
 *   diff_match_engine [SECONDS [SEED]]
 *
 * Twenty seconds of random rounds by default; the long form is any number of seconds. A round in
 * which PCRE2 hit a limit is not comparable and is counted apart. A difference prints the patterns
 * and the line, and the exit status is 1.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kb/kb_builtin.h"
#include "match/match_source_internal.h"
#include "support/lines.h"
#include "support/log_text.h"
#include "support/regex_gen.h"

#define PATTERNS_MAX 40
#define LINES        60
#define TEXT_BYTES   (LINES * 512)
#define FOUND_MAX    ((size_t)1 << 20)

/* Which entries matched which records, in the order told. */
struct findings {
    uint64_t *items; /* record << 32 | entry */
    size_t n;
};

struct pair {
    struct match_set *set[2];
    struct match_scratch *scratch[2];
    struct findings found[2];
    uint64_t pairs;
    uint64_t candidates;
    uint64_t incomparable;
    uint64_t matches;
};

static char entries[1 << 16];

static const struct kb_entry *entry_of(size_t i)
{
    return (const struct kb_entry *)(const void *)&entries[i];
}

static void check(enum rc rc)
{
    if (rc != RC_OK) {
        (void)fprintf(stderr, "unexpected: %s\n", rc_text(rc));
        exit(1);
    }
}

static enum rc on_match(void *ctx, const struct record_batch *batch, size_t record,
                        const struct match_list *matches)
{
    struct findings *found = ctx;

    (void)batch;
    for (size_t i = 0; i < matches->n && found->n < FOUND_MAX; i++) {
        found->items[found->n++] =
            (uint64_t)record << 32 | (uint64_t)(uintptr_t)matches->entries[i] % (1U << 31);
    }
    return RC_OK;
}

static void pair_close(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        pair->scratch[i] = match_scratch_free(pair->scratch[i]);
        pair->set[i] = match_set_unref(pair->set[i]);
    }
}

static enum rc pair_open(struct pair *pair, const struct match_source *sources, size_t n)
{
    /* Low enough that a pattern that explodes costs little. */
    struct match_opts opts = {.match_limit = 20000, .depth_limit = 2000};

    for (int i = 0; i < 2; i++) {
        enum rc rc;
        opts.engine = i == 0 ? MATCH_ENGINE_PLAIN : MATCH_ENGINE_FAST;
        rc = match_set_build_from(sources, n, &opts, &pair->set[i], NULL);
        if (rc != RC_OK) {
            pair_close(pair);
            return rc;
        }
        check(match_scratch_new(pair->set[i], &pair->scratch[i]));
    }
    return RC_OK;
}

/* Runs both engines over a batch; false when they differ. */
static bool agree(struct pair *pair, const struct record_batch *batch, size_t n_patterns)
{
    uint64_t limits = 0;

    for (int i = 0; i < 2; i++) {
        const struct match_stats *stats = match_peek_stats(pair->scratch[i]);
        uint64_t before = stats->limit_hits;
        pair->found[i].n = 0;
        check(match_run(pair->scratch[i], batch, on_match, &pair->found[i]));
        limits += stats->limit_hits - before + stats->quarantined;
    }
    pair->pairs += n_patterns * batch->n_records;
    pair->matches += pair->found[0].n;
    if (limits > 0) {
        pair->incomparable++;
        return true;
    }
    return pair->found[0].n == pair->found[1].n &&
           memcmp(pair->found[0].items, pair->found[1].items,
                  pair->found[0].n * sizeof(uint64_t)) == 0;
}

static void print_bytes(const char *what, struct span bytes)
{
    printf("%s: \"", what);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        printf(c < 32 || c > 126 || c == '"' || c == '\\' ? "\\x%02x" : "%c", c);
    }
    printf("\"\n");
}

static void explain(const struct pair *pair, const struct record_batch *batch,
                    const struct match_source *sources, size_t n)
{
    size_t i = 0;

    while (i < pair->found[0].n && i < pair->found[1].n &&
           pair->found[0].items[i] == pair->found[1].items[i]) {
        i++;
    }
    for (int side = 0; side < 2; side++) {
        if (i < pair->found[side].n) {
            uint64_t item = pair->found[side].items[i];
            size_t record = (size_t)(item >> 32);
            printf("%s engine: record %zu\n", side == 0 ? "plain" : "fast", record);
            print_bytes("text", batch->records[record].text);
            for (size_t k = 0; k < n; k++) {
                if ((uintptr_t)sources[k].entry % (1U << 31) == (item & 0xffffffffU)) {
                    print_bytes("regex", sources[k].regex);
                }
            }
        }
    }
}

/* --- random rounds --- */

struct round {
    struct regex_gen gen;
    struct match_source sources[PATTERNS_MAX];
    char regexes[PATTERNS_MAX][REGEX_GEN_MAX + 32];
    char samples[PATTERNS_MAX][REGEX_GEN_MAX + 32];
    size_t sample_len[PATTERNS_MAX];
    size_t n;
    char text[TEXT_BYTES];
    size_t text_len;
};

static bool compiles(const struct match_source *source)
{
    struct match_opts opts = {.engine = MATCH_ENGINE_PLAIN};
    struct match_set *set = NULL;
    bool fine = match_set_build_from(source, 1, &opts, &set, NULL) == RC_OK;

    match_set_unref(set);
    return fine;
}

static size_t append(char *out, size_t len, const char *bytes, size_t n)
{
    memcpy(out + len, bytes, n);
    return len + n;
}

/* Copies the pattern that was generated; one of a family gets the literal that all of it share. */
static void take_pattern(struct round *round, bool family)
{
    const struct regex_gen *gen = &round->gen;
    char *regex = round->regexes[round->n];
    char *sample = round->samples[round->n];
    size_t len = family ? append(regex, 0, "NVRM: Xid \\((?:", 15) : 0;
    size_t sample_len = family ? append(sample, 0, "NVRM: Xid (", 11) : 0;

    len = append(regex, len, gen->regex, gen->regex_len);
    len = family ? append(regex, len, ")", 1) : len;
    round->sample_len[round->n] = append(sample, sample_len, gen->sample, gen->sample_len);
    round->sources[round->n] = (struct match_source){
        .id = span_of(regex, len), .regex = span_of(regex, len), .entry = entry_of(round->n)};
}

static void make_patterns(struct round *round)
{
    size_t want = log_text_random(&round->gen.random) % PATTERNS_MAX + 1;
    bool family = log_text_random(&round->gen.random) % 3 == 0;

    round->n = 0;
    while (round->n < want) {
        struct match_source *source = &round->sources[round->n];
        regex_gen_next(&round->gen);
        take_pattern(round, family);
        if (compiles(source)) {
            source->trusted = true;
            round->n++;
        }
    }
}

static void make_text(struct round *round)
{
    round->text_len = 0;
    for (size_t i = 0; i < LINES; i++) {
        size_t from = log_text_random(&round->gen.random) % round->n;
        round->text_len +=
            regex_gen_line(&round->gen, round->samples[from], round->sample_len[from],
                           round->text + round->text_len, 500);
        round->text[round->text_len++] = '\n';
    }
}

static bool compare_text(struct pair *pair, const struct round *round, struct span text)
{
    struct record_batch batch;
    bool same;

    lines_init(&batch, text);
    same = agree(pair, &batch, round->n);
    if (!same) {
        explain(pair, &batch, round->sources, round->n);
    }
    lines_fini(&batch);
    return same;
}

/* One line at every alignment of its start, and cut at every byte. */
static bool compare_places(struct pair *pair, struct round *round)
{
    size_t which = log_text_random(&round->gen.random) % round->n;
    size_t len = round->sample_len[which];
    bool same = true;

    for (size_t pad = 0; same && pad < 80; pad++) {
        memset(round->text, 'x', pad);
        memcpy(round->text + pad, round->samples[which], len);
        same = compare_text(pair, round, span_of(round->text, pad + len));
    }
    for (size_t cut = 0; same && cut < len; cut++) {
        same = compare_text(pair, round, span_of(round->text, 79 + cut)) &&
               compare_text(pair, round, span_of(round->text + 79 + cut, len - cut));
    }
    return same;
}

static bool run_round(struct pair *pair, struct round *round, bool every_place)
{
    bool same;

    make_patterns(round);
    make_text(round);
    check(pair_open(pair, round->sources, round->n));
    same = compare_text(pair, round, span_of(round->text, round->text_len));
    if (same && every_place) {
        same = compare_places(pair, round);
    }
    pair->candidates += match_peek_stats(pair->scratch[1])->candidates;
    pair_close(pair);
    return same;
}

/* --- the built-in KB over the fixtures --- */

static bool compare_file(struct pair *pair, const char *path, const struct match_source *none)
{
    static char text[4 << 20];
    FILE *file = fopen(path, "rbe");
    struct record_batch batch;
    size_t len;
    bool same;

    if (file == NULL) {
        return true; /* a directory entry that is no file */
    }
    len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    lines_init(&batch, span_of(text, len));
    same = agree(pair, &batch, 1);
    if (!same) {
        printf("%s\n", path);
        explain(pair, &batch, none, 0);
    }
    lines_fini(&batch);
    return same;
}

static bool compare_tree(struct pair *pair, const char *directory)
{
    DIR *dir = opendir(directory);
    bool same = true;

    if (dir == NULL) {
        return true;
    }
    for (struct dirent *item = readdir(dir); same && item != NULL; item = readdir(dir)) {
        char path[4096];
        if (item->d_name[0] != '.' &&
            snprintf(path, sizeof(path), "%s/%s", directory, item->d_name) < (int)sizeof(path)) {
            same =
                item->d_type == DT_DIR ? compare_tree(pair, path) : compare_file(pair, path, NULL);
        }
    }
    (void)closedir(dir);
    return same;
}

static bool compare_kb(struct pair *pair)
{
    struct kb_opts kb_opts = {.builtin = &kb_builtin};
    struct match_opts opts = {0};
    struct kb *kb;
    struct err err;
    bool same;

    check(kb_build(&kb_opts, &kb, &err));
    for (int i = 0; i < 2; i++) {
        opts.engine = i == 0 ? MATCH_ENGINE_PLAIN : MATCH_ENGINE_FAST;
        check(match_set_build(kb, &opts, &pair->set[i], &err));
        check(match_scratch_new(pair->set[i], &pair->scratch[i]));
    }
    same = compare_tree(pair, GPUERR_SOURCE_DIR "/tests/fixtures");
    printf("built-in KB: %zu entries\n", kb_count(kb));
    pair_close(pair);
    kb_unref(kb);
    return same;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 20;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    int64_t end = clock_mono_ns() + (int64_t)(seconds * (double)CLOCK_NS_PER_S);
    struct round *round = calloc(1, sizeof(*round));
    struct pair pair = {0};
    unsigned rounds = 0;
    bool same = true;

    pair.found[0].items = calloc(FOUND_MAX, sizeof(uint64_t));
    pair.found[1].items = calloc(FOUND_MAX, sizeof(uint64_t));
    if (round == NULL || pair.found[0].items == NULL || pair.found[1].items == NULL) {
        return 1;
    }
    round->gen.random = seed;
    while (same && clock_mono_ns() < end) {
        same = run_round(&pair, round, rounds % 10 == 0);
        rounds++;
    }
    printf("seed %llu: %u rounds, %llu record/pattern pairs, %llu matches, %llu candidates, %llu "
           "batches not comparable\n",
           (unsigned long long)seed, rounds, (unsigned long long)pair.pairs,
           (unsigned long long)pair.matches, (unsigned long long)pair.candidates,
           (unsigned long long)pair.incomparable);
    same = same && compare_kb(&pair);
    free(pair.found[0].items);
    free(pair.found[1].items);
    free(round);
    printf(same ? "the engines agree\n" : "THE ENGINES DIFFER\n");
    return same ? 0 : 1;
}
