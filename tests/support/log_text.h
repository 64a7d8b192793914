/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up log text of training jobs and their nodes, the same for the same seed: iteration lines of
 * Megatron, DeepSpeed, Hugging Face and Lightning, NCCL_DEBUG=INFO, framework warnings, kernel,
 * systemd and Slurm, in about the shares that a rank's log has them. Lines are 20 to 300 bytes.
 * Failures are sprinkled in, one in `error_every` lines (0: none).
 */
#ifndef GPUERR_TESTS_SUPPORT_LOG_TEXT_H
#define GPUERR_TESTS_SUPPORT_LOG_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct log_text {
    uint64_t random;
    unsigned error_every;
    unsigned step;
};

void log_text_init(struct log_text *log, uint64_t seed, unsigned error_every);

/* Writes one line with its line end into out (at least 1,024 bytes); returns its length. */
size_t log_text_line(struct log_text *log, char *out);

/* Fills out with whole lines, the last one cut. */
void log_text_fill(struct log_text *log, char *out, size_t size);

/* The next pseudo-random number; a generator for tests in general (splitmix64). */
uint64_t log_text_random(uint64_t *state);

#endif
