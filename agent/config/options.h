/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every setting, once: the row of a setting here is its long option, its GPUERR_* variable, its key
 * in the YAML file, its line in
 * --help and its type.
 */
#ifndef GPUERR_CONFIG_OPTIONS_H
#define GPUERR_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum config_kind {
    CONFIG_FLAG,     /* true where given; in the file true or false */
    CONFIG_NOT_FLAG, /* the option turns off what the file's key turns on */
    CONFIG_TEXT,
    CONFIG_LIST, /* repeatable */
    CONFIG_LABELS,
    CONFIG_ENUM,
    CONFIG_NAME, /* as CONFIG_ENUM, kept as the word itself */
    CONFIG_FRACTION,
    CONFIG_SIZE,     /* `64KiB`, `1MiB`, bytes */
    CONFIG_DURATION, /* `500ms`, `10s`, `5m` */
};

struct config_option {
    const char *name;    /* long option without dashes */
    const char *yaml;    /* `section.key`, or `section` for labels */
    const char *metavar; /* NULL: takes no value */
    const char *group;   /* heading in --help */
    const char *help;
    enum config_kind kind;
    size_t offset; /* in struct config */
    const char *const
        *values; /* the words of an enum in the order of its constants, NULL at the end */
};

extern const struct config_option config_options[];
extern const size_t config_option_count;

/* The row of that name, or NULL. */
const struct config_option *config_option_find(const char *name);

#endif
