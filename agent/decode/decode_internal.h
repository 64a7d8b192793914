/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of decode/ share. The way of a line:
 *
 *   decode.c frames it -> unwrap.c takes envelopes off (env_cri.c, env_json.c), joins what they
 *   split, cuts their text at line ends (messages.c: messages start here) -> batch.c strips escapes
 * (ansi.c) -> notes.c finds rank, time and origin in the text (rank.c, stamp.c) -> group.c joins
 * kernel lines that are one message -> a record in the batch
 *
 * A line without escapes and envelope skips the middle: its record points into the chunk.
 */
#ifndef GPUERR_DECODE_DECODE_INTERNAL_H
#define GPUERR_DECODE_DECODE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "decode/decode.h"
#include "flow/record.h"

/* ---- ansi.c ---- */

/*
 * Copies text without its escape sequences to out, which holds at least text.len bytes, and returns
 * the new length; out may be text.ptr. No ESC byte is left. A sequence that would swallow the rest
 * of the record loses its introducer only, so that nothing can be hidden behind it.
 */
size_t ansi_strip(struct span text, char *out);

/* ---- stamp.c ---- */

enum stamp_form {
    STAMP_NONE,
    STAMP_ISO,    /* 2026-11-23T21:19:38.376029123Z, 2026-11-23 21:19:38,376, 2026/11/23 21:19:38 */
    STAMP_US,     /* 11/23/2026 21:19:38 */
    STAMP_SYSLOG, /* Nov 23 21:19:38 */
    STAMP_CTIME,  /* Mon Nov 23 21:19:38 2026 */
    STAMP_GLOG,   /* E1123 21:19:38.376029 */
};

/* What is needed to complete a stamp that lacks its year or zone. */
struct stamp_zone {
    int64_t reference_wall_ns; /* a stamp without a year is the last such one before this */
    int64_t hour;              /* cache: the local hour, counted from 1970, whose offset is known */
    int64_t offset_s;
    bool known;
};

struct stamp {
    enum stamp_form form;
    size_t len; /* bytes that it takes */
    int64_t wall_ns;
    bool has_zone;
};

/* The stamp at the start of text; form is STAMP_NONE where there is none. A stamp without a zone is
 * local time of this host. */
struct stamp stamp_parse(struct span text, struct stamp_zone *zone);

/* ---- rank.c ---- */

/* A launcher's prefix at the start of a line. */
struct rank_prefix {
    size_t len;       /* bytes that it takes; 0: there is none */
    int32_t rank;     /* RANK_NONE: it tells none */
    bool bare_number; /* `3: `, as of `srun -l`: what others write looks alike */
    struct span host; /* Ray tells it */
};

struct rank_prefix rank_parse(struct span text);

/* ---- notes.c ---- */

/* What earlier lines of a stream tell about later ones. */
struct notes_state {
    struct stamp_zone zone;
    int bare_numbers; /* positive: lines of this stream begin with `3: ` and mean a rank */
};

/* Fills log_wall_ns, rank, kernel, host and unit of record from its text; what is set already stays
 * (log_wall_ns) or is the default (rank). */
void notes_find(struct notes_state *state, struct record *record);

/* ---- env_cri.c, env_json.c ---- */

/* The inside of an envelope. */
struct envelope {
    struct span text;
    int64_t log_wall_ns;
    unsigned stream; /* 0 stdout, 1 stderr: their partial lines are joined apart */
    bool more;       /* the line goes on in the stream's next envelope */
};

bool cri_parse(struct span line, struct stamp_zone *zone, struct envelope *ret_envelope);
/* Whether line, of which only the start may be known, has a CRI header. */
bool cri_begins(struct span line);

/* The texts of a JSON object: its message, then tracebacks that lie in fields of their own. */
#define JSON_TEXTS_MAX 8
struct json_line {
    struct cJSON *root; /* owns the texts */
    struct span texts[JSON_TEXTS_MAX];
    size_t n_texts;
    int64_t log_wall_ns;
    int32_t rank;
    bool is_docker; /* texts[0] is one line of the container, or a part of one */
    unsigned stream;
};

struct json_formats {
    bool docker;
    bool json;
    struct span field; /* absent: the usual names */
};

/* False when line is no such object or has no text; then nothing has to be freed. */
bool json_line_parse(struct span line, const struct json_formats *formats, struct stamp_zone *zone,
                     struct json_line *ret_line);
void json_line_free(struct json_line *line);

/* ---- the decoder ---- */

#define BATCH_RECORDS 512

struct decode_scratch {
    struct record *records; /* BATCH_RECORDS */
    struct buf text;        /* of records that are copies */
};

/* A line as it lies in the stream. */
struct line {
    struct span bytes;
    uint64_t offset;
    uint64_t dropped; /* bytes that were cut off it */
    bool partial;
};

/* What the runtime split and has not finished yet; one for stdout, one for stderr. */
struct join {
    struct buf bytes;
    uint64_t offset; /* of its first line */
    uint64_t dropped;
    int64_t log_wall_ns;
    size_t flushed; /* bytes of it that were pushed as a partial record */
    bool open;
};

/* What the kernel says in several lines; see group.c. */
struct group_kind;
struct group {
    const struct group_kind *kind; /* NULL: none is open */
    struct record record;          /* of its first line; text, host and unit lie in the buffers */
    struct buf text;
    struct buf words;
    unsigned lines; /* of the kernel since it was opened */
    bool aged;      /* nothing came from the kernel since the last decoder_release */
    bool told;      /* was pushed with an unfinished last line */
};

struct decoder {
    struct decode_opts opts;
    const struct origin *origin;
    record_batch_fn *next;
    void *ctx;
    int32_t rank; /* of records that tell none */
    size_t raw_max;
    struct decode_stats stats;
    struct notes_state notes;
    struct decode_scratch *scratch;
    bool own_scratch;

    struct buf pending; /* the unfinished line, without its NULs */
    uint64_t pending_offset;
    uint64_t pending_dropped;
    uint64_t pending_raw;     /* its length in the stream; 0: no line has begun */
    uint64_t pending_flushed; /* of pending_raw: pushed as a partial record already */
    bool after_cr;            /* the last byte was a \r that ended a line: a \n belongs to it */
    bool refused;
    struct join joins[2];
    struct group group;

    int64_t last_wall_ns;          /* of the last record that told a time */
    const struct message *message; /* being decoded; NULL: a line of a chunk is */

    size_t n_records; /* in the scratch */
    bool copying;     /* records are copied into the scratch's text, not lent from the chunk */
    uint64_t end_offset;
    enum rc rc; /* what next answered in this push */
};

/* ---- batch.c ---- */

/* Remembers rc: a failure wins over RC_FULL, the first failure over later ones. */
void batch_note_rc(struct decoder *decoder, enum rc rc);
bool batch_has_failed(const struct decoder *decoder);

/* The stream position behind what needs not be read again. */
uint64_t batch_safe_end(const struct decoder *decoder);

/* Hands the collected records on. */
void batch_push(struct decoder *decoder);

/* A record whose text lies in the chunk: the caller's way while nothing has to be changed. */
void batch_lend(struct decoder *decoder, const struct line *line);

/* What an envelope says of the records inside it. */
struct batch_note {
    int64_t log_wall_ns;
    int32_t rank; /* RANK_NONE: the decoder's */
};

/* A record whose text is copied, without its escapes. */
void batch_copy(struct decoder *decoder, struct span text, const struct line *line,
                const struct batch_note *note);

/* ---- group.c ---- */

/* Whether a kernel's line was taken into a group, and with it, when it was the last, pushed. */
bool group_take(struct decoder *decoder, const struct record *record);

/* Pushes what is held back as a record. */
void group_release(struct decoder *decoder);

/* ---- unwrap.c ---- */

/* Whether the line may lie in an envelope, so that batch_lend is not for it. */
bool unwrap_is_needed(const struct decoder *decoder, struct span line);

/* Takes the envelopes off and copies what is inside to the batch. */
void unwrap_line(struct decoder *decoder, const struct line *line);

/* Copies what is inside a message to the batch. */
void unwrap_message(struct decoder *decoder, const struct message *message);

/* Pushes what is being joined as a partial record, and keeps it. */
void unwrap_flush(struct decoder *decoder);

#endif
