/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the start of a line tells: launcher prefixes and time stamps in any order, each at most a
 * few, then, where a syslog daemon wrote the line, host and tag. The text itself stays as it is:
 * people know their lines by their prefixes.
 *
 * Most lines of a training log begin with a letter that no prefix begins with, and are done after
 * one look at that.
 *
 * `3: ` is a rank only in a file of `srun -l`, where every line has it. So lines that have it count
 * up, others count down twice as fast, and only a positive count makes it a rank: a stray `1: item`
 * among other lines means nothing.
 */
#include "base/clock.h"
#include "decode/decode_internal.h"

#define PARTS_MAX        4
#define BARE_NUMBERS_MAX 16

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Whether a prefix or a stamp may begin with c. */
static bool may_begin_part(char c)
{
    return is_digit(c) || c == '[' || c == '(' || c == ' ' || (c >= 'A' && c <= 'Z');
}

/* `[ 1204.771025] `, the seconds since boot that dmesg prints. Returns its length or 0. */
static size_t skip_uptime(struct span text)
{
    size_t i = 1;
    size_t dot;

    if (text.len < 10 || text.ptr[0] != '[') {
        return 0;
    }
    while (i < text.len && text.ptr[i] == ' ') {
        i++;
    }
    dot = i;
    while (dot < text.len && is_digit(text.ptr[dot])) {
        dot++;
    }
    if (dot == i || dot + 7 >= text.len || text.ptr[dot] != '.' || text.ptr[dot + 7] != ']') {
        return 0;
    }
    for (size_t k = 1; k <= 6; k++) {
        if (!is_digit(text.ptr[dot + k])) {
            return 0;
        }
    }
    return dot + 8;
}

static struct span take_word(struct span *text)
{
    struct span word = {text->ptr, 0};

    while (word.len < text->len && word.ptr[word.len] != ' ') {
        word.len++;
    }
    *text = span_from(*text, word.len < text->len ? word.len + 1 : word.len);
    return word;
}

/* Behind a syslog stamp: `node01 kernel: text`, `node01 sshd[12]: text`. */
static void find_sender(struct span rest, bool need_pid, struct record *record)
{
    struct span host = take_word(&rest);
    struct span tag = take_word(&rest);
    const char *pid;
    bool kernel;

    if (host.len == 0 || tag.len < 2 || tag.ptr[tag.len - 1] != ':' ||
        memchr(host.ptr, ':', host.len) != NULL) {
        return;
    }
    tag.len--;
    pid = memchr(tag.ptr, '[', tag.len);
    kernel = span_eq_str(tag, "kernel");
    if (need_pid && pid == NULL && !kernel) {
        return;
    }
    if (pid != NULL) {
        tag.len = (size_t)(pid - tag.ptr);
    }
    record->kernel = kernel;
    record->host = host;
    record->unit = tag;
}

static bool is_first(const struct record *record, struct span rest)
{
    return rest.ptr == record->text.ptr;
}

/* Takes a stamp, bare or in brackets, off rest. */
static bool take_stamp(struct notes_state *state, struct record *record, struct span *rest)
{
    bool bracket = rest->ptr[0] == '[';
    struct stamp stamp = stamp_parse(span_from(*rest, bracket), &state->zone);
    bool is_whole = is_first(record, *rest);
    size_t len = stamp.len + bracket;

    if (stamp.form == STAMP_NONE) {
        return false;
    }
    if (record->log_wall_ns == CLOCK_NONE) {
        record->log_wall_ns = stamp.wall_ns;
    }
    if (bracket && len < rest->len && rest->ptr[len] == ']') {
        len++;
        record->kernel = record->kernel || (is_whole && stamp.form == STAMP_CTIME);
    }
    *rest = span_from(*rest, len);
    if (is_whole && !bracket && rest->len > 0 && rest->ptr[0] == ' ' &&
        (stamp.form == STAMP_SYSLOG || (stamp.form == STAMP_ISO && stamp.has_zone))) {
        find_sender(span_from(*rest, 1), stamp.form == STAMP_ISO, record);
    }
    return true;
}

static bool take_rank(struct notes_state *state, struct record *record, struct span *rest)
{
    struct rank_prefix prefix = rank_parse(*rest);

    if (prefix.len == 0) {
        return false;
    }
    if (prefix.bare_number && (state->bare_numbers <= 0 || !is_first(record, *rest))) {
        return false;
    }
    if (prefix.rank != RANK_NONE) {
        record->rank = prefix.rank; /* the innermost: an outer one counts tasks or nodes */
    }
    if (prefix.host.len > 0) {
        record->host = prefix.host;
    }
    *rest = span_from(*rest, prefix.len);
    return true;
}

static void count_bare_number(struct notes_state *state, bool has)
{
    int count = state->bare_numbers + (has ? 1 : -2);

    state->bare_numbers = count > BARE_NUMBERS_MAX    ? BARE_NUMBERS_MAX
                          : count < -BARE_NUMBERS_MAX ? -BARE_NUMBERS_MAX
                                                      : count;
}

static bool has_bare_number(struct span text)
{
    struct rank_prefix prefix;

    if (!is_digit(text.ptr[0]) && text.ptr[0] != ' ') {
        return false;
    }
    prefix = rank_parse(text);
    return prefix.len > 0 && prefix.bare_number;
}

void notes_find(struct notes_state *state, struct record *record)
{
    struct span rest = record->text;
    size_t uptime;

    if (!may_begin_part(rest.ptr[0])) {
        if (state->bare_numbers > -BARE_NUMBERS_MAX) {
            count_bare_number(state, false);
        }
        return;
    }
    count_bare_number(state, has_bare_number(rest));
    uptime = skip_uptime(rest);
    if (uptime > 0) {
        record->kernel = true;
        return;
    }
    for (int parts = 0; parts < PARTS_MAX && rest.len > 0 && may_begin_part(rest.ptr[0]); parts++) {
        if (!take_rank(state, record, &rest) && !take_stamp(state, record, &rest)) {
            break;
        }
        if (rest.len > 0 && rest.ptr[0] == ' ') {
            rest = span_from(rest, 1);
        }
    }
}
