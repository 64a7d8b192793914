/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prefixes with which launchers mark whose line it is:
 *
 *   [rank3]:  [Rank 3]  [rank: 3]      PyTorch, NCCL's watchdog, Lightning
 *   [default3]:  [trainer3]:           torchrun --tee (the rank on its node)
 *   [1,3]<stdout>:                     Open MPI (job, rank)
 *   (RayTrainWorker pid=1, ip=10.0.0.1)  (VllmWorker rank=3 pid=1)     Ray, vLLM
 *   3:                                 srun -l (padded with blanks)
 */
#include "decode/decode_internal.h"

#define RANK_DIGITS_MAX 6

/* Ray's names and numbers are short; a longer parenthesis is something else. */
#define PAREN_MAX 128

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static char at(struct span text, size_t i)
{
    if (i >= text.len) {
        return '\0';
    }
    return text.ptr[i];
}

/* The number at text[*i], of at most RANK_DIGITS_MAX digits; moves *i behind it. */
static int32_t take_number(struct span text, size_t *i)
{
    size_t from = *i;
    int32_t value = 0;

    while (is_digit(at(text, *i)) && *i - from < RANK_DIGITS_MAX) {
        value = value * 10 + (at(text, *i) - '0');
        (*i)++;
    }
    return *i > from && !is_digit(at(text, *i)) ? value : RANK_NONE;
}

static size_t skip_letters(struct span text, size_t i)
{
    while ((at(text, i) >= 'a' && at(text, i) <= 'z') ||
           (at(text, i) >= 'A' && at(text, i) <= 'Z')) {
        i++;
    }
    return i;
}

/* `[1,3]<stdout>:` */
static struct rank_prefix parse_mpi(struct span text)
{
    static const struct span streams[] = {SPAN_LIT("<stdout>:"), SPAN_LIT("<stderr>:"),
                                          SPAN_LIT("<stddiag>:")};
    size_t i = 1;
    int32_t rank;

    if (take_number(text, &i) == RANK_NONE || at(text, i++) != ',') {
        return (struct rank_prefix){0};
    }
    rank = take_number(text, &i);
    if (rank == RANK_NONE || at(text, i++) != ']') {
        return (struct rank_prefix){0};
    }
    for (size_t k = 0; k < sizeof(streams) / sizeof(streams[0]); k++) {
        if (span_starts(span_from(text, i), streams[k])) {
            return (struct rank_prefix){.len = i + streams[k].len, .rank = rank};
        }
    }
    return (struct rank_prefix){0};
}

/* `[rank3]:`, `[Rank 3]`, `[default3]:` */
static struct rank_prefix parse_bracket(struct span text)
{
    static const struct span roles[] = {SPAN_LIT("default"), SPAN_LIT("trainer"),
                                        SPAN_LIT("worker")};
    size_t i = skip_letters(text, 1);
    struct span word = span_of(text.ptr + 1, i - 1);
    bool is_rank = word.len == 4 && strncasecmp(word.ptr, "rank", 4) == 0;
    bool is_role = false;
    int32_t rank;

    for (size_t k = 0; k < sizeof(roles) / sizeof(roles[0]); k++) {
        is_role = is_role || span_eq(word, roles[k]);
    }
    if (is_rank) {
        i += at(text, i) == ':';
        i += at(text, i) == ' ';
    }
    if (!is_rank && !is_role) {
        return (struct rank_prefix){0};
    }
    rank = take_number(text, &i);
    if (rank == RANK_NONE || at(text, i++) != ']') {
        return (struct rank_prefix){0};
    }
    if (at(text, i) == ':') {
        i++;
    } else if (is_role) {
        return (struct rank_prefix){0};
    }
    return (struct rank_prefix){.len = i, .rank = rank};
}

static struct span value_of(struct span inside, struct span key)
{
    const char *p = span_find(inside, key);
    struct span value = {0};

    if (p != NULL && p > inside.ptr && (p[-1] == ' ' || p[-1] == '(')) {
        value.ptr = p + key.len;
        while (value.ptr + value.len < inside.ptr + inside.len &&
               strchr(" ,)", value.ptr[value.len]) == NULL) {
            value.len++;
        }
    }
    return value;
}

/* `(name pid=1, ip=10.0.0.1)`: the pid is what tells it from other parentheses. */
static struct rank_prefix parse_ray(struct span text)
{
    struct span inside = text;
    const char *end = memchr(text.ptr, ')', text.len < PAREN_MAX ? text.len : PAREN_MAX);
    struct rank_prefix prefix = {.rank = RANK_NONE};
    struct span rank;
    size_t i = 0;

    if (end == NULL) {
        return prefix;
    }
    inside.len = (size_t)(end - text.ptr);
    if (!is_digit(at(value_of(inside, (struct span)SPAN_LIT("pid=")), 0))) {
        return prefix;
    }
    prefix.len = inside.len + 1;
    prefix.host = value_of(inside, (struct span)SPAN_LIT("ip="));
    rank = value_of(inside, (struct span)SPAN_LIT("rank="));
    if (rank.len > 0) {
        prefix.rank = take_number(rank, &i);
    }
    return prefix;
}

/* `3: `, ` 12: ` */
static struct rank_prefix parse_bare(struct span text)
{
    struct rank_prefix prefix = {.rank = RANK_NONE, .bare_number = true};
    size_t i = 0;
    int32_t rank;

    while (at(text, i) == ' ' && i < RANK_DIGITS_MAX) {
        i++;
    }
    rank = take_number(text, &i);
    if (rank != RANK_NONE && at(text, i) == ':' && at(text, i + 1) == ' ') {
        prefix.rank = rank;
        prefix.len = i + 2;
    }
    return prefix;
}

struct rank_prefix rank_parse(struct span text)
{
    char first = at(text, 0);

    if (first == '[') {
        return is_digit(at(text, 1)) ? parse_mpi(text) : parse_bracket(text);
    }
    if (first == '(') {
        return parse_ray(text);
    }
    if (is_digit(first) || first == ' ') {
        return parse_bare(text);
    }
    return (struct rank_prefix){.rank = RANK_NONE};
}
