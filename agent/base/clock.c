/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and RFC 3339 output. The calendar arithmetic is Howard Hinnant's (chrono-Compatible
 * Low-Level Date Algorithms). */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    if (clock_gettime(id, &now) != 0) {
        return 0; /* cannot fail for these two clocks */
    }
    return (int64_t)now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

static int64_t standing_wall_ns = CLOCK_NONE;

int64_t clock_wall_ns(void)
{
    return standing_wall_ns != CLOCK_NONE ? standing_wall_ns : read_clock(CLOCK_REALTIME);
}

void clock_set_wall_ns(int64_t wall_ns)
{
    standing_wall_ns = wall_ns;
}

int64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_days_from_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

void clock_format_rfc3339(int64_t wall_ns, char out[CLOCK_RFC3339_BYTES])
{
    int64_t seconds = wall_ns / CLOCK_NS_PER_S;
    int64_t ns = wall_ns % CLOCK_NS_PER_S;
    int64_t first = clock_days_from_civil(0, 1, 1) * 86400;
    int64_t last = clock_days_from_civil(9999, 12, 31) * 86400 + 86399;
    struct tm tm;
    time_t when;

    if (ns < 0) {
        ns += CLOCK_NS_PER_S;
        seconds--;
    }
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    when = (time_t)seconds;
    (void)gmtime_r(&when, &tm); /* in range by the clamp above */
    (void)snprintf(out, CLOCK_RFC3339_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ",
                   ((unsigned)tm.tm_year + 1900u) % 10000u, ((unsigned)tm.tm_mon + 1u) % 100u,
                   (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
                   (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u,
                   (unsigned)ns % 1000000000u);
}
