/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for terminals: colours that can be switched off, wrapping by display columns (a Chinese
 * character takes two), and escaping, so that nothing from a log line reaches the terminal as
 * anything but visible characters.
 */
#ifndef GPUERR_DELIVER_PAINT_H
#define GPUERR_DELIVER_PAINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

enum paint_color {
    PAINT_PLAIN,
    PAINT_BOLD,
    PAINT_DIM,
    PAINT_RED,
    PAINT_GREEN,
    PAINT_YELLOW,
    PAINT_CYAN,
    PAINT_ALARM, /* white on red */
};

struct paint {
    struct buf *out;
    bool color;
    size_t width; /* columns to wrap at */
};

/* Text in a colour, escaped (control characters as \xHH or \u{HHHH}, invalid bytes as U+FFFD). */
void paint_text(struct paint *paint, enum paint_color color, struct span text);
void paint_str(struct paint *paint, enum paint_color color, const char *text);
void paint_newline(struct paint *paint);

/*
 * A paragraph: `label` in a column of its own (`indent` columns wide), text wrapped behind it.
 * Words longer than a line are broken; between Chinese characters a line may break anywhere. Line
 * ends inside text start a new line.
 */
void paint_paragraph(struct paint *paint, enum paint_color label_color, struct span label,
                     size_t indent, enum paint_color color, struct span text);

/* Display columns of text: 0 for combining marks, 2 for wide characters (East Asian Width W and F),
 * else 1. */
size_t paint_columns(struct span text);

#endif
