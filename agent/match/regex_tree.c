/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a pattern into a tree: alternations of sequences of atoms with quantifiers, groups by
 * recursion. See regex_tree_internal.h for what it promises; regex_atom.c reads escapes and
 * classes.
 *
 * Two rules of PCRE2 shape this file. An inline flag such as `(?i)` holds until its group ends, in
 * the alternatives behind it too, so the flags are a state that is put back at the closing bracket
 * only. And comments, `\E` and (with x) white space may stand between an item and its quantifier.
 */
#include "match/regex_tree_internal.h"

#include "base/mem.h"
#include "base/utf8.h"

/* The largest number in a quantifier. */
#define REPEAT_MAX 65535U

static enum rc parse_alternation(struct regex_parser *parser, uint32_t *ret_node);
static enum rc parse_group(struct regex_parser *parser, uint32_t *ret_node);

enum rc regex_node_add(struct regex_tree *tree, enum regex_kind kind, uint32_t *ret_node)
{
    if (tree->n == tree->cap) {
        uint32_t cap = tree->cap == 0 ? 64 : tree->cap * 2;
        struct regex_node *nodes = mem_realloc(tree->nodes, cap, sizeof(*nodes));
        if (nodes == NULL) {
            return RC_NOMEM;
        }
        tree->nodes = nodes;
        tree->cap = cap;
    }
    tree->nodes[tree->n] =
        (struct regex_node){.kind = kind, .child = REGEX_NONE, .next = REGEX_NONE};
    *ret_node = tree->n++;
    return RC_OK;
}

enum rc regex_char_add(struct regex_parser *parser, uint32_t code, uint32_t *ret_node)
{
    enum rc rc = regex_node_add(parser->tree, REGEX_CHAR, ret_node);

    if (rc == RC_OK) {
        struct regex_node *node = &parser->tree->nodes[*ret_node];
        node->codes[0] = code;
        node->n_codes = 1;
        node->caseless = parser->flags.caseless;
    }
    return rc;
}

static bool starts(const struct regex_parser *parser, const char *text)
{
    size_t left = (size_t)(parser->end - parser->at);
    size_t len = strlen(text);

    return left >= len && memcmp(parser->at, text, len) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Moves over what stands between items without meaning: \E, empty \Q\E, comments, and with x white
 * space. */
static enum rc skip_nothing(struct regex_parser *parser)
{
    enum rc rc = RC_OK;

    while (rc == RC_OK && parser->at < parser->end) {
        if (starts(parser, "\\Q\\E")) {
            parser->at += 4;
        } else if (starts(parser, "\\E")) {
            parser->at += 2;
        } else if (starts(parser, "(?#")) {
            rc = regex_skip_behind(parser, ')');
        } else if (parser->flags.extended && is_space(*parser->at)) {
            parser->at++;
        } else if (parser->flags.extended && *parser->at == '#') {
            /* A comment at the very end needs no line end. */
            if (regex_skip_behind(parser, '\n') != RC_OK) {
                parser->at = parser->end;
            }
        } else if (parser->flags.extended && (unsigned char)*parser->at >= 0x80) {
            return RC_UNSUPPORTED; /* may be one of Unicode's pattern white space */
        } else {
            break;
        }
    }
    return rc;
}

static bool read_number(struct regex_parser *parser, uint32_t *ret_number)
{
    uint32_t number = 0;
    const char *from = parser->at;

    while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9') {
        number = number * 10 + (uint32_t)(*parser->at++ - '0');
        if (number > REPEAT_MAX) {
            return false;
        }
    }
    if (parser->at == from) {
        return false;
    }
    *ret_number = number;
    return true;
}

/*
 * `{n}`, `{n,}`, `{n,m}`. Forms that only newer versions take as quantifiers (`{,m}`, blanks
 * inside) are unsupported; any other brace is a literal one, told by *ret_found = false.
 */
static enum rc parse_braces(struct regex_parser *parser, uint32_t *min, uint32_t *max,
                            bool *ret_found)
{
    const char *from = parser->at;
    const char *p = from + 1;

    while (p < parser->end && ((*p >= '0' && *p <= '9') || *p == ',' || *p == ' ' || *p == '\t')) {
        p++;
    }
    *ret_found = p < parser->end && *p == '}' && p > from + 1;
    if (!*ret_found) {
        return RC_OK;
    }
    parser->at++;
    if (!read_number(parser, min)) {
        return RC_UNSUPPORTED;
    }
    *max = *min;
    if (*parser->at == ',') {
        parser->at++;
        *max = REGEX_UNBOUNDED;
        if (*parser->at != '}' && !read_number(parser, max)) {
            return RC_UNSUPPORTED;
        }
    }
    if (*parser->at != '}') {
        return RC_UNSUPPORTED;
    }
    parser->at++;
    return RC_OK;
}

static bool at_simple_quantifier(const struct regex_parser *parser)
{
    return parser->at < parser->end && strchr("*+?", *parser->at) != NULL && *parser->at != '\0';
}

static enum rc parse_bounds(struct regex_parser *parser, uint32_t *min, uint32_t *max,
                            bool *ret_found)
{
    *ret_found = true;
    if (at_simple_quantifier(parser)) {
        *min = *parser->at == '+' ? 1 : 0;
        *max = *parser->at == '?' ? 1 : REGEX_UNBOUNDED;
        parser->at++;
        return RC_OK;
    }
    if (parser->at < parser->end && *parser->at == '{') {
        return parse_braces(parser, min, max, ret_found);
    }
    *ret_found = false;
    return RC_OK;
}

/* Wraps *node when a quantifier follows it. */
static enum rc parse_quantifier(struct regex_parser *parser, uint32_t *node)
{
    uint32_t min = 1;
    uint32_t max = 1;
    uint32_t repeat;
    bool found;
    enum rc rc = skip_nothing(parser);

    if (rc == RC_OK) {
        rc = parse_bounds(parser, &min, &max, &found);
    }
    if (rc != RC_OK || !found) {
        return rc;
    }
    if (parser->at < parser->end && (*parser->at == '?' || *parser->at == '+')) {
        parser->at++;
    }
    rc = regex_node_add(parser->tree, REGEX_REPEAT, &repeat);
    if (rc != RC_OK) {
        return rc;
    }
    parser->tree->nodes[repeat].min = min;
    parser->tree->nodes[repeat].max = max;
    parser->tree->nodes[repeat].child = *node;
    *node = repeat;
    rc = skip_nothing(parser);
    if (rc == RC_OK) {
        rc = parse_bounds(parser, &min, &max, &found);
    }
    /* A quantifier of a quantifier, `a+ ?` under x: PCRE2 refuses it, or versions differ. */
    return rc == RC_OK && found ? RC_UNSUPPORTED : rc;
}

static enum rc parse_literal(struct regex_parser *parser, uint32_t *ret_node)
{
    uint32_t code;
    size_t len = utf8_decode(span_of(parser->at, (size_t)(parser->end - parser->at)), &code);

    parser->at += len;
    return len == 0 ? RC_UNSUPPORTED : regex_char_add(parser, code, ret_node);
}

static enum rc parse_atom(struct regex_parser *parser, uint32_t *ret_node)
{
    switch (*parser->at) {
    case '(':
        return parse_group(parser, ret_node);
    case '[':
        return regex_parse_class(parser, ret_node);
    case '\\':
        return regex_parse_escape(parser, ret_node);
    case '.':
        parser->at++;
        return regex_node_add(parser->tree, REGEX_SET, ret_node);
    case '^':
    case '$':
        parser->at++;
        return regex_node_add(parser->tree, REGEX_EMPTY, ret_node);
    case '*':
    case '+':
    case '?':
        return RC_UNSUPPORTED;
    default:
        return parse_literal(parser, ret_node);
    }
}

/* A character that only stands for itself, and is no part of what could stand before it. */
static bool is_plain(char c)
{
    unsigned char u = (unsigned char)c;

    return (u >= '0' && u <= '9') || (u >= 'A' && u <= 'Z') || (u >= 'a' && u <= 'z') || u == ' ' ||
           u == '_' || u == ':' || u == '/' || u == '=' || u == '-';
}

/* Most of any pattern: such a character, and one behind it, so that no quantifier follows. */
static bool at_plain_literal(const struct regex_parser *parser)
{
    return parser->end - parser->at > 1 && !parser->flags.extended && is_plain(parser->at[0]) &&
           is_plain(parser->at[1]);
}

/* The next item of a sequence with its quantifier. *ret_found is false at the end of the sequence.
 */
static enum rc parse_item(struct regex_parser *parser, uint32_t *ret_node, bool *ret_found)
{
    enum rc rc = RC_OK;

    *ret_found = true;
    if (!parser->quoting && at_plain_literal(parser)) {
        return regex_char_add(parser, (unsigned char)*parser->at++, ret_node);
    }
    if (!parser->quoting) {
        rc = skip_nothing(parser);
        if (rc == RC_OK && starts(parser, "\\Q")) {
            parser->at += 2;
            parser->quoting = true;
        }
    }
    if (rc != RC_OK) {
        return rc;
    }
    if (parser->at == parser->end ||
        (!parser->quoting && strchr("|)", *parser->at) != NULL && *parser->at != '\0')) {
        *ret_found = false;
        return RC_OK;
    }
    rc = parser->quoting ? parse_literal(parser, ret_node) : parse_atom(parser, ret_node);
    if (parser->quoting && starts(parser, "\\E")) {
        parser->at += 2;
        parser->quoting = false;
    }
    if (rc == RC_OK && !parser->quoting) {
        rc = parse_quantifier(parser, ret_node);
    }
    return rc;
}

static enum rc parse_sequence(struct regex_parser *parser, uint32_t *ret_node)
{
    uint32_t last = REGEX_NONE;
    uint32_t item;
    bool found = true;
    enum rc rc = regex_node_add(parser->tree, REGEX_SEQUENCE, ret_node);

    while (rc == RC_OK && found) {
        rc = parse_item(parser, &item, &found);
        if (rc != RC_OK || !found) {
            break;
        }
        if (last == REGEX_NONE) {
            parser->tree->nodes[*ret_node].child = item;
        } else {
            parser->tree->nodes[last].next = item;
        }
        last = item;
    }
    return rc;
}

static enum rc parse_alternation(struct regex_parser *parser, uint32_t *ret_node)
{
    uint32_t last = REGEX_NONE;
    uint32_t branch;
    enum rc rc = parse_sequence(parser, &last);

    *ret_node = last;
    if (rc != RC_OK || parser->at == parser->end || *parser->at != '|') {
        return rc;
    }
    rc = regex_node_add(parser->tree, REGEX_ALTERNATION, ret_node);
    if (rc == RC_OK) {
        parser->tree->nodes[*ret_node].child = last;
    }
    while (rc == RC_OK && parser->at < parser->end && *parser->at == '|') {
        parser->at++;
        rc = parse_sequence(parser, &branch);
        if (rc == RC_OK) {
            parser->tree->nodes[last].next = branch;
            last = branch;
        }
    }
    return rc;
}

/* The rest of a group behind its opening; `kind` replaces what is inside, unless it is a sequence.
 */
static enum rc parse_inside(struct regex_parser *parser, enum regex_kind kind, uint32_t *ret_node)
{
    enum rc rc = parse_alternation(parser, ret_node);

    if (rc != RC_OK) {
        return rc;
    }
    if (parser->at == parser->end || *parser->at != ')') {
        return RC_UNSUPPORTED;
    }
    parser->at++;
    return kind == REGEX_SEQUENCE ? RC_OK : regex_node_add(parser->tree, kind, ret_node);
}

/* `(?flags)` and `(?flags:...)`; the parser stands behind the question mark. flags set by the first
 * form outlive this call. */
static enum rc parse_flags(struct regex_parser *parser, bool *ret_inside)
{
    bool on = true;

    if (parser->at < parser->end && *parser->at == '^') {
        parser->flags = (struct regex_flags){0};
        parser->at++;
    }
    for (; parser->at < parser->end; parser->at++) {
        switch (*parser->at) {
        case '-':
            on = false;
            break;
        case 'i':
            parser->flags.caseless = on;
            break;
        case 'x':
            parser->flags.extended = on;
            break;
        case 'J':
        case 'U':
        case 'm':
        case 'n':
        case 's':
            break;
        case ':':
        case ')':
            *ret_inside = *parser->at == ':';
            parser->at++;
            return RC_OK;
        default:
            return RC_UNSUPPORTED;
        }
    }
    return RC_UNSUPPORTED;
}

/* `(?(condition)yes|no)`: which branch is taken is unknown, and so is what it needs. */
static enum rc parse_conditional(struct regex_parser *parser, uint32_t *ret_node)
{
    enum rc rc;

    if (starts(parser, "(?")) {
        rc = parse_group(parser, ret_node);
    } else {
        rc = starts(parser, "(*") ? RC_UNSUPPORTED : regex_skip_behind(parser, ')');
    }
    return rc != RC_OK ? rc : parse_inside(parser, REGEX_UNKNOWN, ret_node);
}

static bool at_call(const struct regex_parser *parser)
{
    const char *p = parser->at;

    if (p < parser->end && (*p == '+' || *p == '-')) {
        p++;
    }
    return p < parser->end &&
           ((*p >= '0' && *p <= '9') || (p == parser->at && (*p == 'R' || *p == '&')));
}

/* What follows `(?`. */
static enum rc parse_special(struct regex_parser *parser, uint32_t *ret_node)
{
    static const char *const looks[] = {"=", "!", "*", "<=", "<!", "<*"};
    static const char *const groups[] = {":", "|", ">"};
    bool inside;
    enum rc rc;

    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        if (starts(parser, looks[i])) {
            parser->at += strlen(looks[i]);
            return parse_inside(parser, REGEX_EMPTY, ret_node);
        }
    }
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (starts(parser, groups[i])) {
            parser->at++;
            return parse_inside(parser, REGEX_SEQUENCE, ret_node);
        }
    }
    if (starts(parser, "(")) {
        return parse_conditional(parser, ret_node);
    }
    if (starts(parser, "<") || starts(parser, "P<") || starts(parser, "'")) {
        char close = *parser->at == '\'' ? '\'' : '>';
        parser->at++;
        rc = regex_skip_behind(parser, close);
        return rc != RC_OK ? rc : parse_inside(parser, REGEX_SEQUENCE, ret_node);
    }
    if (at_call(parser) || starts(parser, "P>") || starts(parser, "P=")) {
        rc = regex_skip_behind(parser, ')');
        return rc != RC_OK ? rc : regex_node_add(parser->tree, REGEX_UNKNOWN, ret_node);
    }
    rc = parse_flags(parser, &inside);
    if (rc != RC_OK) {
        return rc;
    }
    return inside ? parse_inside(parser, REGEX_SEQUENCE, ret_node)
                  : regex_node_add(parser->tree, REGEX_EMPTY, ret_node);
}

/* Whether the group at the parser's place is `(?flags)`, whose flags outlive it. */
static bool is_flag_setting(const struct regex_parser *parser)
{
    const char *p = parser->at + 2;

    if (!starts(parser, "(?")) {
        return false;
    }
    while (p < parser->end && strchr("^-imsxnJU", *p) != NULL && *p != '\0') {
        p++;
    }
    return p < parser->end && *p == ')';
}

static enum rc parse_group(struct regex_parser *parser, uint32_t *ret_node)
{
    struct regex_flags outer = parser->flags;
    bool keep = is_flag_setting(parser);
    enum rc rc;

    if (++parser->depth > REGEX_NESTING_MAX || starts(parser, "(*")) {
        return RC_UNSUPPORTED;
    }
    if (starts(parser, "(?")) {
        parser->at += 2;
        rc = parse_special(parser, ret_node);
    } else {
        parser->at++;
        rc = parse_inside(parser, REGEX_SEQUENCE, ret_node);
    }
    parser->depth--;
    if (!keep) {
        parser->flags = outer;
    }
    return rc;
}

enum rc regex_tree_parse(struct regex_tree *tree, struct span pattern)
{
    struct regex_parser parser = {
        .tree = tree, .at = pattern.ptr, .end = pattern.ptr + pattern.len};
    enum rc rc;

    *tree = (struct regex_tree){0};
    if (pattern.len == 0) {
        return RC_UNSUPPORTED;
    }
    rc = parse_alternation(&parser, &tree->root);
    if (rc == RC_OK && parser.at != parser.end) {
        rc = RC_UNSUPPORTED;
    }
    if (rc != RC_OK) {
        regex_tree_fini(tree);
    }
    return rc;
}

void regex_tree_fini(struct regex_tree *tree)
{
    tree->nodes = mem_free(tree->nodes);
    tree->n = 0;
    tree->cap = 0;
}
