/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranks in file names. A launcher that gives each rank a file of its own names it after the rank:
 * torchrun writes `<run>/attempt_0/3/stderr.log`, scripts write `rank_3.log`, `train-rank3.out`,
 * `rank3/err.txt`, and Slurm's `%t` is often spelt `task_3`. Only a number beside such a word, or
 * the whole directory above a stream file, counts: a number alone is more often a date or a job.
 */
#include "decode/decode_internal.h"

#include <ctype.h>

#define RANK_DIGITS_MAX 6

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number that is all of text, or RANK_NONE. */
static int32_t whole_number(struct span text)
{
    int32_t value = 0;

    if (text.len == 0 || text.len > RANK_DIGITS_MAX) {
        return RANK_NONE;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) {
            return RANK_NONE;
        }
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value;
}

static bool starts_nocase(struct span text, const char *word)
{
    size_t n = strlen(word);

    return text.ptr != NULL && text.len >= n && strncasecmp(text.ptr, word, n) == 0;
}

/* The number behind `word` and an optional separator in name; the word must not be the end of a
 * longer one (`frank3`). */
static int32_t number_behind(struct span name, const char *word)
{
    size_t word_len = strlen(word);

    for (size_t i = 0; i + word_len < name.len; i++) {
        struct span rest = span_from(name, i);
        size_t n = 0;

        if (!starts_nocase(rest, word) || (i > 0 && isalpha((unsigned char)name.ptr[i - 1]))) {
            continue;
        }
        rest = span_from(rest, word_len);
        if (strchr("_-.=", rest.ptr[0]) != NULL) {
            rest = span_from(rest, 1);
        }
        while (n < rest.len && is_digit(rest.ptr[n])) {
            n++;
        }
        if (whole_number(span_of(rest.ptr, n)) != RANK_NONE) {
            return whole_number(span_of(rest.ptr, n));
        }
    }
    return RANK_NONE;
}

static int32_t name_rank(struct span name)
{
    static const char *const words[] = {"rank", "task", "local_rank"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        int32_t rank = number_behind(name, words[i]);
        if (rank != RANK_NONE) {
            return rank;
        }
    }
    return RANK_NONE;
}

/* Takes the last component off path. */
static struct span cut_last(struct span *path)
{
    size_t n = path->len;
    struct span last;

    if (n == 0) {
        return (struct span)SPAN_LIT("");
    }
    while (n > 0 && path->ptr[n - 1] != '/') {
        n--;
    }
    last = span_from(*path, n);
    path->len = n > 0 ? n - 1 : 0;
    return last;
}

int32_t decode_path_rank(struct span path)
{
    struct span name = cut_last(&path);
    struct span parent = cut_last(&path);
    int32_t rank = name_rank(name);

    if (rank != RANK_NONE) {
        return rank;
    }
    if (starts_nocase(name, "stdout") || starts_nocase(name, "stderr") ||
        starts_nocase(name, "error")) {
        rank = whole_number(parent);
    }
    return rank != RANK_NONE ? rank : name_rank(parent);
}
