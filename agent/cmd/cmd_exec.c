/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: runs a program and watches what it prints. Its output, signals and exit status pass through
 * as if the agent were not there; what is diagnosed goes to stderr, or to --output.
 */
#include <unistd.h>

#include "base/log.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "pipeline/follow.h"
#include "pipeline/knowledge.h"

/* Those of env(1), timeout(1) and the shell. */
#define STATUS_DENIED      126
#define STATUS_NOT_FOUND   127
#define STATUS_SIGNAL(n)   (128 + (n))
#define STATUS_NOT_STARTED 125

static int watch(const struct args *args, const struct knowledge *knowledge)
{
    struct follow_program program = {.argv = args->words};
    struct output output;
    struct err err;
    enum rc rc;

    err_clear(&err);
    rc = output_open(args->config, STDERR_FILENO, &output, &err);
    if (rc == RC_OK) {
        rc = follow_run(args->config, knowledge, &output.to, span_str(output.host), &program, &err);
        output_close(&output);
    }
    if (rc != RC_OK) {
        log_err(LOG_ERROR, &err);
    }
    if (program.ret_signum != 0) {
        return STATUS_SIGNAL(program.ret_signum);
    }
    if (program.ret_status != 0 || rc == RC_OK) {
        return program.ret_status;
    }
    return rc == RC_NOT_FOUND ? STATUS_NOT_FOUND
           : rc == RC_DENIED  ? STATUS_DENIED
                              : STATUS_NOT_STARTED;
}

static enum cmd_status run(const struct args *args)
{
    struct knowledge knowledge;
    struct err err;
    int status;

    err_clear(&err);
    if (args->n_words == 0) {
        log_error("nothing to run (gpuerr-agent exec [OPTIONS] -- CMD...)");
        return CMD_USAGE;
    }
    if (knowledge_load(args->config, &knowledge, &err) != RC_OK) {
        log_err(LOG_ERROR, &err);
        return CMD_USAGE;
    }
    status = watch(args, &knowledge);
    knowledge_fini(&knowledge);
    return (enum cmd_status)status; /* the program's own, whatever it means there */
}

const struct cmd cmd_exec = {
    .name = "exec",
    .synopsis = "[OPTIONS] -- CMD...",
    .summary =
        "Runs a program and watches what it prints. Its output, signals and exit status pass "
        "through; diagnoses go to stderr, or to --output FILE.",
    .help =
        "Exit status: the program's; 128 and its number when a signal ended it; 126 or 127 when "
        "it cannot be run,\n125 when watching cannot be set up.\n",
    .run = run,
};
