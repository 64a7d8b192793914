/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrapping works on units that must stay together: a run of narrow characters between spaces, or
 * one wide character. A unit that does not fit goes to the next line; one that fits on no line is
 * written over the edge, since cutting a path or a command would make it useless for copying.
 *
 * Widths: the wide ranges of Unicode's EastAsianWidth.txt that the KB's texts use (CJK, Hangul,
 * Kana, full-width forms, emoji); combining marks count nothing.
 */
#include "deliver/paint.h"

#include <stdint.h>
#include <stdio.h>

#include "base/utf8.h"

static const char *const codes[] = {
    [PAINT_PLAIN] = "",        [PAINT_BOLD] = "\033[1m",        [PAINT_DIM] = "\033[2m",
    [PAINT_RED] = "\033[31m",  [PAINT_GREEN] = "\033[32m",      [PAINT_YELLOW] = "\033[33m",
    [PAINT_CYAN] = "\033[36m", [PAINT_ALARM] = "\033[1;37;41m",
};

static size_t code_columns(uint32_t code)
{
    if (code >= 0x300 && code <= 0x36f) {
        return 0;
    }
    if ((code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0x303e) ||
        (code >= 0x3041 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
        (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) ||
        (code >= 0xff00 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6) ||
        (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd)) {
        return 2;
    }
    return 1;
}

size_t paint_columns(struct span text)
{
    size_t columns = 0;

    while (text.len > 0) {
        uint32_t code = '?';
        size_t n = utf8_decode(text, &code);
        columns += code_columns(code);
        text = span_from(text, n > 0 ? n : 1);
    }
    return columns;
}

static void color_begin(struct paint *paint, enum paint_color color)
{
    if (paint->color) {
        buf_add_str(paint->out, codes[color]);
    }
}

static void color_end(struct paint *paint, enum paint_color color)
{
    if (paint->color && color != PAINT_PLAIN) {
        buf_add_str(paint->out, "\033[0m");
    }
}

static void add_escaped(struct buf *out, struct span text)
{
    while (text.len > 0) {
        uint32_t code;
        size_t n = utf8_decode(text, &code);

        if (n == 0) {
            buf_add_str(out, "\xef\xbf\xbd");
            n = 1;
        } else if (code == '\t') {
            buf_add_char(out, ' ');
        } else if (utf8_is_unsafe(code)) {
            buf_printf(out, code < 0x100 ? "\\x%02x" : "\\u{%04x}", (unsigned)code);
        } else {
            buf_add(out, span_of(text.ptr, n));
        }
        text = span_from(text, n);
    }
}

void paint_text(struct paint *paint, enum paint_color color, struct span text)
{
    color_begin(paint, color);
    add_escaped(paint->out, text);
    color_end(paint, color);
}

void paint_str(struct paint *paint, enum paint_color color, const char *text)
{
    paint_text(paint, color, span_str(text));
}

void paint_newline(struct paint *paint)
{
    buf_add_char(paint->out, '\n');
}

static void add_spaces(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_add_char(out, ' ');
    }
}

/* Length in bytes of the next unit of text (not at a space or line end): one wide character, or a
 * run of narrow ones. */
static size_t next_unit(struct span text)
{
    size_t i = 0;

    while (i < text.len && text.ptr[i] != ' ' && text.ptr[i] != '\n') {
        uint32_t code = '?';
        size_t n = utf8_decode(span_from(text, i), &code);
        bool wide = n > 0 && code_columns(code) == 2;

        if (wide) {
            return i == 0 ? n : i;
        }
        i += n > 0 ? n : 1;
    }
    return i;
}

void paint_paragraph(struct paint *paint, enum paint_color label_color, struct span label,
                     size_t indent, enum paint_color color, struct span text)
{
    size_t label_columns = paint_columns(label);
    size_t column = indent;
    bool line_start = true;

    paint_text(paint, label_color, label);
    add_spaces(paint->out, label_columns < indent ? indent - label_columns : 0);
    color_begin(paint, color);
    while (text.len > 0) {
        size_t spaces = 0;
        while (spaces < text.len && text.ptr[spaces] == ' ') {
            spaces++;
        }
        text = span_from(text, spaces);
        if (text.len == 0) {
            break;
        }
        if (text.ptr[0] == '\n') {
            buf_add_char(paint->out, '\n');
            add_spaces(paint->out, indent);
            column = indent;
            line_start = true;
            text = span_from(text, 1);
            continue;
        }
        size_t unit = next_unit(text);
        size_t columns = paint_columns(span_of(text.ptr, unit));
        size_t gap = spaces > 0 && !line_start ? 1 : 0;
        if (!line_start && column + gap + columns > paint->width) {
            buf_add_char(paint->out, '\n');
            add_spaces(paint->out, indent);
            column = indent;
            gap = 0;
        }
        add_spaces(paint->out, gap);
        add_escaped(paint->out, span_of(text.ptr, unit));
        column += gap + columns;
        line_start = false;
        text = span_from(text, unit);
    }
    color_end(paint, color);
    paint_newline(paint);
}
