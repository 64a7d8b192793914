/* SPDX-License-Identifier: Apache-2.0 */
/* How a program that the agent ran came to its end, as a line that the knowledge base knows
 * (kb/launcher/exec-*.json). */
#ifndef GPUERR_PIPELINE_DEATH_H
#define GPUERR_PIPELINE_DEATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Processes that the kernel has killed in this control group for want of memory; 0 where the
 * control group cannot be read. */
uint64_t death_count_oom_kills(void);

/* Nothing for an end with status 0. */
void death_write(const char *program, int pid, int status, int signum, uint64_t oom_kills,
                 struct buf *out);

#endif
