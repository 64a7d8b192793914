/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds of sources share: every source starts with a struct source, whose functions are
 * its kind's. */
#ifndef GPUERR_SOURCE_SOURCE_INTERNAL_H
#define GPUERR_SOURCE_SOURCE_INTERNAL_H

#include "source/source.h"

struct source_kind {
    void (*resume)(struct source *source);
    void (*drain)(struct source *source, uint32_t deadline_ms, void (*on_drained)(void *ctx),
                  void *ctx);
    void (*close)(struct source *source, void (*on_closed)(void *ctx), void *ctx);
};

struct source {
    const struct source_kind *kind;
    struct source_stats stats;
};

#endif
