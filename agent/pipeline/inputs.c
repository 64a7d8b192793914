/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to the opts of each source. */
#include "pipeline/inputs.h"

#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "pipeline/resume.h"
#include "source/journal.h"
#include "source/kmsg.h"
#include "source/native.h"
#include "source/syslog.h"

bool inputs_wanted(const struct config *config)
{
    return config->journal.n > 0 || config->journal_dir != NULL ||
           config->journal_namespace != NULL || config->kmsg_path != NULL ||
           config->journal_native != NULL || config->syslog.n > 0;
}

static enum tail_from from_of(const struct config *config)
{
    return config->from == CONFIG_FROM_START ? TAIL_FROM_START : TAIL_FROM_END;
}

/* What journald forwards to a syslog daemon has no kernel messages in it, which is where Xids are.
 */
static void warn_of_missing_kernel(const struct config *config, const char *address)
{
    if (strcmp(address, "/run/systemd/journal/syslog") == 0 && config->journal.n == 0 &&
        config->journal_dir == NULL && config->kmsg_path == NULL && config->follow.n == 0) {
        log_warning("journald forwards no kernel messages to %s: Xids and OOM kills need --kmsg or "
                    "--journal, too",
                    address);
    }
}

static enum rc open_sockets(const struct config *config, struct inputs *inputs, struct err *err)
{
    enum rc rc = RC_OK;

    if (config->journal_native != NULL) {
        struct native_opts opts = {.path = config->journal_native};
        rc = source_open_journal_native(inputs->loop, &opts, inputs->ops, inputs->ctx,
                                        &inputs->sources[inputs->n], err);
        inputs->n += rc == RC_OK;
    }
    if (rc == RC_OK && config->syslog.n > INPUTS_SYSLOG_MAX) {
        rc = err_set(err, RC_LIMIT, "--syslog: at most %d addresses", INPUTS_SYSLOG_MAX);
    }
    for (size_t i = 0; i < config->syslog.n && rc == RC_OK; i++) {
        struct syslog_opts opts = {.addr = config->syslog.items[i]};
        warn_of_missing_kernel(config, opts.addr);
        rc = source_open_syslog(inputs->loop, &opts, inputs->ops, inputs->ctx,
                                &inputs->sources[inputs->n], err);
        inputs->n += rc == RC_OK;
    }
    return rc;
}

enum rc inputs_open(const struct config *config, const struct resume *resume, struct inputs *inputs,
                    struct err *err)
{
    enum rc rc = RC_OK;

    if (config->journal.n > 0 || config->journal_dir != NULL || config->journal_namespace != NULL) {
        struct journal_opts opts = {
            .matches = config->journal.items,
            .n_matches = config->journal.n,
            .dir = config->journal_dir,
            .name_space = config->journal_namespace,
            .from = from_of(config),
        };
        opts.resume_cursor = resume_find_cursor(resume, SOURCE_JOURNAL, journal_name(&opts));
        rc =
            opts.dir != NULL && opts.name_space != NULL
                ? err_set(err, RC_INVALID,
                          "--journal-dir and --journal-namespace name different journals: give one")
                : source_open_journal(inputs->loop, &opts, inputs->ops, inputs->ctx,
                                      &inputs->sources[inputs->n], err);
        inputs->n += rc == RC_OK;
    }
    if (rc == RC_OK && config->kmsg_path != NULL) {
        struct kmsg_opts opts = {
            .path = strcmp(config->kmsg_path, CONFIG_DEFAULT_WORD) == 0 ? NULL : config->kmsg_path,
            .from = from_of(config),
        };
        opts.resume_cursor = resume_find_cursor(
            resume, SOURCE_KMSG, span_str(opts.path != NULL ? opts.path : "/dev/kmsg"));
        rc = source_open_kmsg(inputs->loop, &opts, inputs->ops, inputs->ctx,
                              &inputs->sources[inputs->n], err);
        inputs->n += rc == RC_OK;
    }
    return rc == RC_OK ? open_sockets(config, inputs, err) : rc;
}
