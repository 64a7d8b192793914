/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding against a memchr scan for newlines, over the same memory, as a ratio in one run.
 *
 *   bench_decode [MIB]         default 64; build with the release or default preset
 *
 * Per kind of text: MB/s of the newline scan, MB/s of decoder_push in chunks of 256 KiB with a
 * receiver that looks at nothing, their ratio. Median of five runs after one that does not count.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "decode/decode.h"

#define CHUNK_BYTES ((size_t)256 * 1024)
#define RUNS        5

static volatile uint64_t sink;

static enum rc on_batch(void *ctx, const struct record_batch *batch)
{
    (void)ctx;
    sink += batch->n_records;
    return RC_OK;
}

static void scan_newlines(struct span text)
{
    uint64_t n = 0;

    for (struct span rest = text; rest.len > 0;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        if (end == NULL) {
            break;
        }
        n++;
        rest = span_from(rest, (size_t)(end + 1 - rest.ptr));
    }
    sink += n;
}

static void decode(struct span text)
{
    struct origin origin = {.path = SPAN_LIT("a"), .rank = RANK_NONE};
    struct decoder *decoder;

    if (decoder_new(&(struct decode_opts){0}, &origin, on_batch, NULL, &decoder) != RC_OK) {
        abort();
    }
    for (size_t at = 0; at < text.len; at += CHUNK_BYTES) {
        size_t n = text.len - at < CHUNK_BYTES ? text.len - at : CHUNK_BYTES;
        struct chunk chunk = {&origin, span_of(text.ptr + at, n), at};
        if (decoder_push(decoder, &chunk) != RC_OK) {
            abort();
        }
    }
    decoder_free(decoder);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double measure(void (*work)(struct span text), struct span text)
{
    double mb_s[RUNS];

    work(text);
    for (int i = 0; i < RUNS; i++) {
        int64_t start = clock_mono_ns();
        work(text);
        mb_s[i] = (double)text.len * 1e3 / (double)(clock_mono_ns() - start);
    }
    qsort(mb_s, RUNS, sizeof(mb_s[0]), compare);
    return mb_s[RUNS / 2];
}

static void add_line(struct buf *text, int kind, unsigned i)
{
    switch (kind) {
    case 0:
        buf_printf(text, "step %u: loss=%u.%03u lr=3.0e-4 grad_norm=0.%u tokens/s=%u mfu=41.%u%%\n",
                   i, i % 9, i % 1000, i % 97, 100000 + i % 5000, i % 10);
        break;
    case 1:
        buf_printf(text, "[rank%u]: 2026-11-23 21:%02u:%02u,%03u INFO trainer step %u loss %u.%u\n",
                   i % 8, i / 60 % 60, i % 60, i % 1000, i, i % 9, i % 1000);
        break;
    case 2:
        buf_printf(text, "\r %2u%%|#####     | %u/1000 [00:%02u<00:00, 3.%uit/s]", i % 100,
                   i % 1000, i % 60, i % 10);
        break;
    case 3:
        buf_printf(text, "\x1b[32mINFO\x1b[0m step %u: loss=%u.%03u lr=3.0e-4 tokens/s=%u\n", i,
                   i % 9, i % 1000, 100000 + i % 5000);
        break;
    case 4:
        buf_printf(text, "2026-11-23T21:%02u:%02u.%09uZ stderr F step %u loss %u.%u lr 3e-4\n",
                   i / 60 % 60, i % 60, i, i, i % 9, i % 1000);
        break;
    default:
        buf_printf(text,
                   "{\"level\":\"info\",\"ts\":17954687%02u.5,\"message\":\"step %u loss %u.%u\","
                   "\"rank\":%u}\n",
                   i % 100, i, i % 9, i % 1000, i % 8);
        break;
    }
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {
        "plain lines", "rank and time stamp", "progress bar", "colour codes", "CRI", "JSON lines"};
    size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 64;

    for (int kind = 0; kind < 6; kind++) {
        struct buf text;
        double memchr_mb_s;
        double decode_mb_s;
        buf_init(&text, SIZE_MAX);
        for (unsigned i = 0; text.len < mib << 20; i++) {
            add_line(&text, kind, i);
        }
        memchr_mb_s = measure(scan_newlines, buf_span(&text));
        decode_mb_s = measure(decode, buf_span(&text));
        printf("%-20s newline scan %7.0f MB/s   decode %6.0f MB/s   ratio %.2f\n", kinds[kind],
               memchr_mb_s, decode_mb_s, decode_mb_s / memchr_mb_s);
        buf_fini(&text);
    }
    return 0;
}
