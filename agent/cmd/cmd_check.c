/* SPDX-License-Identifier: Apache-2.0 */
/* check: whether configuration, rules and KB are right, and what they come to. Reading the options
 * has checked the configuration. */
#include "base/log.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "kb/kb.h"
#include "pipeline/knowledge.h"
#include "rules/rules.h"

static enum cmd_status run(const struct args *args)
{
    struct knowledge knowledge;
    struct buf out;
    struct err err;

    err_clear(&err);
    if (args->n_words > 0) {
        log_error("unexpected word %s (gpuerr-agent check --config %s)", args->words[0],
                  args->words[0]);
        return CMD_USAGE;
    }
    if (knowledge_load(args->config, &knowledge, &err) != RC_OK) {
        log_err(LOG_ERROR, &err);
        return CMD_FOUND;
    }
    buf_init(&out, (size_t)1024 * 1024);
    config_write_yaml(args->config, &out);
    buf_printf(&out, "# knowledge base: %zu entries\n", kb_count(knowledge.kb));
    buf_add_str(&out, "---\n# the effective rules; a file with them is a pack for --rules\n");
    rules_write_yaml(knowledge.rules, &out);
    knowledge_fini(&knowledge);
    (void)output_print(&out); /* nowhere to say that stdout is gone */
    buf_fini(&out);
    return CMD_OK;
}

const struct cmd cmd_check = {
    .name = "check",
    .synopsis = "[--config FILE]",
    .summary = "Validates configuration, rules and knowledge base, and prints the effective "
               "configuration and rules.",
    .help = "Exit status: 0 valid, 1 a fault was found.\n",
    .run = run,
};
