/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the text of a condition, for checking and for evaluating: the reader of comparisons
 * is shared, what is done with each differs. Conditions are a few words long and looked at once an
 * event, so nothing is compiled or kept.
 */
#include "kb/kb_when.h"

#include <math.h>
#include <stdlib.h>

struct comparison {
    struct span left;
    struct span op;
    struct span right_name; /* absent: right_number */
    double right_number;
};

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct span skip_spaces(struct span s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = span_from(s, 1);
    }
    return s;
}

static struct span take_name(struct span *rest)
{
    size_t n = 0;
    struct span name;

    while (n < rest->len && is_name_byte(rest->ptr[n])) {
        n++;
    }
    name = span_of(rest->ptr, n);
    *rest = skip_spaces(span_from(*rest, n));
    return name;
}

static struct span take_op(struct span *rest)
{
    static const struct span ops[] = {SPAN_LIT("<="), SPAN_LIT(">="), SPAN_LIT("=="),
                                      SPAN_LIT("!="), SPAN_LIT("<"),  SPAN_LIT(">")};

    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (span_starts(*rest, ops[i])) {
            *rest = skip_spaces(span_from(*rest, ops[i].len));
            return ops[i];
        }
    }
    return (struct span){0};
}

static bool starts_number(struct span s)
{
    size_t sign = s.len > 0 && s.ptr[0] == '-' ? 1 : 0;

    return s.len > sign && is_digit(s.ptr[sign]);
}

/* Digits with an optional sign and fraction. Commas between thousands are skipped. */
static bool take_number(struct span *rest, double *ret_value)
{
    double value = 0;
    double place = 0; /* of the next digit behind the point; 0 before it */
    bool negative = span_starts(*rest, span_str("-"));
    size_t i = negative ? 1 : 0;

    if (!starts_number(*rest)) {
        return false;
    }
    for (; i < rest->len; i++) {
        char c = rest->ptr[i];
        bool digit_follows = i + 1 < rest->len && is_digit(rest->ptr[i + 1]);
        if (is_digit(c) && place == 0) {
            value = value * 10 + (c - '0');
        } else if (is_digit(c)) {
            value += (c - '0') * place;
            place /= 10;
        } else if (c == '.' && place == 0 && digit_follows) {
            place = 0.1;
        } else if (c != ',' || place != 0 || !digit_follows) {
            break;
        }
    }
    *rest = skip_spaces(span_from(*rest, i));
    *ret_value = negative ? -value : value;
    return isfinite(value);
}

/* The factor of a unit, 1 for none, 0 for one that is not known. */
static double unit_factor(struct span unit)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {
        {"", 1},
        {"B", 1},
        {"bytes", 1},
        {"byte", 1},
        {"KiB", 1024.0},
        {"MiB", 1024.0 * 1024},
        {"GiB", 1024.0 * 1024 * 1024},
        {"TiB", 1024.0 * 1024 * 1024 * 1024},
        {"KB", 1e3},
        {"kB", 1e3},
        {"MB", 1e6},
        {"GB", 1e9},
        {"TB", 1e12},
        {"K", 1024.0},
        {"M", 1024.0 * 1024},
        {"G", 1024.0 * 1024 * 1024},
        {"T", 1024.0 * 1024 * 1024 * 1024},
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (span_eq_str(unit, units[i].name)) {
            return units[i].factor;
        }
    }
    return 0;
}

/* A number and its unit; false when it is neither. */
static bool take_quantity(struct span *rest, double *ret_value)
{
    double value;
    double factor;

    if (!take_number(rest, &value)) {
        return false;
    }
    factor = unit_factor(take_name(rest));
    *ret_value = value * factor;
    return factor > 0;
}

/* Reads one comparison from *rest; NULL, or what is wrong. */
static const char *take_comparison(struct span *rest, struct comparison *ret_comparison)
{
    struct comparison comparison = {0};

    *rest = skip_spaces(*rest);
    if (starts_number(*rest)) {
        return "the left side is not a capture";
    }
    comparison.left = take_name(rest);
    if (comparison.left.len == 0) {
        return "a capture is missing";
    }
    comparison.op = take_op(rest);
    if (comparison.op.ptr == NULL) {
        return "< <= > >= == or != is missing";
    }
    if (starts_number(*rest)) {
        if (!take_quantity(rest, &comparison.right_number)) {
            return "the number's unit is not one of B KiB MiB GiB TiB KB MB GB TB K M G T";
        }
    } else {
        comparison.right_name = take_name(rest);
        if (comparison.right_name.len == 0) {
            return "a capture or a number is missing";
        }
    }
    *ret_comparison = comparison;
    return NULL;
}

/* Goes over "&&" to the next comparison; false at the end or at something else (then rest is not
 * empty). */
static bool take_and(struct span *rest)
{
    if (!span_starts(*rest, (struct span)SPAN_LIT("&&"))) {
        return false;
    }
    *rest = skip_spaces(span_from(*rest, 2));
    return true;
}

static bool captured_number(const struct capture_list *captures, struct span name,
                            double *ret_value)
{
    for (size_t i = 0; i < captures->n; i++) {
        if (span_eq(captures->items[i].name, name)) {
            struct span value = skip_spaces(captures->items[i].value);
            return take_quantity(&value, ret_value) && value.len == 0;
        }
    }
    return false;
}

static bool holds(const struct comparison *comparison, const struct capture_list *captures)
{
    double left;
    double right = comparison->right_number;
    bool equal_wanted = comparison->op.len == 2;

    if (!captured_number(captures, comparison->left, &left) ||
        (comparison->right_name.ptr != NULL &&
         !captured_number(captures, comparison->right_name, &right))) {
        return false;
    }
    switch (comparison->op.ptr[0]) {
    case '<':
        return left < right || (equal_wanted && left == right);
    case '>':
        return left > right || (equal_wanted && left == right);
    case '!':
        return left != right;
    default:
        return left == right;
    }
}

enum kb_when_result kb_when_eval(struct span when, const struct capture_list *captures)
{
    struct span rest = when;

    if (when.ptr == NULL || captures == NULL) {
        return KB_WHEN_ALWAYS;
    }
    do {
        struct comparison comparison;
        if (take_comparison(&rest, &comparison) != NULL || !holds(&comparison, captures)) {
            return KB_WHEN_FALSE;
        }
    } while (take_and(&rest));
    return rest.len == 0 ? KB_WHEN_TRUE : KB_WHEN_FALSE;
}

static enum rc check_name(struct span name, const struct span *names, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (span_eq(names[i], name)) {
            return RC_OK;
        }
    }
    return err_set(err, RC_INVALID, "\"%.*s\" is not a capture of this entry", (int)name.len,
                   name.ptr);
}

enum rc kb_when_check(struct span when, const struct span *names, size_t n, struct err *err)
{
    struct span rest = when;

    do {
        struct comparison comparison;
        const char *fault = take_comparison(&rest, &comparison);
        enum rc rc = fault == NULL
                         ? check_name(comparison.left, names, n, err)
                         : err_set(err, RC_INVALID, "%s at byte %zu", fault, when.len - rest.len);
        if (rc == RC_OK && comparison.right_name.ptr != NULL) {
            rc = check_name(comparison.right_name, names, n, err);
        }
        if (rc != RC_OK) {
            return rc;
        }
    } while (take_and(&rest));
    return rest.len == 0
               ? RC_OK
               : err_set(err, RC_INVALID, "&& is missing at byte %zu", when.len - rest.len);
}
