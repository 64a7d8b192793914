/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What following files costs.
 *
 *   bench_source idle [FILES] [SECONDS]      CPU time and memory over quiet files; default 1000, 10
 *   bench_source latency [LINES]             append to on_chunk at 1,000 lines a second; default
 * 2000 bench_source flood [MIB]                 100 MB/s of appends: CPU time of the reading
 * process
 *
 * Files lie in $TMPDIR or /tmp. For latency and flood a child process writes. CPU time is that of
 * this process alone (getrusage), in milliseconds; the kernel's accounting of it is finer than a
 * tick.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "source/source.h"
#include "support/tmpdir.h"

#define LINES_MAX 100000

struct bench {
    char dir[256];
    struct loop *loop;
    struct source *source;
    struct timer *timer;
    uint64_t bytes;
    uint64_t wanted_bytes;
    int64_t delays_ns[LINES_MAX];
    size_t n_delays;
    int64_t started_cpu_ns;
    bool stamped; /* lines begin with the time at which they were written */
};

static struct bench bench;

static void stop(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t cpu_ns(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        stop("getrusage");
    }
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * CLOCK_NS_PER_S +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static enum rc on_open(void *ctx, const struct origin *origin, uint64_t start, void **ret_stream)
{
    (void)origin;
    (void)start;
    *ret_stream = ctx;
    return RC_OK;
}

static enum rc on_chunk(void *ctx, void *stream, const struct chunk *chunk)
{
    struct bench *b = ctx;
    struct span rest = chunk->bytes;
    int64_t now = clock_mono_ns();

    (void)stream;
    b->bytes += rest.len;
    while (b->stamped && rest.len > 0 && b->n_delays < LINES_MAX) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        b->delays_ns[b->n_delays++] = now - strtoll(rest.ptr, NULL, 10);
        rest = end != NULL ? span_from(rest, (size_t)(end + 1 - rest.ptr)) : span_of(NULL, 0);
    }
    if (b->wanted_bytes > 0 && b->bytes >= b->wanted_bytes) {
        loop_stop(b->loop);
    }
    return RC_OK;
}

static enum rc on_quiet(void *ctx, void *stream)
{
    (void)ctx;
    (void)stream;
    return RC_OK;
}

static void on_close(void *ctx, void *stream)
{
    (void)ctx;
    (void)stream;
}

static void on_notice(void *ctx, enum source_notice notice, const struct origin *origin,
                      const struct err *err, uint64_t from, uint64_t to)
{
    struct bench *b = ctx;

    (void)origin;
    (void)err;
    (void)from;
    (void)to;
    if (notice == SOURCE_READY) {
        loop_stop(b->loop);
    }
}

static void on_timer(void *ctx)
{
    struct bench *b = ctx;

    loop_stop(b->loop);
}

static void run_loop(void)
{
    if (loop_run(bench.loop) != RC_OK) {
        stop("loop");
    }
}

static void follow(const char *name)
{
    static const struct source_ops ops = {
        .on_open = on_open,
        .on_chunk = on_chunk,
        .on_quiet = on_quiet,
        .on_close = on_close,
        .on_notice = on_notice,
    };
    char pattern[300];
    const char *const patterns[] = {pattern};
    struct tail_opts opts = {.patterns = patterns, .n_patterns = 1, .from = TAIL_FROM_END};
    struct err err;

    (void)snprintf(pattern, sizeof(pattern), "%s/%s", bench.dir, name);
    if (loop_new(&bench.loop) != RC_OK ||
        timer_new(bench.loop, on_timer, &bench, &bench.timer) != RC_OK ||
        source_open_tail(bench.loop, &opts, &ops, &bench, &bench.source, &err) != RC_OK) {
        stop("follow");
    }
    run_loop();
}

static void rest_for(unsigned seconds)
{
    timer_start(bench.timer, seconds * UINT64_C(1000), 0);
    run_loop();
}

static long rss_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char text[128] = "";
    char *resident;

    if (file == NULL || fgets(text, sizeof(text), file) == NULL) {
        stop("statm");
    }
    (void)fclose(file);
    (void)strtol(text, &resident, 10); /* the first number is the virtual size */
    return strtol(resident, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}

static void bench_idle(unsigned files, unsigned seconds)
{
    struct rlimit limit = {files + 100, files + 100};
    char name[32];
    int64_t before;

    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        stop("setrlimit");
    }
    for (unsigned i = 0; i < files; i++) {
        (void)snprintf(name, sizeof(name), "%u.log", i);
        tmpdir_write(bench.dir, name, "quiet\n", 6);
    }
    follow("*.log");
    rest_for(2);
    before = cpu_ns();
    rest_for(seconds);
    printf("idle: %u files, %u s: %.2f ms CPU, RSS %ld KiB\n", files, seconds,
           (double)(cpu_ns() - before) / 1e6, rss_kib());
}

static int open_log(void)
{
    char path[300];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/a.log", bench.dir);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        stop(path);
    }
    return fd;
}

static void wait_until(int64_t mono_ns)
{
    struct timespec ts = {.tv_sec = mono_ns / CLOCK_NS_PER_S, .tv_nsec = mono_ns % CLOCK_NS_PER_S};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0) {
    }
}

/* In the child: n pieces of `size` bytes, one each step_ns. */
static void write_steadily(int fd, uint64_t n, size_t size, int64_t step_ns)
{
    char *line = calloc(size + 1, 1);
    int64_t next = clock_mono_ns();

    for (uint64_t i = 0; i < n && line != NULL; i++) {
        next += step_ns;
        wait_until(next);
        memset(line, 'x', size);
        for (size_t k = 99; k < size; k += 100) {
            line[k] = '\n';
        }
        int len = snprintf(line, size, "%lld", (long long)clock_mono_ns());
        line[len] = ' ';
        line[size - 1] = '\n';
        if (write(fd, line, size) != (ssize_t)size) {
            _exit(1);
        }
    }
    _exit(0);
}

static void run_with_writer(uint64_t n, size_t size, int64_t step_ns)
{
    int fd = open_log();
    pid_t child;

    follow("a.log");
    bench.wanted_bytes = n * size;
    bench.started_cpu_ns = cpu_ns();
    child = fork();
    if (child == 0) {
        write_steadily(fd, n, size, step_ns);
    }
    run_loop();
    (void)waitpid(child, NULL, 0);
    (void)close(fd);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void bench_latency(uint64_t lines)
{
    bench.stamped = true;
    run_with_writer(lines, 100, CLOCK_NS_PER_MS);
    qsort(bench.delays_ns, bench.n_delays, sizeof(bench.delays_ns[0]), compare);
    printf("latency: %zu lines: median %.3f ms, p99 %.3f ms, worst %.3f ms; %.1f ms CPU\n",
           bench.n_delays, (double)bench.delays_ns[bench.n_delays / 2] / 1e6,
           (double)bench.delays_ns[bench.n_delays * 99 / 100] / 1e6,
           (double)bench.delays_ns[bench.n_delays - 1] / 1e6,
           (double)(cpu_ns() - bench.started_cpu_ns) / 1e6);
}

static void bench_flood(uint64_t mib)
{
    int64_t start = clock_mono_ns();
    double seconds;

    run_with_writer(mib * 16, 65536, CLOCK_NS_PER_S * 65536 / 100000000);
    seconds = (double)(clock_mono_ns() - start) / 1e9;
    printf("flood: %.0f MB/s for %.1f s: %.0f%% of a core\n", (double)bench.bytes / 1e6 / seconds,
           seconds, (double)(cpu_ns() - bench.started_cpu_ns) / 1e7 / seconds);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

    tmpdir_make(bench.dir, sizeof(bench.dir));
    if (strcmp(what, "idle") == 0) {
        bench_idle(n > 0 ? n : 1000, argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 10);
    } else if (strcmp(what, "latency") == 0) {
        bench_latency(n > 0 ? n : 2000);
    } else if (strcmp(what, "flood") == 0) {
        bench_flood(n > 0 ? n : 400);
    } else {
        (void)fprintf(stderr, "usage: bench_source idle|latency|flood [N]\n");
    }
    tmpdir_remove(bench.dir);
    return 0;
}
