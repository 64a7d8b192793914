/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regexes come from files that anybody may have written. Refused are, besides what PCRE2 refuses:
 * verbs `(*...)`, which could raise our limits or change what a match is; callouts; \C, which
 * splits characters; patterns whose compiled form is larger than a log message can need; and those
 * that match nothing at all, since they would match every line.
 */
#include "kb/kb_regex_internal.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

#define OPTIONS            (PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C)
#define PATTERN_BYTES_MAX  4096
#define COMPILED_BYTES_MAX ((size_t)256 * 1024)
#define MATCH_LIMIT        1000000
#define DEPTH_LIMIT        100000
#define HEAP_LIMIT_KIB     20000

struct kb_regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static void *on_malloc(size_t size, void *ctx)
{
    (void)ctx;
    return mem_calloc(1, size);
}

static void on_free(void *block, void *ctx)
{
    (void)ctx;
    mem_free(block);
}

static enum rc refuse_at(struct err *err, size_t at, const char *reason)
{
    return err_set(err, RC_INVALID, "%s at byte %zu", reason, at);
}

/* Looks for verbs and callouts outside classes, quotes and comments. */
static enum rc check_syntax(struct span p, struct err *err)
{
    bool in_class = false;
    bool quoted = false;

    for (size_t i = 0; i < p.len; i++) {
        struct span rest = span_from(p, i);
        if (quoted) {
            quoted = !span_starts(rest, span_str("\\E"));
        } else if (p.ptr[i] == '\\') {
            quoted = span_starts(rest, span_str("\\Q"));
            i++;
        } else if (in_class && span_starts(rest, span_str("[:"))) {
            /* A POSIX class; its closing bracket does not end the class that it stands in. */
            const char *end = span_find(rest, span_str(":]"));
            i += end != NULL ? (size_t)(end - rest.ptr) + 1 : 0;
        } else if (in_class) {
            in_class = p.ptr[i] != ']';
        } else if (p.ptr[i] == '[') {
            in_class = true;
            /* A ']' that comes first stands for itself. */
            i += span_starts(rest, span_str("[]")) ? 1 : span_starts(rest, span_str("[^]")) ? 2 : 0;
        } else if (span_starts(rest, span_str("(?#"))) {
            while (i < p.len && p.ptr[i] != ')') {
                i++;
            }
        } else if (span_starts(rest, span_str("(*"))) {
            return refuse_at(err, i, "a verb (*...)");
        } else if (span_starts(rest, span_str("(?C"))) {
            return refuse_at(err, i, "a callout (?C)");
        }
    }
    return RC_OK;
}

static enum rc compile(struct kb_regex *regex, struct span pattern, struct err *err)
{
    pcre2_general_context *general = pcre2_general_context_create(on_malloc, on_free, NULL);
    pcre2_compile_context *compile = NULL;
    int error = PCRE2_ERROR_HEAP_FAILED;
    PCRE2_SIZE offset = 0;
    PCRE2_UCHAR message[160];

    if (general != NULL) {
        compile = pcre2_compile_context_create(general);
        regex->limits = pcre2_match_context_create(general);
    }
    if (compile != NULL && regex->limits != NULL) {
        regex->code =
            pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, OPTIONS, &error, &offset, compile);
    }
    if (regex->code != NULL) {
        regex->data = pcre2_match_data_create_from_pattern(regex->code, general);
    }
    pcre2_compile_context_free(compile);
    pcre2_general_context_free(general);
    if (regex->code != NULL && regex->data != NULL) {
        return RC_OK;
    }
    if (regex->code != NULL || error == PCRE2_ERROR_HEAP_FAILED) {
        return RC_NOMEM;
    }
    (void)pcre2_get_error_message(error, message, sizeof(message));
    return refuse_at(err, offset, (const char *)message);
}

static enum rc check_compiled(const struct kb_regex *regex, struct err *err)
{
    size_t size = 0;
    uint32_t may_be_empty = 0;
    struct span names[MATCH_CAPTURES_MAX];

    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_SIZE, &size);
    if (size > COMPILED_BYTES_MAX) {
        return err_set(err, RC_INVALID, "too large when compiled: %zu bytes", size);
    }
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_MATCHEMPTY, &may_be_empty);
    if (may_be_empty != 0 || kb_regex_run(regex, span_str("")) == KB_REGEX_MATCHES) {
        return err_set(err, RC_INVALID, "matches the empty string");
    }
    if (kb_regex_names(regex, names) > MATCH_CAPTURES_MAX) {
        return err_set(err, RC_INVALID, "more than %d named groups", MATCH_CAPTURES_MAX);
    }
    return RC_OK;
}

enum rc kb_regex_new(struct span pattern, struct kb_regex **ret_regex, struct err *err)
{
    struct kb_regex *regex;
    enum rc rc;

    if (pattern.len > PATTERN_BYTES_MAX) {
        return err_set(err, RC_INVALID, "longer than %d bytes", PATTERN_BYTES_MAX);
    }
    rc = check_syntax(pattern, err);
    if (rc != RC_OK) {
        return rc;
    }
    regex = mem_calloc(1, sizeof(*regex));
    rc = regex != NULL ? compile(regex, pattern, err) : RC_NOMEM;
    if (rc == RC_OK) {
        (void)pcre2_set_match_limit(regex->limits, MATCH_LIMIT);
        (void)pcre2_set_depth_limit(regex->limits, DEPTH_LIMIT);
        (void)pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
        rc = check_compiled(regex, err);
    }
    if (rc != RC_OK) {
        kb_regex_free(regex);
        return rc;
    }
    *ret_regex = regex;
    return RC_OK;
}

struct kb_regex *kb_regex_free(struct kb_regex *regex)
{
    if (regex != NULL) {
        pcre2_match_data_free(regex->data);
        pcre2_match_context_free(regex->limits);
        pcre2_code_free(regex->code);
    }
    return mem_free(regex);
}

size_t kb_regex_names(const struct kb_regex *regex, struct span names[MATCH_CAPTURES_MAX])
{
    PCRE2_SPTR row = NULL;
    uint32_t n_rows = 0;
    uint32_t row_size = 0;
    size_t n = 0;

    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &n_rows);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &row);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &row_size);
    /* The rows are sorted by name; with (?J) a name has several. */
    for (uint32_t i = 0; i < n_rows; i++, row += row_size) {
        struct span name = span_str((const char *)row + 2);
        if (n > 0 && n <= MATCH_CAPTURES_MAX && span_eq(names[n - 1], name)) {
            continue;
        }
        if (n < MATCH_CAPTURES_MAX) {
            names[n] = name;
        }
        n++;
    }
    return n;
}

enum kb_regex_result kb_regex_run(const struct kb_regex *regex, struct span text)
{
    int n =
        pcre2_match(regex->code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, regex->data, regex->limits);

    return n >= 0                     ? KB_REGEX_MATCHES
           : n == PCRE2_ERROR_NOMATCH ? KB_REGEX_DIFFERS
                                      : KB_REGEX_STOPPED;
}
