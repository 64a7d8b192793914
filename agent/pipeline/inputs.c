/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to the opts of each source. */
#include "pipeline/inputs.h"

#include "config/config.h"
#include "source/journal.h"
#include "source/kmsg.h"

bool inputs_wanted(const struct config *config)
{
    return config->journal.n > 0 || config->journal_dir != NULL || config->kmsg_path != NULL;
}

static enum tail_from from_of(const struct config *config)
{
    return config->from == CONFIG_FROM_START ? TAIL_FROM_START : TAIL_FROM_END;
}

enum rc inputs_open(const struct config *config, struct loop *loop, const struct source_ops *ops,
                    void *ctx, struct source **sources, size_t *n, struct err *err)
{
    enum rc rc = RC_OK;

    if (config->journal.n > 0 || config->journal_dir != NULL) {
        struct journal_opts opts = {
            .matches = config->journal.items,
            .n_matches = config->journal.n,
            .dir = config->journal_dir,
            .from = from_of(config),
        };
        rc = source_open_journal(loop, &opts, ops, ctx, &sources[*n], err);
        *n += rc == RC_OK;
    }
    if (rc == RC_OK && config->kmsg_path != NULL) {
        struct kmsg_opts opts = {
            .path = strcmp(config->kmsg_path, CONFIG_DEFAULT_WORD) == 0 ? NULL : config->kmsg_path,
            .from = from_of(config),
        };
        rc = source_open_kmsg(loop, &opts, ops, ctx, &sources[*n], err);
        *n += rc == RC_OK;
    }
    return rc;
}
