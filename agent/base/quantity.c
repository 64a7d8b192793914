/* SPDX-License-Identifier: Apache-2.0 */
/* See quantity.h. The digits are checked before strtod sees them, which would take hexadecimal,
 * exponents and names, too. */
#include "base/quantity.h"

#include <stdlib.h>

struct unit {
    const char *name;
    double factor;
};

static size_t number_len(struct span text)
{
    size_t n = 0;

    while (n < text.len && ((text.ptr[n] >= '0' && text.ptr[n] <= '9') || text.ptr[n] == '.')) {
        n++;
    }
    return n;
}

static enum rc parse(struct span text, const struct unit *units, size_t n, double *ret_value)
{
    char number[64];
    size_t len = number_len(text);
    char *end;
    double value;

    if (len == 0 || len >= sizeof(number) || text.ptr[0] == '.') {
        return RC_INVALID;
    }
    memcpy(number, text.ptr, len);
    number[len] = '\0';
    value = strtod(number, &end);
    if (*end != '\0') {
        return RC_INVALID;
    }
    for (size_t i = 0; i < n; i++) {
        if (span_eq_str(span_from(text, len), units[i].name)) {
            *ret_value = value * units[i].factor;
            return RC_OK;
        }
    }
    return RC_INVALID;
}

enum rc quantity_parse_number(struct span text, double *ret_value)
{
    static const struct unit units[] = {{"", 1}};

    return parse(text, units, 1, ret_value);
}

enum rc quantity_parse_bytes(struct span text, uint64_t *ret_bytes)
{
    static const struct unit units[] = {
        {"", 1},     {"B", 1},    {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
        {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
    double value;
    enum rc rc = parse(text, units, sizeof(units) / sizeof(units[0]), &value);

    if (rc == RC_OK && value >= 1e18) {
        rc = RC_TOO_BIG;
    }
    if (rc == RC_OK) {
        *ret_bytes = (uint64_t)value;
    }
    return rc;
}

enum rc quantity_parse_duration(struct span text, int64_t *ret_ns)
{
    static const struct unit units[] = {
        {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
    double value;
    enum rc rc;

    if (span_eq_str(text, "0")) {
        *ret_ns = 0;
        return RC_OK;
    }
    rc = parse(text, units, sizeof(units) / sizeof(units[0]), &value);
    if (rc == RC_OK && value > 36500.0 * 86400e9) {
        rc = RC_TOO_BIG;
    }
    if (rc == RC_OK) {
        *ret_ns = (int64_t)value;
    }
    return rc;
}
