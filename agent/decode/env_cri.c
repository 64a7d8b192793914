/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log format of the Kubernetes container runtime interface: `<RFC 3339 time> <stream> <tags>
 * <text>`, one a line, where the tag P says that the text goes on in the stream's next line and F
 * that it ends here. Strict enough that no program's own line is taken for it.
 */
#include "decode/decode_internal.h"

/* Shorter than any header: time to the second, stream, tag. */
#define HEADER_MIN 30

/* The start of the text of a CRI line and what its header says; NULL when it is none. */
static const char *parse_header(struct span line, struct envelope *ret_envelope)
{
    static const struct span streams[] = {SPAN_LIT("stdout "), SPAN_LIT("stderr ")};
    struct span rest;
    const char *blank;

    if (line.len < HEADER_MIN || line.ptr[0] != '2' || line.ptr[4] != '-' || line.ptr[10] != 'T' ||
        line.ptr[13] != ':') {
        return NULL;
    }
    blank = memchr(line.ptr + HEADER_MIN - 10, ' ', line.len < 48 ? line.len - 20 : 28);
    if (blank == NULL) {
        return NULL;
    }
    rest = span_from(line, (size_t)(blank + 1 - line.ptr));
    for (unsigned i = 0; i < 2; i++) {
        if (span_starts(rest, streams[i]) && rest.len > streams[i].len + 1) {
            const char *tag = rest.ptr + streams[i].len;
            const char *end = memchr(tag, ' ', (size_t)(line.ptr + line.len - tag));
            if ((*tag != 'F' && *tag != 'P') || end == NULL || (tag[1] != ' ' && tag[1] != ':')) {
                return NULL;
            }
            ret_envelope->stream = i;
            ret_envelope->more = *tag == 'P';
            return end + 1;
        }
    }
    return NULL;
}

bool cri_parse(struct span line, struct stamp_zone *zone, struct envelope *ret_envelope)
{
    const char *text = parse_header(line, ret_envelope);
    struct stamp stamp;

    if (text == NULL) {
        return false;
    }
    stamp = stamp_parse(line, zone);
    if (stamp.form != STAMP_ISO || !stamp.has_zone) {
        return false;
    }
    ret_envelope->text = span_of(text, (size_t)(line.ptr + line.len - text));
    ret_envelope->log_wall_ns = stamp.wall_ns;
    return true;
}

bool cri_begins(struct span line)
{
    struct stamp_zone zone = {0}; /* not needed: the stamp has one */
    struct envelope envelope;

    return cri_parse(line, &zone, &envelope);
}
