/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that a runtime splits into parts, in CRI's or docker's way, comes out as the text that it
 * was. The first bytes of the input choose format and split points, the rest is the text.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TIME "2026-11-23T21:19:38.376029123Z"

struct seen {
    struct buf text;
};

static enum rc on_batch(void *ctx, const struct record_batch *batch)
{
    struct seen *seen = ctx;

    for (size_t i = 0; i < batch->n_records; i++) {
        buf_add(&seen->text, batch->records[i].text);
    }
    return RC_OK;
}

static void add_part(struct buf *out, bool docker, struct span part, bool last)
{
    struct json json;

    if (!docker) {
        buf_add_str(out, last ? TIME " stderr F " : TIME " stderr P ");
        buf_add(out, part);
        buf_add_char(out, '\n');
        return;
    }
    json_init(&json, out);
    buf_add_str(out, "{\"log\":\"");
    json_escape(out, part);
    buf_add_str(out, last ? "\\n\",\"stream\":\"stderr\",\"time\":\"" TIME "\"}\n"
                          : "\",\"stream\":\"stderr\",\"time\":\"" TIME "\"}\n");
}

/* Text of which a record is made whole: one line of valid UTF-8 without escapes, no JSON. */
static bool is_plain(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20) {
            return false;
        }
    }
    return text.len > 0 && text.ptr[0] != '{' && utf8_valid(text);
}

static void decode(struct span stream, struct seen *seen)
{
    struct origin origin = {.path = SPAN_LIT("a"), .rank = RANK_NONE};
    struct chunk chunk = {&origin, stream, 0};
    struct decoder *decoder;

    if (decoder_new(&(struct decode_opts){0}, &origin, on_batch, seen, &decoder) != RC_OK ||
        decoder_push(decoder, &chunk) != RC_OK || decoder_flush(decoder) != RC_OK) {
        abort();
    }
    decoder_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen;
    struct buf stream;
    struct span rest;
    struct span text;

    if (size < 3) {
        return 0;
    }
    text = span_of((const char *)data + 2, size - 2);
    if (!is_plain(text)) {
        return 0;
    }
    buf_init(&stream, SIZE_MAX);
    buf_init(&seen.text, SIZE_MAX);
    rest = text;
    for (size_t step = 1 + data[1] % 64u; rest.len > step && stream.len < 100000;) {
        struct span part = utf8_cut(rest, step);
        part.len = part.len > 0 ? part.len : step;
        if (!utf8_valid(part)) {
            break;
        }
        add_part(&stream, data[0] % 2 == 0, part, false);
        rest = span_from(rest, part.len);
    }
    add_part(&stream, data[0] % 2 == 0, rest, true);
    decode(buf_span(&stream), &seen);
    assert(text.len > 60000 || span_eq(buf_span(&seen.text), text));
    buf_fini(&stream);
    buf_fini(&seen.text);
    return 0;
}
