/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes envelopes off: first the container runtime's (CRI, docker), joining what it split, then a
 * JSON logger's; what is inside is cut at line ends into records, so that a traceback in a JSON
 * string matches line by line. All records of one line have its offset.
 *
 * Which envelope a line has is seen from the line itself, each anew: the formats are told apart by
 * their strict headers, a stream may change over (a container that logs JSON after plain lines),
 * and a wrong guess cannot outlast its line.
 */
#include "base/clock.h"
#include "decode/decode_internal.h"

#define BOM "\xef\xbb\xbf"

static bool takes(const struct decoder *decoder, enum decode_format format)
{
    return decoder->opts.format == DECODE_AUTO || decoder->opts.format == format;
}

static struct json_formats json_formats_of(const struct decoder *decoder)
{
    bool inside_cri = decoder->opts.format == DECODE_CRI || decoder->opts.format == DECODE_DOCKER;

    return (struct json_formats){
        .docker = takes(decoder, DECODE_DOCKER),
        .json = takes(decoder, DECODE_JSON) || inside_cri,
        .field = decoder->opts.json_field,
    };
}

bool unwrap_is_needed(const struct decoder *decoder, struct span line)
{
    if (line.len == 0) {
        return false;
    }
    if (line.ptr[0] == BOM[0]) {
        return true;
    }
    if (line.ptr[0] == '2') { /* a year */
        return takes(decoder, DECODE_CRI) && cri_begins(line);
    }
    return line.ptr[0] == '{' && decoder->opts.format != DECODE_CRI &&
           decoder->opts.format != DECODE_PLAIN;
}

/* Cuts text at line ends; each piece is a record. */
static void copy_pieces(struct decoder *decoder, struct span text, const struct line *line,
                        const struct batch_note *note)
{
    while (text.len > 0) {
        size_t n = 0;
        while (n < text.len && text.ptr[n] != '\n' && text.ptr[n] != '\r') {
            n++;
        }
        batch_copy(decoder, span_of(text.ptr, n), line, note);
        text = span_from(text, n + 1);
    }
}

static void copy_json_texts(struct decoder *decoder, const struct json_line *json,
                            const struct line *line, int64_t log_wall_ns)
{
    struct batch_note note = {
        .log_wall_ns = log_wall_ns != CLOCK_NONE ? log_wall_ns : json->log_wall_ns,
        .rank = json->rank,
    };

    for (size_t i = 0; i < json->n_texts; i++) {
        copy_pieces(decoder, json->texts[i], line, &note);
    }
}

/* The text that a program wrote, without the runtime's envelope. */
static void take_text(struct decoder *decoder, struct span text, const struct line *line,
                      int64_t log_wall_ns)
{
    struct json_formats formats = json_formats_of(decoder);
    struct batch_note note = {log_wall_ns, RANK_NONE};
    struct json_line json;

    formats.docker = false;
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r')) {
        text.len--;
    }
    if (formats.json && json_line_parse(text, &formats, &decoder->notes.zone, &json)) {
        copy_json_texts(decoder, &json, line, log_wall_ns);
        json_line_free(&json);
    } else {
        copy_pieces(decoder, text, line, &note);
    }
}

static void take_join(struct decoder *decoder, struct join *join, bool partial)
{
    struct line line = {.offset = join->offset, .dropped = join->dropped, .partial = partial};

    take_text(decoder, buf_span(&join->bytes), &line, join->log_wall_ns);
}

/* A part of a line that the runtime split, or all of one. */
static void take_part(struct decoder *decoder, const struct envelope *part, const struct line *line)
{
    struct join *join = &decoder->joins[part->stream];
    size_t room;

    if (!part->more && !join->open) {
        take_text(decoder, part->text, line, part->log_wall_ns);
        return;
    }
    if (!join->open) {
        join->open = true;
        join->offset = line->offset;
        join->dropped = 0;
        join->flushed = 0;
        join->log_wall_ns = part->log_wall_ns;
        join->bytes.max = decoder->raw_max;
    }
    room = join->bytes.max - join->bytes.len;
    join->dropped += line->dropped + (part->text.len > room ? part->text.len - room : 0);
    buf_add(&join->bytes, span_of(part->text.ptr, part->text.len > room ? room : part->text.len));
    batch_note_rc(decoder, buf_rc(&join->bytes));
    if (!part->more) {
        join->open = false;
        take_join(decoder, join, line->partial);
        buf_clear(&join->bytes);
    }
}

static void take_docker(struct decoder *decoder, const struct json_line *json,
                        const struct line *line)
{
    struct span text = json->texts[0];
    struct envelope part = {
        .text = text,
        .log_wall_ns = json->log_wall_ns,
        .stream = json->stream,
        .more = text.len == 0 || text.ptr[text.len - 1] != '\n',
    };

    take_part(decoder, &part, line);
}

void unwrap_line(struct decoder *decoder, const struct line *line)
{
    struct json_formats formats = json_formats_of(decoder);
    struct line inner = *line;
    struct envelope envelope;
    struct json_line json;

    if (inner.offset == 0 && span_starts(inner.bytes, (struct span)SPAN_LIT(BOM))) {
        inner.bytes = span_from(inner.bytes, strlen(BOM));
    }
    if (takes(decoder, DECODE_CRI) && cri_parse(inner.bytes, &decoder->notes.zone, &envelope)) {
        take_part(decoder, &envelope, &inner);
    } else if (decoder->opts.format != DECODE_PLAIN && decoder->opts.format != DECODE_CRI &&
               json_line_parse(inner.bytes, &formats, &decoder->notes.zone, &json)) {
        if (json.is_docker) {
            take_docker(decoder, &json, &inner);
        } else {
            copy_json_texts(decoder, &json, &inner, CLOCK_NONE);
        }
        json_line_free(&json);
    } else {
        struct batch_note note = {CLOCK_NONE, RANK_NONE};
        batch_copy(decoder, inner.bytes, &inner, &note);
    }
}

void unwrap_message(struct decoder *decoder, const struct message *message)
{
    struct line line = {.offset = message->offset};
    struct span text = message->text;

    if (text.len > decoder->raw_max) {
        line.dropped = text.len - decoder->raw_max;
        text.len = decoder->raw_max;
    }
    take_text(decoder, text, &line, message->log_wall_ns);
}

void unwrap_flush(struct decoder *decoder)
{
    for (size_t i = 0; i < 2; i++) {
        struct join *join = &decoder->joins[i];
        if (join->open && join->flushed < join->bytes.len) {
            join->flushed = join->bytes.len;
            take_join(decoder, join, true);
        }
    }
}
