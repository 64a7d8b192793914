/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time stamps in the forms that loggers write. Only fixed forms are taken, digit by digit, and only
 * at the start of a text: a wrong time is worse than none. Where the zone is missing the local zone
 * of this host is assumed, which is right for programs that run beside the agent; asking libc for
 * it is slow, so the answer is kept for the hour.
 */
#include <time.h>

#include "base/clock.h"
#include "decode/decode_internal.h"

#define HOUR_S INT64_C(3600)
#define DAY_S  INT64_C(86400)

struct fields {
    int year; /* 0: not told */
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int64_t fraction_ns;
    int64_t offset_s;
    bool has_zone;
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Exactly n digits at p into ret_value. */
static bool take_number(const char *p, size_t n, int *ret_value)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i])) {
            return false;
        }
        value = value * 10 + (p[i] - '0');
    }
    *ret_value = value;
    return true;
}

/* hh:mm:ss at text[at]; returns the place behind it or 0. */
static size_t take_clock(struct span text, size_t at, struct fields *f)
{
    const char *p = text.ptr + at;

    if (text.len < at + 8 || p[2] != ':' || p[5] != ':' || !take_number(p, 2, &f->hour) ||
        !take_number(p + 3, 2, &f->minute) || !take_number(p + 6, 2, &f->second) || f->hour > 23 ||
        f->minute > 59 || f->second > 60) {
        return 0;
    }
    return at + 8;
}

/* `.376029123` or `,376`; digits beyond nanoseconds are passed over. */
static size_t take_fraction(struct span text, size_t at, struct fields *f)
{
    int64_t unit = CLOCK_NS_PER_S / 10;

    if (at + 1 >= text.len || (text.ptr[at] != '.' && text.ptr[at] != ',') ||
        !is_digit(text.ptr[at + 1])) {
        return at;
    }
    for (at++; at < text.len && is_digit(text.ptr[at]); at++) {
        f->fraction_ns += (text.ptr[at] - '0') * unit;
        unit /= 10;
    }
    return at;
}

/* `Z`, `+01:00`, `+0100`. */
static size_t take_zone(struct span text, size_t at, struct fields *f)
{
    const char *p = text.ptr + at;
    size_t left = text.len - at;
    int hours;
    int minutes;
    size_t colon;

    if (left >= 1 && *p == 'Z') {
        f->has_zone = true;
        return at + 1;
    }
    if (left < 5 || (*p != '+' && *p != '-')) {
        return at;
    }
    colon = p[3] == ':' ? 1 : 0;
    if (left < 5 + colon || !take_number(p + 1, 2, &hours) ||
        !take_number(p + 3 + colon, 2, &minutes) || hours > 14 || minutes > 59) {
        return at;
    }
    f->offset_s = (*p == '-' ? -1 : 1) * (hours * HOUR_S + minutes * INT64_C(60));
    f->has_zone = true;
    return at + 5 + colon;
}

static bool take_month(const char *p, int *ret_month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++) {
        if (memcmp(p, names + (size_t)i * 3, 3) == 0) {
            *ret_month = i + 1;
            return true;
        }
    }
    return false;
}

static size_t parse_iso(struct span text, struct fields *f)
{
    const char *p = text.ptr;
    size_t at;

    if (text.len < 19 || (p[4] != '-' && p[4] != '/') || p[7] != p[4] ||
        (p[10] != 'T' && p[10] != ' ') || !take_number(p, 4, &f->year) ||
        !take_number(p + 5, 2, &f->month) || !take_number(p + 8, 2, &f->day)) {
        return 0;
    }
    at = take_clock(text, 11, f);
    return at == 0 ? 0 : take_zone(text, take_fraction(text, at, f), f);
}

static size_t parse_us(struct span text, struct fields *f)
{
    const char *p = text.ptr;

    if (text.len < 19 || p[2] != '/' || p[5] != '/' || p[10] != ' ' ||
        !take_number(p, 2, &f->month) || !take_number(p + 3, 2, &f->day) ||
        !take_number(p + 6, 4, &f->year)) {
        return 0;
    }
    return take_clock(text, 11, f);
}

/* `Nov 23 21:19:38`; the day may have a blank for its first digit. */
static size_t parse_syslog(struct span text, struct fields *f)
{
    const char *p = text.ptr;
    size_t at;

    if (text.len < 15 || p[3] != ' ' || p[6] != ' ' || !take_month(p, &f->month) ||
        !(p[4] == ' ' ? take_number(p + 5, 1, &f->day) : take_number(p + 4, 2, &f->day))) {
        return 0;
    }
    at = take_clock(text, 7, f);
    return at == 0 ? 0 : take_fraction(text, at, f);
}

/* `Mon Nov 23 21:19:38 2026` */
static size_t parse_ctime(struct span text, struct fields *f)
{
    if (text.len < 24 || text.ptr[3] != ' ' || text.ptr[19] != ' ' ||
        parse_syslog(span_of(text.ptr + 4, 15), f) != 15 ||
        !take_number(text.ptr + 20, 4, &f->year)) {
        return 0;
    }
    return 24;
}

/* `E1123 21:19:38.376029` */
static size_t parse_glog(struct span text, struct fields *f)
{
    const char *p = text.ptr;
    size_t at;

    if (text.len < 14 || strchr("IWEF", p[0]) == NULL || p[5] != ' ' ||
        !take_number(p + 1, 2, &f->month) || !take_number(p + 3, 2, &f->day)) {
        return 0;
    }
    at = take_clock(text, 6, f);
    return at == 0 ? 0 : take_fraction(text, at, f);
}

/* Seconds that local time is ahead of UTC in that hour of local time. */
static int64_t local_offset(struct stamp_zone *zone, int64_t local_s)
{
    int64_t hour = local_s / HOUR_S;
    time_t guess = (time_t)local_s;
    struct tm tm;

    if (!zone->known || zone->hour != hour) {
        if (gmtime_r(&guess, &tm) == NULL) {
            return 0;
        }
        tm.tm_isdst = -1;
        zone->offset_s = local_s - (int64_t)mktime(&tm);
        zone->hour = hour;
        zone->known = true;
    }
    return zone->offset_s;
}

static bool is_date(const struct fields *f)
{
    return f->month >= 1 && f->month <= 12 && f->day >= 1 && f->day <= 31 &&
           (f->year == 0 || (f->year >= 1970 && f->year < 2200)); /* nanoseconds end in 2262 */
}

static int64_t to_seconds(const struct fields *f, int year)
{
    return clock_days_from_civil(year, f->month, f->day) * DAY_S + f->hour * HOUR_S +
           f->minute * INT64_C(60) + f->second;
}

static int64_t to_wall_ns(const struct fields *f, struct stamp_zone *zone)
{
    int64_t now_s = zone->reference_wall_ns / CLOCK_NS_PER_S;
    int64_t seconds;

    if (f->year != 0) {
        seconds = to_seconds(f, f->year);
    } else { /* the latest year in which it is not in the future; a day is left for zones */
        int year = 1970 + (int)(now_s / (DAY_S * 365)) + 1;
        do {
            seconds = to_seconds(f, year--);
        } while (seconds > now_s + DAY_S && year > 1970);
    }
    seconds -= f->has_zone ? f->offset_s : local_offset(zone, seconds);
    return seconds * CLOCK_NS_PER_S + f->fraction_ns;
}

struct stamp stamp_parse(struct span text, struct stamp_zone *zone)
{
    static const struct {
        size_t (*parse)(struct span text, struct fields *f);
        enum stamp_form form;
    } for_digit[] = {{parse_iso, STAMP_ISO}, {parse_us, STAMP_US}},
      for_letter[] = {
          {parse_syslog, STAMP_SYSLOG}, {parse_ctime, STAMP_CTIME}, {parse_glog, STAMP_GLOG}};
    bool digit = text.len > 0 && is_digit(text.ptr[0]);
    size_t n = digit ? 2 : 3;

    for (size_t i = 0; i < n && text.len >= 14; i++) {
        struct fields f = {0};
        size_t len = digit ? for_digit[i].parse(text, &f) : for_letter[i].parse(text, &f);
        if (len > 0 && is_date(&f)) {
            return (struct stamp){
                .form = digit ? for_digit[i].form : for_letter[i].form,
                .len = len,
                .wall_ns = to_wall_ns(&f, zone),
                .has_zone = f.has_zone,
            };
        }
    }
    return (struct stamp){.form = STAMP_NONE, .wall_ns = CLOCK_NONE};
}
