/* SPDX-License-Identifier: Apache-2.0 */
/* See regex_gen.h. */
#include "support/regex_gen.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "support/log_text.h"

/* Short and long words; letters with odd relatives under (?i); bytes that a scan could trip over.
 */
static const char *const words[] = {
    "a",
    "b",
    "k",
    "s",
    "K",
    "S",
    "79",
    ": ",
    "): 79",
    "nan",
    "Xid",
    "task",
    "ssks",
    "out of memory",
    "CUDA error",
    "NCCL WARN",
    "NVRM: Xid (",
    "kernel stacks",
    "Socket timed out",
    "an illegal memory access was encountered",
    "collective operation timeout",
    "\xe2\x84\xaa",
    "\xc5\xbf",
    "\xc3\xa9",
    "\xe4\xb8\xad\xe6\x96\x87",
    "watchdog",
    "0123456789",
    "ABCDEFG",
    "abcdefgh",
    "iteration",
    "exit code 1",
    "_",
    " ",
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static unsigned below(struct regex_gen *gen, unsigned n)
{
    return (unsigned)(log_text_random(&gen->random) % n);
}

static void put(struct regex_gen *gen, const char *text)
{
    size_t len = strlen(text);

    if (gen->regex_len + len < REGEX_GEN_MAX - 64) {
        memcpy(gen->regex + gen->regex_len, text, len);
        gen->regex_len += len;
    }
}

static void sample(struct regex_gen *gen, const char *text, size_t len)
{
    if (gen->sample_len + len < REGEX_GEN_MAX) {
        memcpy(gen->sample + gen->sample_len, text, len);
        gen->sample_len += len;
    }
}

static void put_escaped(struct regex_gen *gen, const char *word)
{
    char one[3] = "\\";

    for (; *word != '\0'; word++) {
        bool special = strchr("\\^$.[]|()?*+{}#", *word) != NULL;
        one[1] = *word;
        put(gen, special ? one : one + 1);
    }
}

static void gen_word(struct regex_gen *gen)
{
    const char *word = words[below(gen, N_WORDS)];
    char text[64];

    switch (below(gen, 12)) {
    case 0:
        put(gen, "\\Q");
        put(gen, word);
        put(gen, below(gen, 20) == 0 ? "" : "\\E");
        break;
    case 1:
        (void)snprintf(text, sizeof(text), "\\x%02x", (unsigned char)word[0] & 0x7F);
        put(gen, text);
        text[0] = (char)(word[0] & 0x7F);
        sample(gen, text, 1);
        return;
    case 2:
        put(gen, "(?#comment)");
        put_escaped(gen, word);
        break;
    default:
        put_escaped(gen, word);
    }
    sample(gen, word, strlen(word));
}

/* Sets and their kin, each with a text that fits. */
static void gen_set(struct regex_gen *gen)
{
    static const char *const sets[][2] = {
        {".", "x"},         {"\\d", "7"},           {"\\w+", "word"},
        {"[ab]", "a"},      {"[^a]", "z"},          {"[0-9a-f]{4}", "0af9"},
        {"[kK]", "k"},      {"[[:alpha:]]", "q"},   {"[]x]", "]"},
        {"[^]x]", "y"},     {"\\s*", " "},          {"\\S{1,5}", "abc"},
        {"\\pL", "L"},      {"\\p{Lu}", "U"},       {"\\R", "\r"},
        {"\\X", "e"},       {"\\h", "\t"},          {"[\\d.]+", "1.5"},
        {"[s]", "s"},       {"[\\]\\\\]", "\\"},    {"\\N", "n"},
        {".{0,20}", "gap"}, {"[^,]{1,8}", "field"}, {"\\x{212a}", "\xe2\x84\xaa"},
        {"[.]", "."},       {"\\.", "."},           {"[[:^digit:]-]", "-"},
        {"\\o{101}", "A"},  {"\\103", "C"},         {"\\cA", "\001"},
        {"[ \\t]", " "},    {"[\\Qab\\E]", "b"},
    };
    size_t i = below(gen, sizeof(sets) / sizeof(sets[0]));

    put(gen, sets[i][0]);
    sample(gen, sets[i][1], strlen(sets[i][1]));
}

/* What consumes nothing, or what someone else consumed. */
static void gen_odd(struct regex_gen *gen)
{
    static const char *const odd[] = {
        "\\b",           "^",       "$",        "\\A",   "\\z",        "(?=.)",       "(?!zzz)",
        "(?<=.)",        "(?<!q)",  "(?i)",     "(?-i)", "(?x) ",      "(?-x)",       "(?s)",
        "\\1?",          "(?1)?",   "(?R)?",    "\\K",   "(?(1)a|b)?", "(?(?=a)a|.)", "\\E",
        "(?#x)",         "\\B",     "(*FAIL)?", "(?C)",  "(?=out)",    "(?^)",        "{",
        "{,3}",          "x{2}{3}", "(*UTF)",   "(?:)",  "(?<n>a)?",   "(?&n)?",      "\\g{-1}?",
        "(?(DEFINE)zz)", "(?|a|b)", "(?xx)",    "#",     "(?i:k)",     "(?<!ab|cd)",  "(*ACCEPT)",
    };

    put(gen, odd[below(gen, sizeof(odd) / sizeof(odd[0]))]);
}

static void gen_sequence(struct regex_gen *gen);

static void gen_group(struct regex_gen *gen)
{
    static const char *const opens[] = {
        "(", "(?:", "(?>", "(?i:", "(?<g>", "(?x:", "(?|", "(?s-i:"};
    unsigned branches = below(gen, 4);
    unsigned chosen = below(gen, branches + 1);
    size_t before = gen->sample_len;
    size_t after = before;

    put(gen, opens[below(gen, sizeof(opens) / sizeof(opens[0]))]);
    for (unsigned i = 0; i <= branches; i++) {
        gen->sample_len = i > chosen ? after : before;
        put(gen, i > 0 ? "|" : "");
        gen_sequence(gen);
        after = i == chosen ? gen->sample_len : after;
    }
    gen->sample_len = after;
    put(gen, ")");
}

static void gen_quantifier(struct regex_gen *gen, size_t sample_before)
{
    static const char *const quantifiers[] = {"?",  "*",  "+",  "{2}",  "{1,3}", "{0,2}",
                                              "??", "*?", "++", "{3,}", "{1}",   "{0}"};
    char again[REGEX_GEN_MAX];
    size_t len = gen->sample_len - sample_before;
    unsigned which = below(gen, sizeof(quantifiers) / sizeof(quantifiers[0]));

    put(gen, below(gen, 30) == 0 ? "(?#c)" : "");
    put(gen, quantifiers[which]);
    memcpy(again, gen->sample + sample_before, len);
    for (unsigned times = which == 3 ? 1 : which == 9 ? 2 : 0; times > 0; times--) {
        sample(gen, again, len);
    }
    if ((which < 2 && below(gen, 2) == 0) || which == 11) {
        gen->sample_len = sample_before;
    }
}

static void gen_item(struct regex_gen *gen)
{
    size_t before = gen->sample_len;
    unsigned kind = below(gen, 20);

    if (kind < 10) {
        gen_word(gen);
    } else if (kind < 15) {
        gen_set(gen);
    } else if (kind < 16) {
        gen_odd(gen);
        return;
    } else if (gen->depth < 3) {
        gen->depth++;
        gen_group(gen);
        gen->depth--;
    }
    if (below(gen, 5) == 0 && gen->regex_len > 0) {
        gen_quantifier(gen, before);
    }
}

static void gen_sequence(struct regex_gen *gen)
{
    unsigned items = below(gen, 4) + (gen->depth == 0);

    for (unsigned i = 0; i < items; i++) {
        gen_item(gen);
    }
}

void regex_gen_next(struct regex_gen *gen)
{
    gen->regex_len = 0;
    gen->sample_len = 0;
    gen->depth = 0;
    put(gen, below(gen, 8) == 0 ? "(?i)" : "");
    put(gen, below(gen, 30) == 0 ? "(?x) " : "");
    gen_sequence(gen);
    if (below(gen, 6) == 0) {
        put(gen, "|");
        gen_sequence(gen);
    }
}

/* Turns the case of letters, or a letter into its odd relative. */
static void twist(struct regex_gen *gen, char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char lower = (char)(text[i] | 0x20);
        if (lower >= 'a' && lower <= 'z') {
            text[i] = (char)(text[i] ^ (below(gen, 2) != 0 ? 0x20 : 0));
        }
    }
}

size_t regex_gen_line(struct regex_gen *gen, const char *from, size_t from_len, char *out,
                      size_t size)
{
    static const char odd[] = "\x00\xff\xc3\x80 \t\r[]{}~@\x1b";
    size_t n = 0;
    unsigned pieces = below(gen, 6) + 1;

    for (unsigned i = 0; i < pieces; i++) {
        const char *piece = words[below(gen, N_WORDS)];
        size_t len = strlen(piece);
        unsigned kind = below(gen, 8);
        if (kind < 4) {
            piece = from;
            len = from_len > 0 && kind == 3 ? below(gen, (unsigned)from_len) : from_len;
        } else if (kind == 4) {
            piece = &odd[below(gen, sizeof(odd) - 1)];
            len = 1;
        }
        if (len > size - n) {
            break;
        }
        if (len > 0) {
            memcpy(out + n, piece, len);
        }
        if (below(gen, 6) == 0) {
            twist(gen, out + n, len);
        }
        n += len;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = out[i] == '\n' ? ' ' : out[i];
    }
    return n;
}
