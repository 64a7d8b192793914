/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a run of literal characters is when an item begins decides how long it is behind the
 * item: `a` makes n to n + 1, `\d` makes it 0, `(?:ab|c)` makes n to n + 2 or n + 1. So every item
 * is a map from run lengths to sets of run lengths (KB_SHAPE_RUN is the last length, and stays:
 * the literal was seen). Items in a row compose, alternatives unite, a repeat is composition with
 * itself. A regex has its literal when from 0 only KB_SHAPE_RUN can be reached: that is exact for
 * every path, without walking the paths, of which there are exponentially many.
 *
 * Classes of one character, or of one letter in both cases, count as that character. Nested repeats
 * are told of only where the rounds of the outer one can be cut in several ways.
 */
#include "kb/kb_shape_internal.h"

#include <stdint.h>

#include "base/utf8.h"

#define LENGTHS     (KB_SHAPE_RUN + 1)
#define NESTING_MAX 100
#define UNBOUNDED   UINT32_MAX
#define NUMBER_MAX  65535U

struct run_map {
    uint16_t to[LENGTHS]; /* bit n: the run may be n long afterwards */
};

struct item {
    struct run_map map;
    bool empty;   /* takes no text: anchors, look-arounds, comments */
    bool any;     /* the dot */
    bool word;    /* takes word characters only */
    bool fence;   /* always takes a character that is no word character */
    bool repeats; /* holds an unbounded quantifier that gives back */
    bool wild;    /* such a quantifier may take what is no word character */
};

struct reader {
    struct span rest;
    unsigned depth;
    struct kb_shape shape;
};

static struct item read_alternation(struct reader *reader, bool leading);

static struct run_map map_same(void)
{
    struct run_map map;

    for (unsigned i = 0; i < LENGTHS; i++) {
        map.to[i] = (uint16_t)(1U << i);
    }
    return map;
}

static struct item item_empty(void)
{
    return (struct item){.map = map_same(), .empty = true, .word = true};
}

static bool is_word(uint32_t code)
{
    return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
           (code >= 'a' && code <= 'z') || code == '_';
}

static struct item item_literal(uint32_t code)
{
    struct item item = {.map = map_same(), .word = is_word(code), .fence = !is_word(code)};

    for (unsigned i = 0; i < KB_SHAPE_RUN; i++) {
        item.map.to[i] = (uint16_t)(1U << (i + 1));
    }
    return item;
}

/* A choice of characters: the run ends. */
static struct item item_choice(bool word)
{
    struct item item = {.map = map_same(), .word = word};

    for (unsigned i = 0; i < KB_SHAPE_RUN; i++) {
        item.map.to[i] = 1;
    }
    return item;
}

static struct item unreadable(struct reader *reader)
{
    reader->shape.readable = false;
    reader->rest = span_from(reader->rest, reader->rest.len);
    return item_empty();
}

static struct run_map compose(const struct run_map *first, const struct run_map *second)
{
    struct run_map map = {{0}};

    for (unsigned i = 0; i < LENGTHS; i++) {
        for (unsigned k = 0; k < LENGTHS; k++) {
            if ((first->to[i] >> k & 1U) != 0) {
                map.to[i] |= second->to[k];
            }
        }
    }
    return map;
}

static struct run_map unite(const struct run_map *a, const struct run_map *b)
{
    struct run_map map;

    for (unsigned i = 0; i < LENGTHS; i++) {
        map.to[i] = a->to[i] | b->to[i];
    }
    return map;
}

/* After KB_SHAPE_RUN rounds nothing new can be reached, so larger numbers count as that. */
static struct run_map repeat(const struct run_map *once, uint32_t min, uint32_t max)
{
    struct run_map map = map_same();
    struct run_map optional = unite(&map, once);
    uint32_t more = max > min ? max - min : 0;

    for (uint32_t i = 0; i < min && i < KB_SHAPE_RUN; i++) {
        map = compose(&map, once);
    }
    for (uint32_t i = 0; i < more && i < KB_SHAPE_RUN; i++) {
        map = compose(&map, &optional);
    }
    return map;
}

static bool at(const struct reader *reader, const char *text)
{
    return span_starts(reader->rest, span_str(text));
}

static bool take(struct reader *reader, const char *text)
{
    bool found = at(reader, text);

    if (found) {
        reader->rest = span_from(reader->rest, strlen(text));
    }
    return found;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Moves behind the next `end`; false when there is none. */
static bool skip_behind(struct reader *reader, char end)
{
    const char *found =
        reader->rest.len > 0 ? memchr(reader->rest.ptr, end, reader->rest.len) : NULL;

    if (found == NULL) {
        return false;
    }
    reader->rest = span_from(reader->rest, (size_t)(found - reader->rest.ptr) + 1);
    return true;
}

/* Of `\x{41}`, `\p{L}`, `\k<name>`: what stands in brackets. */
static void skip_operand(struct reader *reader)
{
    static const char pairs[][2] = {{'{', '}'}, {'<', '>'}, {'\'', '\''}};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (reader->rest.len > 0 && reader->rest.ptr[0] == pairs[i][0]) {
            reader->rest = span_from(reader->rest, 1);
            (void)skip_behind(reader, pairs[i][1]); /* PCRE2 has seen that it is there */
            return;
        }
    }
}

static void skip_digits(struct reader *reader, size_t max, bool hex)
{
    size_t n = 0;

    while (n < max && n < reader->rest.len &&
           (is_digit(reader->rest.ptr[n]) ||
            (hex && is_letter(reader->rest.ptr[n]) && (reader->rest.ptr[n] | 0x20) <= 'f'))) {
        n++;
    }
    reader->rest = span_from(reader->rest, n);
}

/* Behind a backslash and the letter or digit c. */
static struct item read_escape_of(struct reader *reader, char c)
{
    struct item item;

    if (is_digit(c)) {
        skip_digits(reader, 2, false);
        return c == '0' ? item_literal('\0') : item_choice(false);
    }
    switch (c) {
    case 'b':
    case 'B':
    case 'A':
    case 'z':
    case 'Z':
    case 'G':
    case 'K':
        return item_empty();
    case 'x':
        if (at(reader, "{")) {
            skip_operand(reader);
        } else {
            skip_digits(reader, 2, true);
        }
        item = item_literal('_');
        item.word = false; /* which one it is was not read */
        return item;
    case 'n':
    case 't':
    case 'r':
    case 'f':
    case 'e':
    case 'a':
        return item_literal('\n');
    case 'd':
    case 'w':
        return item_choice(true);
    case 'p':
    case 'P':
    case 'k':
    case 'g':
        if (reader->rest.len > 0 &&
            (is_letter(reader->rest.ptr[0]) || is_digit(*reader->rest.ptr))) {
            reader->rest = span_from(reader->rest, 1);
        } else {
            skip_operand(reader);
        }
        return item_choice(false);
    default:
        return strchr("DWsShHvVRNX", c) != NULL ? item_choice(false) : unreadable(reader);
    }
}

static struct item read_escape(struct reader *reader)
{
    char c;

    if (reader->rest.len == 0) {
        return unreadable(reader);
    }
    c = reader->rest.ptr[0];
    reader->rest = span_from(reader->rest, 1);
    return is_letter(c) || is_digit(c) ? read_escape_of(reader, c) : item_literal((unsigned char)c);
}

static struct item read_character(struct reader *reader)
{
    uint32_t code = 0;
    size_t n = utf8_decode(reader->rest, &code);

    reader->rest = span_from(reader->rest, n > 0 ? n : 1);
    return item_literal(code);
}

/* Whether the members of a class are word characters: `a-z0-9_`, `\d`. */
static bool all_word(struct span members)
{
    for (size_t i = 0; i < members.len; i++) {
        bool last = i + 1 == members.len;
        if (members.ptr[i] == '\\' && !last) {
            i++;
            if (members.ptr[i] != 'd' && members.ptr[i] != 'w') {
                return false;
            }
        } else if (members.ptr[i] == '-' ? i == 0 || last
                                         : !is_word((unsigned char)members.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* The members of a class are only told apart as far as a class of one needs. */
static struct item item_class(struct span members)
{
    const char *p = members.ptr;
    bool escaped = members.len == 2 && p[0] == '\\' && !is_letter(p[1]) && !is_digit(p[1]);
    bool both_cases = members.len == 2 && is_letter(p[0]) && (p[0] ^ p[1]) == 0x20;

    if (members.len == 1 || escaped || both_cases) {
        return item_literal((unsigned char)p[members.len - 1]);
    }
    return item_choice(all_word(members));
}

/* Behind the '[' of a class. */
static struct item read_class(struct reader *reader)
{
    struct span members = reader->rest;

    (void)take(reader, "^");
    (void)take(reader, "]"); /* a ']' that comes first stands for itself */
    while (reader->rest.len > 0 && !at(reader, "]")) {
        if (take(reader, "[:")) {
            (void)skip_behind(reader, ']');
        } else if (take(reader, "\\")) {
            reader->rest = span_from(reader->rest, 1);
        } else {
            (void)read_character(reader);
        }
    }
    members.len -= reader->rest.len;
    return take(reader, "]") ? item_class(members) : unreadable(reader);
}

/* The inside of a group and its closing bracket. */
static struct item read_inside(struct reader *reader, bool leading)
{
    struct item item;

    if (++reader->depth > NESTING_MAX) {
        return unreadable(reader);
    }
    item = read_alternation(reader, leading);
    reader->depth--;
    return take(reader, ")") ? item : unreadable(reader);
}

static struct item read_look_around(struct reader *reader)
{
    (void)read_inside(reader, false); /* only what it says of nested repeats is kept */
    return item_empty();
}

/* `(?i)`, `(?i:...)` and the like, behind the question mark. With x white space has no meaning,
 * and that is not read here. */
static struct item read_flags(struct reader *reader, bool leading)
{
    while (reader->rest.len > 0 && strchr("imnsJU^-", reader->rest.ptr[0]) != NULL) {
        reader->rest = span_from(reader->rest, 1);
    }
    if (take(reader, ")")) {
        return item_empty();
    }
    return take(reader, ":") ? read_inside(reader, leading) : unreadable(reader);
}

/* Behind `(?`. */
static struct item read_special(struct reader *reader, bool leading)
{
    static const char *const calls[] = {"P=", "P>", "R", "&", "+"};
    struct item item;

    if (take(reader, "#")) {
        return skip_behind(reader, ')') ? item_empty() : unreadable(reader);
    }
    if (take(reader, "=") || take(reader, "!") || take(reader, "<=") || take(reader, "<!")) {
        return read_look_around(reader);
    }
    if (take(reader, ":") || take(reader, "|")) {
        return read_inside(reader, leading);
    }
    if (take(reader, ">")) {
        item = read_inside(reader, leading);
        item.repeats = false;
        item.wild = false;
        return item;
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (take(reader, calls[i])) {
            return skip_behind(reader, ')') ? item_choice(false) : unreadable(reader);
        }
    }
    if (reader->rest.len > 0 && is_digit(reader->rest.ptr[0])) {
        return skip_behind(reader, ')') ? item_choice(false) : unreadable(reader);
    }
    if (take(reader, "P<") || take(reader, "<")) {
        return skip_behind(reader, '>') ? read_inside(reader, leading) : unreadable(reader);
    }
    if (take(reader, "'")) {
        return skip_behind(reader, '\'') ? read_inside(reader, leading) : unreadable(reader);
    }
    return read_flags(reader, leading);
}

static struct item read_atom(struct reader *reader, bool leading)
{
    struct item item;

    if (take(reader, "(*")) {
        return unreadable(reader);
    }
    if (take(reader, "(?")) {
        return read_special(reader, leading);
    }
    if (take(reader, "(")) {
        return read_inside(reader, leading);
    }
    if (take(reader, "[")) {
        return read_class(reader);
    }
    if (take(reader, "\\")) {
        return read_escape(reader);
    }
    if (take(reader, "^") || take(reader, "$")) {
        return item_empty();
    }
    if (take(reader, ".")) {
        item = item_choice(false);
        item.any = true;
        return item;
    }
    return read_character(reader);
}

static bool read_number(struct reader *reader, uint32_t *ret_number)
{
    uint32_t number = 0;
    size_t n = 0;

    while (n < reader->rest.len && is_digit(reader->rest.ptr[n]) && number <= NUMBER_MAX) {
        number = number * 10 + (uint32_t)(reader->rest.ptr[n++] - '0');
    }
    reader->rest = span_from(reader->rest, n);
    *ret_number = number;
    return n > 0;
}

/* `{n}`, `{n,}`, `{n,m}`; any other brace is a character, and the reader stays in front of it. */
static bool read_braces(struct reader *reader, uint32_t *ret_min, uint32_t *ret_max)
{
    struct span from = reader->rest;
    uint32_t max;

    if (take(reader, "{") && read_number(reader, ret_min)) {
        max = *ret_min;
        if (take(reader, ",") && !read_number(reader, &max)) {
            max = UNBOUNDED;
        }
        if (take(reader, "}")) {
            *ret_max = max;
            return true;
        }
    }
    reader->rest = from;
    return false;
}

static bool read_quantifier(struct reader *reader, uint32_t *ret_min, uint32_t *ret_max)
{
    *ret_min = at(reader, "+") ? 1 : 0;
    *ret_max = at(reader, "?") ? 1 : UNBOUNDED;
    return take(reader, "*") || take(reader, "+") || take(reader, "?") ||
           read_braces(reader, ret_min, ret_max);
}

static struct item read_item(struct reader *reader, bool leading)
{
    struct item item = read_atom(reader, leading);
    uint32_t min;
    uint32_t max;

    if (!read_quantifier(reader, &min, &max)) {
        return item;
    }
    item.map = repeat(&item.map, min, max);
    if (max == UNBOUNDED && !item.empty) {
        /* Rounds of `(?:, \d+)*` can only begin at a comma. */
        bool ambiguous = item.repeats && (item.wild || !item.fence);
        reader->shape.nested_repeat = reader->shape.nested_repeat || ambiguous;
        reader->shape.leading_wildcard = reader->shape.leading_wildcard || (leading && item.any);
        item.repeats = true;
        item.wild = !item.word;
    }
    item.fence = item.fence && min > 0;
    if (take(reader, "+")) {
        item.repeats = false;
        item.wild = false;
    } else {
        (void)take(reader, "?");
    }
    item.any = false;
    return item;
}

static struct item read_sequence(struct reader *reader, bool leading)
{
    struct item sequence = item_empty();

    while (reader->rest.len > 0 && !at(reader, "|") && !at(reader, ")")) {
        struct item item = read_item(reader, leading && sequence.empty);
        sequence.map = compose(&sequence.map, &item.map);
        sequence.empty = sequence.empty && item.empty;
        sequence.word = sequence.word && item.word;
        sequence.fence = sequence.fence || item.fence;
        sequence.repeats = sequence.repeats || item.repeats;
        sequence.wild = sequence.wild || item.wild;
    }
    return sequence;
}

static struct item read_alternation(struct reader *reader, bool leading)
{
    struct item all = read_sequence(reader, leading);

    while (take(reader, "|")) {
        struct item branch = read_sequence(reader, leading);
        all.map = unite(&all.map, &branch.map);
        all.empty = all.empty && branch.empty;
        all.word = all.word && branch.word;
        all.fence = all.fence && branch.fence;
        all.repeats = all.repeats || branch.repeats;
        all.wild = all.wild || branch.wild;
    }
    return all;
}

struct kb_shape kb_shape_of(struct span regex)
{
    struct reader reader = {.rest = regex, .shape = {.readable = true}};
    struct item all = read_alternation(&reader, true);

    if (reader.rest.len > 0) {
        reader.shape.readable = false; /* a bracket too many */
    }
    reader.shape.has_literal = all.map.to[0] == 1U << KB_SHAPE_RUN;
    return reader.shape;
}
