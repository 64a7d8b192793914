/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished configuration: built-in values, then the file, then GPUERR_* variables, then the
 * command line, later ones winning. Immutable once built. Stages never see it: pipeline/ hands each
 * its own opts.
 */
#ifndef GPUERR_CONFIG_CONFIG_H
#define GPUERR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/span.h"

/* A list of terminated strings, owned by the configuration. */
struct string_list {
    const char **items;
    size_t n;
};

struct config_label {
    const char *key;
    const char *value;
};

enum config_from {
    CONFIG_FROM_END,
    CONFIG_FROM_START,
};

enum config_format {
    CONFIG_FORMAT_AUTO, /* text on a terminal, else json */
    CONFIG_FORMAT_JSON,
    CONFIG_FORMAT_TEXT,
};

enum config_color {
    CONFIG_COLOR_AUTO,
    CONFIG_COLOR_ALWAYS,
    CONFIG_COLOR_NEVER,
};

enum config_lang {
    CONFIG_LANG_EN,
    CONFIG_LANG_ZH,
};

/* What an option whose value may be left out has then, and in the file. */
#define CONFIG_DEFAULT_WORD "default"

/* A time that nobody has set. */
#define CONFIG_UNSET_MS UINT32_MAX

struct config {
    /* inputs */
    struct string_list follow;
    struct string_list exclude;
    bool follow_stdin;
    struct string_list journal;    /* matches, CONFIG_DEFAULT_WORD for all; none: not asked for */
    const char *journal_dir;       /* NULL: the system's */
    const char *journal_namespace; /* NULL: the default one */
    const char *kmsg_path;         /* CONFIG_DEFAULT_WORD: /dev/kmsg; NULL: not asked for */
    const char *journal_native;    /* NULL: not asked for */
    struct string_list syslog;
    enum config_from from;
    /* knowledge */
    struct string_list kb_paths;
    bool builtin_kb;
    bool strict;
    const char *rules_path; /* NULL: the shipped pack */
    /* output */
    const char *output_path; /* NULL: stdout */
    enum config_format format;
    enum config_color color;
    enum config_lang lang;
    const char *min_severity; /* NULL: all */
    double min_confidence;
    uint32_t repeat_ms; /* CONFIG_UNSET_MS: as the rules say; 0: every match is told */
    struct config_label *labels;
    size_t n_labels;
    const char *state_dir; /* NULL: nothing survives the end */
    /* limits */
    uint64_t max_record_bytes;
    uint32_t shutdown_ms; /* how long a stop may take to read inputs to their end */
    enum log_level log_level;
};

/* Collects the layers; owns the strings of the finished configuration. */
struct config_builder;

enum rc config_builder_new(struct config_builder **ret_builder) GPUERR_MUSTCHECK;
struct config_builder *config_builder_free(struct config_builder *builder);

/*
 * Layers, to be applied weakest first. The file is strict: an unknown key, a duplicate, a wrong
 * type is RC_INVALID with file, line, column and the nearest known key. `${VAR}` in a string is
 * replaced from the environment and is an error when unset.
 */
enum rc config_apply_file(struct config_builder *builder, const char *path,
                          struct err *err) GPUERR_MUSTCHECK;
enum rc config_apply_env(struct config_builder *builder, char *const *environ_list,
                         struct err *err) GPUERR_MUSTCHECK;
/* One setting by the name of its long option without dashes ("follow", "min-severity"); value NULL
 * for a flag. */
enum rc config_apply_option(struct config_builder *builder, const char *option, const char *value,
                            struct err *err) GPUERR_MUSTCHECK;

/* Behind all layers: labels that nobody has given and the surroundings know (env_labels.h). */
enum rc config_add_env_labels(struct config_builder *builder, char *const *environ_list,
                              struct err *err) GPUERR_MUSTCHECK;

/* The result; lives as long as the builder. Fails when settings contradict each other. */
enum rc config_finish(struct config_builder *builder, const struct config **ret_config,
                      struct err *err) GPUERR_MUSTCHECK;

/* The effective configuration as YAML that config_apply_file reads to the same result. */
void config_write_yaml(const struct config *config, struct buf *out);

#endif
