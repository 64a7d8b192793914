/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matching engine against what else one could use, in one run on one machine.
 *
 *   bench_match [--mib N] [--patterns N]... [--no-tools] [--runs N]
 *
 * Corpus: log_text.h with one failure in 2,000 lines, 256 MiB, in memory and, for the tools that
 * read files, in $TMPDIR. Patterns: pattern_gen.h. Each figure is the median of five runs after one
 * that does not count, in MB/s of log text.
 *
 *   memchr      finds every '\n': what splitting into lines costs at least
 *   engine      match_run over batches of 256 KiB that are framed already
 *   with frame  the same, and the memchr that frames them
 *   scalar      engine with the portable scans
 *   pcre2       the plain engine: every pattern, PCRE2 JIT, every line (over less text, since it
 * takes so long) vectorscan  hs_scan in block mode over the same batches, no line numbers; only if
 * it was there when this program was built grep, rg    grep -E -f and rg -f with one thread,
 * counting lines, less the time they take for an empty file
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_VECTORSCAN
#include <hs/hs.h>
#endif

#include "base/clock.h"
#include "match/finder_internal.h"
#include "match/match_internal.h"
#include "support/log_text.h"
#include "support/pattern_gen.h"

#define BATCH_BYTES  ((size_t)256 * 1024)
#define PATTERNS_MAX 8192
#define PATTERN_SIZE 256
#define RUNS_MAX     25

struct bench {
    char *text;
    size_t len;
    unsigned runs;
    bool tools;
    char directory[256];
    char patterns[PATTERNS_MAX][PATTERN_SIZE];
    struct match_source sources[PATTERNS_MAX];
    unsigned n;
    struct record *records;
    uint64_t matches;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_match: %s\n", what);
    exit(1);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return left < right ? -1 : left > right;
}

/* Runs fn (which returns its seconds) once for nothing and then `runs` times; MB/s of bytes. */
typedef double run_fn(struct bench *bench, void *ctx, size_t bytes);

static double median_mbs(struct bench *bench, run_fn *fn, void *ctx, size_t bytes)
{
    double seconds[RUNS_MAX];

    (void)fn(bench, ctx, bytes);
    for (unsigned i = 0; i < bench->runs; i++) {
        seconds[i] = fn(bench, ctx, bytes);
    }
    qsort(seconds, bench->runs, sizeof(seconds[0]), compare_doubles);
    return (double)bytes / 1e6 / seconds[bench->runs / 2];
}

static double since(int64_t start)
{
    return (double)(clock_mono_ns() - start) / 1e9;
}

static double run_memchr(struct bench *bench, void *ctx, size_t bytes)
{
    int64_t start = clock_mono_ns();
    const char *at = bench->text;
    const char *end = at + bytes;
    size_t lines = 0;

    (void)ctx;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        lines++;
    }
    bench->matches = lines;
    return since(start);
}

static enum rc on_match(void *ctx, const struct record_batch *batch, size_t record,
                        const struct match_list *matches)
{
    (void)batch;
    (void)record;
    *(uint64_t *)ctx += matches->n;
    return RC_OK;
}

/* The whole lines of the next batch; returns its bytes. */
static size_t frame(struct bench *bench, size_t from, size_t end, struct record_batch *batch)
{
    size_t want = end - from < BATCH_BYTES ? end - from : BATCH_BYTES;
    size_t n = 0;
    size_t at = from;

    while (at < from + want) {
        const char *line = bench->text + at;
        const char *stop = memchr(line, '\n', from + want - at);
        if (stop == NULL) {
            break;
        }
        bench->records[n++] = (struct record){.text = span_of(line, (size_t)(stop - line))};
        at = (size_t)(stop - bench->text) + 1;
    }
    *batch = (struct record_batch){
        .text = span_of(bench->text + from, at - from), .records = bench->records, .n_records = n};
    return n > 0 ? at - from : want;
}

struct engine_run {
    struct match_scratch *scratch;
    bool count_framing;
};

static double run_engine(struct bench *bench, void *ctx, size_t bytes)
{
    struct engine_run *run = ctx;
    double matching = 0;
    int64_t all = clock_mono_ns();

    bench->matches = 0;
    for (size_t at = 0; at < bytes;) {
        struct record_batch batch;
        int64_t start;
        at += frame(bench, at, bytes, &batch);
        start = clock_mono_ns();
        if (match_run(run->scratch, &batch, on_match, &bench->matches) != RC_OK) {
            die("match_run failed");
        }
        matching += since(start);
    }
    return run->count_framing ? since(all) : matching;
}

static double bench_engine(struct bench *bench, enum match_engine engine, bool count_framing,
                           const struct prefilter *prefilter, size_t bytes)
{
    struct match_opts opts = {.engine = engine};
    struct match_set *set;
    struct engine_run run = {.count_framing = count_framing};
    int64_t start = clock_mono_ns();
    double mbs;

    if (match_set_build_from(bench->sources, bench->n, &opts, &set, NULL) != RC_OK) {
        die("the set was refused");
    }
    if (engine == MATCH_ENGINE_FAST && prefilter == NULL && !count_framing) {
        printf("  built in %.1f ms, %zu KiB, %u literals, stride %u, %zu crowds, %zu patterns "
               "without a literal\n",
               since(start) * 1e3, set->arena.used_bytes / 1024, set->finder.n_literals,
               set->finder.sampler.stride, set->finder.n_crowds, set->n_always);
    }
    if (prefilter != NULL) {
        set->finder.prefilter = prefilter;
    }
    if (match_scratch_new(set, &run.scratch) != RC_OK) {
        die("no scratch");
    }
    mbs = median_mbs(bench, run_engine, &run, bytes);
    match_scratch_free(run.scratch);
    match_set_unref(set);
    return mbs;
}

#ifdef HAVE_VECTORSCAN
struct vectorscan {
    hs_database_t *database;
    hs_scratch_t *scratch;
};

static int on_vectorscan(unsigned id, unsigned long long from, unsigned long long to,
                         unsigned flags, void *ctx)
{
    (void)id;
    (void)from;
    (void)to;
    (void)flags;
    (*(uint64_t *)ctx)++;
    return 0;
}

static double run_vectorscan(struct bench *bench, void *ctx, size_t bytes)
{
    struct vectorscan *vs = ctx;
    int64_t start = clock_mono_ns();

    bench->matches = 0;
    for (size_t at = 0; at < bytes; at += BATCH_BYTES) {
        size_t len = bytes - at < BATCH_BYTES ? bytes - at : BATCH_BYTES;
        (void)hs_scan(vs->database, bench->text + at, (unsigned)len, 0, vs->scratch, on_vectorscan,
                      &bench->matches);
    }
    return since(start);
}

static double bench_vectorscan(struct bench *bench)
{
    static const char *expressions[PATTERNS_MAX];
    static unsigned flags[PATTERNS_MAX];
    static unsigned ids[PATTERNS_MAX];
    struct vectorscan vs = {0};
    hs_compile_error_t *error;
    int64_t start = clock_mono_ns();
    double mbs;

    for (unsigned i = 0; i < bench->n; i++) {
        expressions[i] = bench->patterns[i];
        flags[i] = HS_FLAG_MULTILINE;
        ids[i] = i;
    }
    if (hs_compile_multi(expressions, flags, ids, bench->n, HS_MODE_BLOCK, NULL, &vs.database,
                         &error) != HS_SUCCESS ||
        hs_alloc_scratch(vs.database, &vs.scratch) != HS_SUCCESS) {
        die("Vectorscan refused the patterns");
    }
    printf("  vectorscan compiled in %.0f ms\n", since(start) * 1e3);
    mbs = median_mbs(bench, run_vectorscan, &vs, bench->len);
    (void)hs_free_scratch(vs.scratch);
    (void)hs_free_database(vs.database);
    return mbs;
}
#else
static double bench_vectorscan(struct bench *bench)
{
    (void)bench;
    return 0;
}
#endif

static double run_command(char *const argv[])
{
    int64_t start = clock_mono_ns();
    int status;
    pid_t child;

    (void)fflush(stdout); /* or the child would write it again */
    child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL) {
            (void)execvp(argv[0], argv);
        }
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) > 1) {
        return -1;
    }
    return since(start);
}

struct tool {
    char *argv[10];
    char **path; /* the argument that names the text */
    char *text;
    char *empty;
};

static double run_tool(struct bench *bench, void *ctx, size_t bytes)
{
    struct tool *tool = ctx;
    double whole;
    double start_up;

    (void)bench;
    (void)bytes;
    *tool->path = tool->text;
    whole = run_command(tool->argv);
    *tool->path = tool->empty;
    start_up = run_command(tool->argv);
    return whole < 0 || start_up < 0 || whole <= start_up ? HUGE_VAL : whole - start_up;
}

static void write_file(const struct bench *bench, const char *name, const char *bytes, size_t len,
                       char path[512])
{
    FILE *file;

    (void)snprintf(path, 512, "%s/%s", bench->directory, name);
    file = fopen(path, "wbe");
    if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
        die("cannot write the files for grep and rg");
    }
}

static double bench_tool(struct bench *bench, bool ripgrep, size_t bytes)
{
    char text[512];
    char empty[512];
    char patterns[512];
    char *list = calloc(bench->n, PATTERN_SIZE);
    size_t len = 0;
    static char words[][12] = {"grep", "-c", "-E", "-f", "rg", "-j1", "--no-config"};
    struct tool grep = {{words[0], words[1], words[2], words[3], patterns}, NULL, text, empty};
    struct tool rg = {
        {words[4], words[1], words[5], words[6], words[3], patterns}, NULL, text, empty};
    struct tool *tool = ripgrep ? &rg : &grep;

    if (list == NULL) {
        die("out of memory");
    }
    for (unsigned i = 0; i < bench->n; i++) {
        memcpy(list + len, bench->patterns[i], strlen(bench->patterns[i]));
        len += strlen(bench->patterns[i]);
        list[len++] = '\n';
    }
    write_file(bench, "patterns", list, len, patterns);
    write_file(bench, "text", bench->text, bytes, text);
    write_file(bench, "empty", "", 0, empty);
    free(list);
    tool->path = &tool->argv[ripgrep ? 6 : 5];
    return median_mbs(bench, run_tool, tool, bytes);
}

static size_t at_most(const struct bench *bench, size_t bytes)
{
    return bench->len < bytes ? bench->len : bytes;
}

static void bench_n(struct bench *bench, unsigned n, double memchr_mbs)
{
    double engine;
    double scalar;
    double framed;
    double plain;
    double other[3] = {0};
    uint64_t matches;

    bench->n = n;
    for (unsigned i = 0; i < n; i++) {
        pattern_gen(i, bench->patterns[i], PATTERN_SIZE);
        bench->sources[i] = (struct match_source){.id = span_str(bench->patterns[i]),
                                                  .regex = span_str(bench->patterns[i])};
    }
    printf("N = %u\n", n);
    engine = bench_engine(bench, MATCH_ENGINE_FAST, false, NULL, bench->len);
    matches = bench->matches;
    framed = bench_engine(bench, MATCH_ENGINE_FAST, true, NULL, bench->len);
    scalar = bench_engine(bench, MATCH_ENGINE_FAST, false, &prefilter_scalar, bench->len);
    plain = bench_engine(bench, MATCH_ENGINE_PLAIN, false, NULL,
                         at_most(bench, ((size_t)32 << 20) / n + 32768));
    other[0] = bench_vectorscan(bench);
    if (bench->tools) {
        other[1] =
            bench_tool(bench, false, at_most(bench, n > 200 ? (size_t)2 << 20 : (size_t)16 << 20));
        other[2] = bench_tool(bench, true, at_most(bench, (size_t)64 << 20));
    }
    printf("  %llu matches\n  MB/s: memchr %.0f, engine %.0f, with frame %.0f, scalar %.0f, pcre2 "
           "%.2f, vectorscan %.0f, grep %.1f, rg %.0f\n",
           (unsigned long long)matches, memchr_mbs, engine, framed, scalar, plain, other[0],
           other[1], other[2]);
    printf("  engine is %.2f x memchr, %.0f x pcre2, %.1f x vectorscan, %.0f x grep, %.1f x rg\n",
           engine / memchr_mbs, engine / plain, other[0] > 0 ? engine / other[0] : 0,
           other[1] > 0 ? engine / other[1] : 0, other[2] > 0 ? engine / other[2] : 0);
    (void)fflush(stdout);
}

static void read_args(struct bench *bench, int argc, char **argv, unsigned *sizes, size_t *n_sizes)
{
    size_t mib = 256;

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--no-tools") == 0) {
            bench->tools = false;
        } else if (strcmp(argv[i], "--mib") == 0 && more) {
            mib = (size_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--runs") == 0 && more) {
            bench->runs = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--patterns") == 0 && more && *n_sizes < 16) {
            sizes[(*n_sizes)++] = (unsigned)strtoul(argv[++i], NULL, 10);
        } else {
            die("usage: bench_match [--mib N] [--patterns N]... [--no-tools] [--runs N]");
        }
    }
    if (mib == 0 || bench->runs == 0 || bench->runs > RUNS_MAX) {
        die("--mib and --runs want small positive numbers");
    }
    bench->len = mib << 20;
}

int main(int argc, char **argv)
{
    static struct bench bench = {.runs = 5, .tools = true};
    static const unsigned usual[] = {1, 50, 200, 500, 1000, 2000, 5000};
    unsigned sizes[16];
    size_t n_sizes = 0;
    struct log_text log;
    const char *directory = getenv("TMPDIR");
    double memchr_mbs;

    read_args(&bench, argc, argv, sizes, &n_sizes);
    if (n_sizes == 0) {
        n_sizes = sizeof(usual) / sizeof(usual[0]);
        memcpy(sizes, usual, sizeof(usual));
    }
    (void)snprintf(bench.directory, sizeof(bench.directory), "%s/bench_match_XXXXXX",
                   directory != NULL ? directory : "/tmp");
    bench.text = malloc(bench.len);
    bench.records = calloc(BATCH_BYTES, sizeof(*bench.records));
    if (bench.text == NULL || bench.records == NULL || mkdtemp(bench.directory) == NULL) {
        die("cannot set up");
    }
    log_text_init(&log, 42, 2000);
    log_text_fill(&log, bench.text, bench.len);
    memchr_mbs = median_mbs(&bench, run_memchr, NULL, bench.len);
    printf("%zu MiB of log text, %llu lines, median of %u, scans: %s\n", bench.len >> 20,
           (unsigned long long)bench.matches, bench.runs, prefilter_choose()->name);
    for (size_t i = 0; i < n_sizes; i++) {
        if (sizes[i] == 0 || sizes[i] > PATTERNS_MAX) {
            die("too many patterns");
        }
        bench_n(&bench, sizes[i], memchr_mbs);
    }
    free(bench.text);
    free(bench.records);
    return 0;
}
