/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `<PRI>1 STAMP HOST APP PROCID MSGID SD MSG` (5424), and what is called 3164: `<PRI>Mmm dd
 * hh:mm:ss HOST TAG[PID]: MSG`, where the host is missing on local sockets, the stamp may be of RFC
 * 3339, and the priority may be missing altogether.
 */
#include "source/syslog_line.h"

#define TAG_BYTES_MAX 64
#define FRAME_DIGITS  7

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_absent(struct span field)
{
    return span_eq_str(field, "-");
}

/* Up to the next space, which is taken, too. */
static struct span take_word(struct span *in)
{
    const char *end = in->len > 0 ? memchr(in->ptr, ' ', in->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - in->ptr) : in->len;
    struct span word = span_of(in->ptr, len);

    *in = span_from(*in, end != NULL ? len + 1 : len);
    return word;
}

static bool take_priority(struct span *in, unsigned *ret_priority)
{
    unsigned value = 0;
    size_t i = 1;

    if (in->len < 3 || in->ptr[0] != '<') {
        return false;
    }
    for (; i < in->len && i < 4 && is_digit(in->ptr[i]); i++) {
        value = value * 10 + (unsigned)(in->ptr[i] - '0');
    }
    if (i == 1 || i == in->len || in->ptr[i] != '>' || value > 191) {
        return false;
    }
    *in = span_from(*in, i + 1);
    *ret_priority = value;
    return true;
}

/* `[id name="value" ...]...` or `-`; a quoted ] is escaped. */
static void skip_structured_data(struct span *in)
{
    size_t i = 0;

    if (in->len > 0 && in->ptr[0] == '-') {
        (void)take_word(in);
        return;
    }
    while (i < in->len && in->ptr[i] == '[') {
        bool quoted = false;
        for (i++; i < in->len && (quoted || in->ptr[i] != ']'); i++) {
            if (in->ptr[i] == '\\' && quoted) {
                i++;
            } else if (in->ptr[i] == '"') {
                quoted = !quoted;
            }
        }
        i++;
    }
    *in = span_from(*in, i);
    if (in->len > 0 && in->ptr[0] == ' ') {
        *in = span_from(*in, 1);
    }
}

static void parse_5424(struct span in, struct syslog_line *line)
{
    static const struct span bom = SPAN_LIT("\xef\xbb\xbf");
    struct span *const fields[] = {&line->stamp, &line->host, &line->tag};

    for (size_t i = 0; i < 3; i++) {
        struct span word = take_word(&in);
        *fields[i] = is_absent(word) || word.len == 0 ? span_of(NULL, 0) : word;
    }
    (void)take_word(&in); /* process id, message id */
    (void)take_word(&in);
    skip_structured_data(&in);
    line->text = span_starts(in, bom) ? span_from(in, bom.len) : in;
}

/* `Nov 23 21:14:06 ` or `2026-11-23T21:14:06...Z `; the space is taken, too. */
static struct span take_stamp(struct span *in)
{
    const char *s = in->ptr;
    size_t len = 0;
    struct span stamp;

    if (in->len > 16 && s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':' && s[15] == ' ') {
        len = 15;
    } else if (in->len > 20 && s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':') {
        const char *end = memchr(s, ' ', in->len);
        len = end != NULL ? (size_t)(end - s) : 0;
    }
    if (len == 0) {
        return span_of(NULL, 0);
    }
    stamp = span_of(s, len);
    *in = span_from(*in, len + 1);
    return stamp;
}

static bool is_tag_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == '/' || c == '@' || c == '+';
}

/* How much of in is `TAG:` or `TAG[...]:` with the space behind it; 0: none. */
static size_t measure_tag(struct span in, size_t *ret_tag_len)
{
    size_t i = 0;
    size_t tag_len;

    while (i < in.len && i < TAG_BYTES_MAX && is_tag_char(in.ptr[i])) {
        i++;
    }
    tag_len = i;
    if (i < in.len && in.ptr[i] == '[') {
        while (i < in.len && i < (size_t)2 * TAG_BYTES_MAX && in.ptr[i] != ']') {
            i++;
        }
        i += i < in.len;
    }
    if (tag_len == 0 || i >= in.len || in.ptr[i] != ':') {
        return 0;
    }
    *ret_tag_len = tag_len;
    i++;
    return i < in.len && in.ptr[i] == ' ' ? i + 1 : i;
}

static bool ends_with(struct span text, const char *end)
{
    size_t len = strlen(end);

    return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* The driver's name is part of what it says, and so is a Python exception's. */
static bool is_part_of_text(struct span tag)
{
    static const struct span nvswitch = SPAN_LIT("nvidia-nvswitch");

    return span_eq_str(tag, "NVRM") || span_starts(tag, nvswitch) || ends_with(tag, "Error") ||
           ends_with(tag, "Exception") || ends_with(tag, "Warning");
}

static void parse_3164(struct span in, struct syslog_line *line)
{
    size_t tag_len;
    size_t header;

    line->stamp = take_stamp(&in);
    header = measure_tag(in, &tag_len);
    if (header == 0 && line->stamp.ptr != NULL) {
        struct span rest = in;
        struct span host = take_word(&rest);
        header = measure_tag(rest, &tag_len);
        if (header > 0) {
            line->host = host;
            in = rest;
        }
    }
    line->text = in;
    if (header > 0) {
        line->tag = span_of(in.ptr, tag_len);
        /* Without a stamp in front, a word and a colon are as likely the sender's own words. */
        line->text =
            line->stamp.ptr == NULL || is_part_of_text(line->tag) ? in : span_from(in, header);
    }
}

struct syslog_line syslog_parse(struct span bytes)
{
    static const struct span version = SPAN_LIT("1 ");
    struct syslog_line line = {0};
    unsigned priority = 13; /* user.notice, as RFC 3164 has it */
    bool has_priority;

    while (bytes.len > 0 &&
           (bytes.ptr[bytes.len - 1] == '\n' || bytes.ptr[bytes.len - 1] == '\0')) {
        bytes.len--;
    }
    has_priority = take_priority(&bytes, &priority);
    line.kernel = has_priority && priority < 8;
    if (has_priority && span_starts(bytes, version)) {
        parse_5424(span_from(bytes, version.len), &line);
    } else {
        parse_3164(bytes, &line);
    }
    return line;
}

enum rc syslog_take_frame(struct span stream, size_t *ret_taken, struct span *ret_frame)
{
    const char *end;
    size_t len = 0;
    size_t i = 0;

    *ret_taken = 0;
    while (i < stream.len && i < FRAME_DIGITS && is_digit(stream.ptr[i])) {
        len = len * 10 + (size_t)(stream.ptr[i++] - '0');
    }
    if (i > 0 && i < stream.len && stream.ptr[i] == ' ' && stream.ptr[0] != '0') {
        *ret_taken = i + 1 + len;
        *ret_frame = span_of(stream.ptr + i + 1, len);
        return stream.len < *ret_taken ? RC_AGAIN : RC_OK;
    }
    end = stream.len > 0 ? memchr(stream.ptr, '\n', stream.len) : NULL;
    if (end == NULL) {
        return RC_AGAIN;
    }
    *ret_frame = span_of(stream.ptr, (size_t)(end - stream.ptr));
    *ret_taken = ret_frame->len + 1;
    return RC_OK;
}
