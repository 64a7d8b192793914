/* SPDX-License-Identifier: Apache-2.0 */
/* A record batch from a text, one record a line. */
#ifndef GPUERR_TESTS_SUPPORT_LINES_H
#define GPUERR_TESTS_SUPPORT_LINES_H

#include "flow/record.h"

/*
 * Frames text on '\n' (what is behind the last one is a record too, unless empty) into a batch
 * whose records are in memory of its own; the text is lent. Aborts when memory is out.
 */
void lines_init(struct record_batch *batch, struct span text);
void lines_fini(struct record_batch *batch);

#endif
