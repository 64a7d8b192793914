/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the subcommand, reads its options, prints help, and turns errors into exit statuses. */
#include "cmd/cmd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/nearest.h"
#include "cmd/args.h"
#include "cmd/output.h"
#include "kb/kb_builtin.h"

static const struct cmd *const cmds[] = {&cmd_run,     &cmd_exec, &cmd_scan,
                                         &cmd_explain, &cmd_kb,   &cmd_check};

#define CMD_COUNT (sizeof(cmds) / sizeof(cmds[0]))

static const struct cmd *find_cmd(const char *name)
{
    for (size_t i = 0; i < CMD_COUNT; i++) {
        if (strcmp(cmds[i]->name, name) == 0) {
            return cmds[i];
        }
    }
    return NULL;
}

static enum cmd_status unknown_cmd(const char *name)
{
    struct nearest nearest;

    nearest_init(&nearest, span_str(name));
    for (size_t i = 0; i < CMD_COUNT; i++) {
        nearest_offer(&nearest, span_str(cmds[i]->name));
    }
    if (nearest.best.ptr != NULL) {
        log_error("unknown command %s (did you mean %.*s?)", name, (int)nearest.best.len,
                  nearest.best.ptr);
    } else {
        log_error("unknown command %s (run, exec, scan, explain, kb or check; to watch a file: "
                  "--follow FILE)",
                  name);
    }
    return CMD_USAGE;
}

static enum cmd_status print_help(const struct cmd *cmd)
{
    struct buf out;

    buf_init(&out, (size_t)64 * 1024);
    if (cmd == &cmd_run) {
        buf_add_str(&out,
                    "gpuerr-agent watches GPU job logs and says why the job is failing.\n\nUsage:\n"
                    "  gpuerr-agent --follow PATTERN... [OPTIONS]\n");
        for (size_t i = 0; i < CMD_COUNT; i++) {
            buf_printf(&out, "  gpuerr-agent %s %s\n", cmds[i]->name, cmds[i]->synopsis);
        }
        buf_add_str(&out, "\n");
        args_print_options(&out);
    } else {
        buf_printf(&out, "Usage: gpuerr-agent %s %s\n\n%s\n%s", cmd->name, cmd->synopsis,
                   cmd->summary, cmd->help != NULL ? cmd->help : "");
        buf_add_str(&out, "\nOptions: gpuerr-agent --help\n");
    }
    buf_add_str(
        &out, cmd == &cmd_run
                  ? "Exit status: 0 well, 1 found something, 2 usage, 3 unreadable input. Manual: "
                    "man gpuerr-agent\n"
                  : "");
    (void)output_print(&out); /* nowhere to say that stdout is gone */
    buf_fini(&out);
    return CMD_OK;
}

static enum cmd_status print_version(void)
{
    printf("gpuerr-agent %s, knowledge base of %zu entries (%s)\n", GPUERR_VERSION, kb_builtin.n,
           kb_builtin.hash);
    return CMD_OK;
}

enum cmd_status cmd_main(int argc, char **argv)
{
    const struct cmd *cmd = &cmd_run;
    int skip = 1;
    struct args args;
    struct err err;
    enum cmd_status status;

    /* Without TZ, libc looks at /etc/localtime again for every local time stamp that is read. */
    if (getenv("TZ") == NULL) {
        (void)setenv("TZ", ":/etc/localtime", 1); /* only costs speed when it fails */
    }
    /* A reader who has gone is an error of write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && argv[1][0] != '-') {
        cmd = find_cmd(argv[1]);
        if (cmd == NULL) {
            return unknown_cmd(argv[1]);
        }
        skip = 2;
    }
    err_clear(&err);
    if (args_parse(&args, argc - skip, argv + skip, &err) != RC_OK) {
        log_err(LOG_ERROR, &err);
        /* check's business is to say whether a configuration is right: a wrong one is its finding.
         */
        status = cmd == &cmd_check && args.config_path != NULL ? CMD_FOUND : CMD_USAGE;
    } else if (args.help) {
        status = print_help(cmd);
    } else if (args.version) {
        status = print_version();
    } else {
        log_set_level(args.config->log_level);
        status = cmd->run(&args);
    }
    args_fini(&args);
    return status;
}
