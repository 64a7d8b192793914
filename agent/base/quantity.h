/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with a unit, as people write them in options and rules: `500ms`, `10m`, `64KiB`. Decimal
 * only; nothing may stand behind the unit. */
#ifndef GPUERR_BASE_QUANTITY_H
#define GPUERR_BASE_QUANTITY_H

#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

/* Without a unit, not negative. */
enum rc quantity_parse_number(struct span text, double *ret_value) GPUERR_MUSTCHECK;

/* `B` (or none), `KiB`, `MiB`, `GiB`, `KB`, `MB`, `GB`. */
enum rc quantity_parse_bytes(struct span text, uint64_t *ret_bytes) GPUERR_MUSTCHECK;

/* `ms`, `s`, `m`, `h`, `d`; 0 needs no unit. */
enum rc quantity_parse_duration(struct span text, int64_t *ret_ns) GPUERR_MUSTCHECK;

#endif
