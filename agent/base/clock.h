/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time, in nanoseconds of int64_t. Wall clock (since 1970, UTC) and monotonic clock never mix:
 * names end in _wall_ns or _mono_ns where both are near.
 */
#ifndef GPUERR_BASE_CLOCK_H
#define GPUERR_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S  INT64_C(1000000000)

/* No time known. */
#define CLOCK_NONE INT64_MIN

int64_t clock_wall_ns(void);
int64_t clock_mono_ns(void);

/* For tests: the wall clock stands at wall_ns until it is set anew; CLOCK_NONE lets it run. */
void clock_set_wall_ns(int64_t wall_ns);

/* Days since 1970-01-01 of a proleptic Gregorian date (month and day from 1). */
int64_t clock_days_from_civil(int year, int month, int day);

/* `2026-11-23T21:19:38.376029123Z` (RFC 3339, UTC) needs 31 bytes with its end. Years outside
 * 0..9999 are clamped. */
#define CLOCK_RFC3339_BYTES 31
void clock_format_rfc3339(int64_t wall_ns, char out[CLOCK_RFC3339_BYTES]);

#endif
