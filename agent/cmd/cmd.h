/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one file a subcommand, a table over them (cmd.c), one way to read options
 * (args.h). Results go to stdout, everything else to stderr.
 */
#ifndef GPUERR_CMD_CMD_H
#define GPUERR_CMD_CMD_H

/* Exit statuses; a contract. */
enum cmd_status {
    CMD_OK = 0,
    CMD_FOUND = 1,      /* scan found a diagnosis; check, kb lint or kb test found a fault */
    CMD_USAGE = 2,      /* the command line or the configuration is wrong */
    CMD_UNREADABLE = 3, /* an input could not be read */
};

struct args;

struct cmd {
    const char *name;
    const char *synopsis; /* behind the name */
    const char *summary;  /* one line */
    const char *help;     /* what --help says besides the options; may be NULL */
    enum cmd_status (*run)(const struct args *args);
};

extern const struct cmd cmd_run;
extern const struct cmd cmd_exec;
extern const struct cmd cmd_scan;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_kb;
extern const struct cmd cmd_check;

/* The whole program: finds the subcommand (none: run), reads the options, runs it. */
enum cmd_status cmd_main(int argc, char **argv);

#endif
