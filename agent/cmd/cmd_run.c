/* SPDX-License-Identifier: Apache-2.0 */
/* run: follows the inputs of the configuration until told to stop. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "pipeline/follow.h"
#include "pipeline/inputs.h"
#include "pipeline/knowledge.h"

static enum cmd_status follow(const struct config *config, const struct knowledge *knowledge,
                              struct err *err)
{
    struct output output;
    enum rc rc = output_open(config, STDOUT_FILENO, &output, err);

    if (rc == RC_OK) {
        rc = follow_run(config, knowledge, &output.to, span_str(output.host), NULL, err);
        output_close(&output);
    }
    if (rc != RC_OK) {
        log_err(LOG_ERROR, err);
    }
    return rc == RC_OK ? CMD_OK : CMD_USAGE;
}

/* Every followed file holds a descriptor; the usual soft limit of 1,024 is far below the hard one.
 */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            log_info("the limit of open files stays as it is: %s", strerror(errno));
        }
    }
}

static enum cmd_status run(const struct args *args)
{
    struct knowledge knowledge;
    struct err err;
    enum cmd_status status;

    err_clear(&err);
    if (args->n_words > 0) {
        log_error("unexpected word %s (to watch a file: --follow %s)", args->words[0],
                  args->words[0]);
        return CMD_USAGE;
    }
    if (args->config->follow.n == 0 && !args->config->follow_stdin &&
        !inputs_wanted(args->config)) {
        log_error("nothing to watch (give --follow FILE, --journal, --kmsg, --stdin or --config "
                  "FILE; gpuerr-agent --help)");
        return CMD_USAGE;
    }
    if (knowledge_load(args->config, &knowledge, &err) != RC_OK) {
        log_err(LOG_ERROR, &err);
        return CMD_USAGE;
    }
    raise_descriptor_limit();
    status = follow(args->config, &knowledge, &err);
    knowledge_fini(&knowledge);
    return status;
}

const struct cmd cmd_run = {
    .name = "run",
    .synopsis = "--config FILE",
    .summary = "Follows inputs and prints a diagnosis for every failure.",
    .run = run,
};
