/* SPDX-License-Identifier: Apache-2.0 */
/* Hands each call to the source's kind. See source.h. */
#include "source/source.h"

#include "source/source_internal.h"

void source_resume(struct source *source)
{
    source->kind->resume(source);
}

void source_drain(struct source *source, uint32_t deadline_ms, void (*on_drained)(void *ctx),
                  void *ctx)
{
    source->kind->drain(source, deadline_ms, on_drained, ctx);
}

void source_close(struct source *source, void (*on_closed)(void *ctx), void *ctx)
{
    source->kind->close(source, on_closed, ctx);
}

const struct source_stats *source_peek_stats(const struct source *source)
{
    return &source->stats;
}
