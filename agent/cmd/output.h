/* SPDX-License-Identifier: Apache-2.0 */
/* Where a subcommand's results go and how they look, by configuration and terminal. */
#ifndef GPUERR_CMD_OUTPUT_H
#define GPUERR_CMD_OUTPUT_H

#include <stdbool.h>

#include "base/err.h"
#include "pipeline/follow.h"

struct config;

struct output {
    struct follow_output to;
    bool owns_fd;
    struct label *labels;
    char host[256];
};

/*
 * Opens config->output_path (created 0600, appended to, no link followed) or takes fd, stdout or
 * stderr; text on a terminal and on stderr, which is for people, else JSON, unless --format says;
 * colour only on a terminal, unless --color says, and never with NO_COLOR. RC_* with err naming the
 * path.
 */
enum rc output_open(const struct config *config, int fd, struct output *ret_output,
                    struct err *err) GPUERR_MUSTCHECK;
void output_close(struct output *output);

/* Format settings for text of a subcommand that prints to stdout. */
struct format_opts output_text_opts(const struct config *config);

/* Writes all of out to stdout; false when the reader has gone. */
bool output_print(const struct buf *out);

#endif
