/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to records: frames lines, unwraps envelopes, strips ANSI escapes, finds rank and time,
 * joins lines of the kernel that are one message.
 * One decoder a stream; it keeps what is unfinished between two pushes, so that any cutting of the
 * input gives the same records.
 */
#ifndef GPUERR_DECODE_DECODE_H
#define GPUERR_DECODE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "flow/record.h"

struct decoder;

#define DECODE_RECORD_BYTES_DEFAULT ((size_t)64 * 1024)

/* How a stream's lines are wrapped. */
enum decode_format {
    DECODE_AUTO,   /* found out from the lines, and again when they change */
    DECODE_PLAIN,  /* nothing around the text */
    DECODE_CRI,    /* `2026-11-23T21:19:38.376029123Z stderr F text` (containerd, CRI-O) */
    DECODE_DOCKER, /* `{"log":"text\n","stream":"stderr","time":"..."}` (docker's json-file) */
    DECODE_JSON,   /* one JSON object a line with the text in one of its fields */
};

/* Working memory (up to a few hundred KiB) that all decoders of one thread may share, as it is only
 * used while a push is under way. Must outlive them. */
struct decode_scratch;
enum rc decode_scratch_new(struct decode_scratch **ret_scratch) GPUERR_MUSTCHECK;
struct decode_scratch *decode_scratch_free(struct decode_scratch *scratch);

struct decode_opts {
    size_t max_record_bytes; /* longer records are cut there and counted; 0 =
                                DECODE_RECORD_BYTES_DEFAULT */
    enum decode_format format;
    struct span json_field;    /* DECODE_AUTO, DECODE_JSON: which field holds the text; absent: the
                                  usual names. Must outlive the decoder */
    int64_t reference_wall_ns; /* stamps without a year are the last such before this; 0: now */
    struct decode_scratch *scratch; /* NULL: the decoder has one of its own */
};

struct decode_stats {
    uint64_t records;
    uint64_t bytes; /* raw bytes taken in */
    uint64_t truncated_records;
    uint64_t dropped_bytes; /* cut off records that were too long */
};

/* Takes a batch that is valid until it returns. Its answer is passed on by decoder_push. */
typedef enum rc record_batch_fn(void *ctx, const struct record_batch *batch);

/*
 * origin must outlive the decoder. Records without a rank of their own get origin->rank, and where
 * that is RANK_NONE, the rank that origin->path tells.
 */
enum rc decoder_new(const struct decode_opts *opts, const struct origin *origin,
                    record_batch_fn *next, void *ctx,
                    struct decoder **ret_decoder) GPUERR_MUSTCHECK;
struct decoder *decoder_free(struct decoder *decoder);

/*
 * Decodes the chunk, which follows the one before it, and pushes the records that are complete.
 * RC_UNSUPPORTED: the stream starts with the byte order mark of UTF-16 or UTF-32; nothing of it can
 * be decoded. Otherwise RC_NOMEM or what `next` answered (RC_FULL: all was taken).
 */
enum rc decoder_push(struct decoder *decoder, const struct chunk *chunk) GPUERR_MUSTCHECK;

/*
 * Messages that their transport framed: each line of a text becomes a record with what the message
 * says of host, unit, cursor, time and kernel; escapes, ranks and stamps are treated as in lines.
 * Answers as decoder_push. A stream has messages or chunks, never both.
 */
enum rc decoder_push_messages(struct decoder *decoder, const struct message *messages,
                              size_t n) GPUERR_MUSTCHECK;

/*
 * Pushes the unfinished line as a partial record: the stream has ended or fell silent. The line is
 * kept: when it goes on after all, the whole of it is a record once more, at the same offset. The
 * batch's end_offset stays before it. What is held back is pushed, too.
 */
enum rc decoder_flush(struct decoder *decoder) GPUERR_MUSTCHECK;

/*
 * The kernel says some things in several lines; the first are held back until the last has come.
 * Pushes them when none has come since the last call: to be called about once a second while
 * something is held.
 */
enum rc decoder_release(struct decoder *decoder) GPUERR_MUSTCHECK;
bool decoder_is_holding(const struct decoder *decoder);

/* Where to go on after a restart: behind the last line that was handed on whole. Only after a push.
 */
uint64_t decoder_safe_offset(const struct decoder *decoder);

/* Bytes taken in that no record has carried yet (an unfinished line). */
size_t decoder_pending_bytes(const struct decoder *decoder);

/* The rank that a file's name tells: `rank_3.log`, `rank3/err.txt`, torchrun's
 * `attempt_0/3/stderr.log`; RANK_NONE where it tells none. */
int32_t decode_path_rank(struct span path);

const struct decode_stats *decoder_peek_stats(const struct decoder *decoder);

#endif
