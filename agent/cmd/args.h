/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a command line, read in the GNU way (`--name value`, `--name=value`, `--` ends
 * them, words and options in any order), laid over the configuration file and the environment. The
 * options themselves stand in config/options.c.
 */
#ifndef GPUERR_CMD_ARGS_H
#define GPUERR_CMD_ARGS_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"

struct cmd;

struct args {
    const struct config *config;
    const char *config_path; /* --config, or NULL */
    const char *line;        /* --line of explain, or NULL */
    bool help;
    bool version;
    const char **words; /* what is no option */
    size_t n_words;
    struct config_builder *builder; /* owns config */
};

/*
 * Reads argv (without the program's and the subcommand's name). RC_INVALID with a message and a
 * hint for what a person mistyped; an error of the configuration file carries its file. Ended by
 * args_fini, also after a failure.
 */
enum rc args_parse(struct args *args, int argc, char **argv, struct err *err) GPUERR_MUSTCHECK;
void args_fini(struct args *args);

/* The options' part of --help, one line each, in groups. */
void args_print_options(struct buf *out);

#endif
