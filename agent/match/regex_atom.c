/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The atoms of a pattern: escapes and character classes. Only where an atom ends, and whether it is
 * one certain character or one of a few, matters here; everything else is a set of any character.
 * Where PCRE2's reading depends on what stands elsewhere (`\12` as a reference or as octal) the
 * atom is taken as unknown text, whose length does not matter.
 */
#include "base/utf8.h"
#include "match/regex_tree_internal.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool next_is(const struct regex_parser *parser, char c)
{
    return parser->at < parser->end && *parser->at == c;
}

enum rc regex_skip_behind(struct regex_parser *parser, char c)
{
    size_t left = (size_t)(parser->end - parser->at);
    const char *found = left > 0 ? memchr(parser->at, c, left) : NULL;

    if (found == NULL) {
        return RC_UNSUPPORTED;
    }
    parser->at = found + 1;
    return RC_OK;
}

/* \xh, \xhh and \x{h...}; the parser stands behind the x. */
static enum rc parse_hex(struct regex_parser *parser, uint32_t *ret_node)
{
    uint32_t code = 0;

    if (next_is(parser, '{')) {
        parser->at++;
        while (parser->at < parser->end && hex_value(*parser->at) >= 0 && code < 0x110000) {
            code = code * 16 + (uint32_t)hex_value(*parser->at++);
        }
        if (!next_is(parser, '}')) {
            return RC_UNSUPPORTED;
        }
        parser->at++;
    } else {
        for (int i = 0; i < 2 && parser->at < parser->end && hex_value(*parser->at) >= 0; i++) {
            code = code * 16 + (uint32_t)hex_value(*parser->at++);
        }
    }
    return regex_char_add(parser, code, ret_node);
}

/* The reference behind \g and \k: {...}, <...>, '...' or a number. */
static enum rc skip_reference(struct regex_parser *parser)
{
    static const char open[] = "{<'";
    static const char close[] = "}>'";

    for (size_t i = 0; i < sizeof(open) - 1; i++) {
        if (next_is(parser, open[i])) {
            parser->at++;
            return regex_skip_behind(parser, close[i]);
        }
    }
    if (next_is(parser, '+') || next_is(parser, '-')) {
        parser->at++;
    }
    if (parser->at == parser->end || !is_digit(*parser->at)) {
        return RC_UNSUPPORTED;
    }
    while (parser->at < parser->end && is_digit(*parser->at)) {
        parser->at++;
    }
    return RC_OK;
}

/* \p{...}, \pL, \o{...}, \cX, \N{U+...}: what follows the letter c and belongs to the escape. */
static enum rc skip_argument(struct regex_parser *parser, char c)
{
    if (c == 'N') {
        bool named = parser->end - parser->at > 1 && parser->at[0] == '{' && parser->at[1] == 'U';
        return named ? regex_skip_behind(parser, '}') : RC_OK;
    }
    if (parser->at == parser->end) {
        return RC_UNSUPPORTED;
    }
    if (c != 'c' && *parser->at == '{') {
        return regex_skip_behind(parser, '}');
    }
    if (c == 'o' || (unsigned char)*parser->at >= 0x80) {
        return RC_UNSUPPORTED;
    }
    parser->at++;
    return RC_OK;
}

static enum rc parse_letter_escape(struct regex_parser *parser, char c, uint32_t *ret_node)
{
    static const char simple[] = "aefnrt";
    static const char simple_code[] = "\a\033\f\n\r\t";
    const char *found = strchr(simple, c);
    enum rc rc;

    if (found != NULL) {
        return regex_char_add(parser, (uint32_t)simple_code[found - simple], ret_node);
    }
    switch (c) {
    case 'x':
        return parse_hex(parser, ret_node);
    case 'A':
    case 'B':
    case 'G':
    case 'K':
    case 'Z':
    case 'b':
    case 'z':
        return regex_node_add(parser->tree, REGEX_EMPTY, ret_node);
    case 'D':
    case 'H':
    case 'R':
    case 'S':
    case 'V':
    case 'W':
    case 'X':
    case 'd':
    case 'h':
    case 's':
    case 'v':
    case 'w':
        return regex_node_add(parser->tree, REGEX_SET, ret_node);
    case 'N':
    case 'P':
    case 'c':
    case 'o':
    case 'p':
        rc = skip_argument(parser, c);
        return rc != RC_OK ? rc : regex_node_add(parser->tree, REGEX_SET, ret_node);
    case 'g':
    case 'k':
        rc = skip_reference(parser);
        return rc != RC_OK ? rc : regex_node_add(parser->tree, REGEX_UNKNOWN, ret_node);
    default:
        return RC_UNSUPPORTED;
    }
}

enum rc regex_parse_escape(struct regex_parser *parser, uint32_t *ret_node)
{
    uint32_t code;
    size_t len;
    char c;

    parser->at++;
    if (parser->at == parser->end) {
        return RC_UNSUPPORTED;
    }
    c = *parser->at;
    if (is_digit(c)) {
        while (parser->at < parser->end && is_digit(*parser->at)) {
            parser->at++;
        }
        return regex_node_add(parser->tree, REGEX_UNKNOWN, ret_node);
    }
    if (is_letter(c)) {
        parser->at++;
        return parse_letter_escape(parser, c, ret_node);
    }
    len = utf8_decode(span_of(parser->at, (size_t)(parser->end - parser->at)), &code);
    parser->at += len;
    return len == 0 ? RC_UNSUPPORTED : regex_char_add(parser, code, ret_node);
}

/* What has been read of a class. */
struct class_members {
    bool exact; /* codes are all of it */
    unsigned n;
    uint32_t codes[REGEX_CODES_MAX];
};

static void add_member(struct class_members *members, uint32_t code)
{
    if (members->n < REGEX_CODES_MAX) {
        members->codes[members->n++] = code;
    } else {
        members->exact = false;
    }
}

/* `[:name:]` inside a class; everything else that starts like it is left to PCRE2. */
static enum rc skip_posix_name(struct regex_parser *parser)
{
    parser->at += 2;
    if (next_is(parser, '^')) {
        parser->at++;
    }
    while (parser->at < parser->end && is_letter(*parser->at)) {
        parser->at++;
    }
    if (parser->end - parser->at < 2 || parser->at[0] != ':' || parser->at[1] != ']') {
        return RC_UNSUPPORTED;
    }
    parser->at += 2;
    return RC_OK;
}

static enum rc parse_class_escape(struct regex_parser *parser, struct class_members *members)
{
    char c;

    parser->at++;
    if (parser->at == parser->end || *parser->at == 'Q' || *parser->at == 'E') {
        return RC_UNSUPPORTED;
    }
    c = *parser->at++;
    if (is_letter(c) || is_digit(c) || (unsigned char)c >= 0x80) {
        members->exact = false;
        if (c == 'c' && parser->at < parser->end) {
            parser->at++;
        }
        return RC_OK;
    }
    add_member(members, (unsigned char)c);
    return RC_OK;
}

static enum rc parse_member(struct regex_parser *parser, struct class_members *members)
{
    char c = *parser->at;
    bool more = parser->end - parser->at > 1;

    if (c == '[' && more && strchr(":.=", parser->at[1]) != NULL) {
        members->exact = false;
        return parser->at[1] == ':' ? skip_posix_name(parser) : RC_UNSUPPORTED;
    }
    if (c == '\\') {
        return parse_class_escape(parser, members);
    }
    /* A range, or white space that (?xx) ignores. */
    if (c == '-' || c == ' ' || c == '\t' || (unsigned char)c >= 0x80) {
        members->exact = members->exact && (c == ' ' || c == '\t') && !parser->flags.extended;
    }
    add_member(members, (unsigned char)c);
    parser->at++;
    return RC_OK;
}

enum rc regex_parse_class(struct regex_parser *parser, uint32_t *ret_node)
{
    struct class_members members = {.exact = true};
    bool first = true;
    struct regex_node *node;
    enum rc rc;

    parser->at++;
    if (next_is(parser, '^')) {
        members.exact = false;
        parser->at++;
    }
    while (parser->at < parser->end && (first || *parser->at != ']')) {
        rc = parse_member(parser, &members);
        if (rc != RC_OK) {
            return rc;
        }
        first = false;
    }
    if (parser->at == parser->end) {
        return RC_UNSUPPORTED;
    }
    parser->at++;
    if (members.exact && members.n == 1) {
        return regex_char_add(parser, members.codes[0], ret_node);
    }
    rc = regex_node_add(parser->tree, REGEX_SET, ret_node);
    if (rc == RC_OK && members.exact) {
        node = &parser->tree->nodes[*ret_node];
        node->n_codes = (uint8_t)members.n;
        node->caseless = parser->flags.caseless;
        memcpy(node->codes, members.codes, sizeof(members.codes));
    }
    return rc;
}
