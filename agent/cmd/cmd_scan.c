/* SPDX-License-Identifier: Apache-2.0 */
/* scan: finished logs, read once. */
#include <unistd.h>

#include "base/log.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "kb/kb.h"
#include "pipeline/pipeline.h"
#include "pipeline/scan.h"

static void on_unreadable(void *ctx, const struct err *err)
{
    *(bool *)ctx = true;
    log_err(LOG_ERROR, err);
}

static enum cmd_status scan_all(const struct args *args, const struct knowledge *knowledge,
                                struct sink *sink, const struct output *output)
{
    struct pipeline_opts opts =
        pipeline_opts_from(args->config, knowledge, sink, span_str(output->host));
    bool unreadable = false;
    struct pipeline *pipeline;
    enum rc rc;

    opts.finished_log = true;
    opts.labels = output->to.format_opts.labels;
    opts.n_labels = output->to.format_opts.n_labels;
    rc = pipeline_new(&opts, &pipeline);
    if (rc != RC_OK) {
        log_error("starting failed: %s", rc_text(rc));
        return CMD_USAGE;
    }
    for (size_t i = 0; i < args->n_words && rc == RC_OK; i++) {
        rc = scan_path(pipeline, args->words[i], on_unreadable, &unreadable);
    }
    if (rc == RC_OK) {
        rc = pipeline_finish(pipeline);
    }
    if (rc != RC_OK && rc != RC_CLOSED) {
        log_error("the scan ended early: %s", rc_text(rc));
        unreadable = true;
    }
    pipeline_free(pipeline);
    if (unreadable) {
        return CMD_UNREADABLE;
    }
    return sink_peek_stats(sink)->events > 0 ? CMD_FOUND : CMD_OK;
}

static enum cmd_status scan_into(const struct args *args, const struct knowledge *knowledge,
                                 struct err *err)
{
    struct output output;
    struct sink *sink;
    enum cmd_status status = CMD_USAGE;

    if (output_open(args->config, STDOUT_FILENO, &output, err) != RC_OK) {
        log_err(LOG_ERROR, err);
        return CMD_USAGE;
    }
    if (sink_new(&(struct sink_opts){.fd = output.to.fd,
                                     .format = output.to.format,
                                     .format_opts = output.to.format_opts},
                 &sink) == RC_OK) {
        status = scan_all(args, knowledge, sink, &output);
        sink_close(sink);
    } else {
        log_error("out of memory");
    }
    output_close(&output);
    return status;
}

static enum cmd_status run(const struct args *args)
{
    struct knowledge knowledge;
    struct err err;
    enum cmd_status status;

    err_clear(&err);
    if (args->n_words == 0) {
        log_error("nothing to scan (gpuerr-agent scan FILE|DIR|-...)");
        return CMD_USAGE;
    }
    if (knowledge_load(args->config, &knowledge, &err) != RC_OK) {
        log_err(LOG_ERROR, &err);
        return CMD_USAGE;
    }
    status = scan_into(args, &knowledge, &err);
    knowledge_fini(&knowledge);
    return status;
}

const struct cmd cmd_scan = {
    .name = "scan",
    .synopsis = "[OPTIONS] FILE|DIR|-...",
    .summary = "Reads finished logs once and prints what it diagnoses. A directory is read with "
               "all below it; - is stdin.",
    .help = "Exit status: 0 nothing found, 1 something found, 3 an input could not be read.\n",
    .run = run,
};
