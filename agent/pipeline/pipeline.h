/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way through the house, joined: chunk -> decode -> match -> diagnose -> incident -> deliver.
 * No logic of its own. A pipeline belongs to one thread; its streams share the match scratch, the
 * diagnoser and the sink, and have a decoder each.
 *
 * It neither opens nor reads anything: follow.h (on the loop) and scan.h (straight through) feed
 * it.
 */
#ifndef GPUERR_PIPELINE_PIPELINE_H
#define GPUERR_PIPELINE_PIPELINE_H

#include "base/err.h"
#include "decode/decode.h"
#include "deliver/sink.h"
#include "diagnose/diagnose.h"
#include "incident/incident.h"
#include "match/match.h"
#include "pipeline/knowledge.h"
#include "rules/rules.h"
#include "store/store.h"

struct pipeline;
struct pipeline_stream;

struct pipeline_opts {
    const struct knowledge *knowledge; /* must outlive the pipeline */
    struct decode_opts decode;
    enum severity min_severity;
    double min_confidence;
    int64_t repeat_ns; /* -1: as the rules say */
    bool
        finished_log; /* what is read was written long ago; incidents are told by pipeline_finish */
    const struct label *labels; /* must outlive the pipeline */
    size_t n_labels;
    struct span host;    /* of records that state none; must outlive the pipeline */
    struct sink *sink;   /* must outlive the pipeline */
    struct store *store; /* likewise; NULL: nothing survives a restart */
};

/* What a configuration says about a pipeline. */
struct config;
struct pipeline_opts pipeline_opts_from(const struct config *config,
                                        const struct knowledge *knowledge, struct sink *sink,
                                        struct span host);

enum rc pipeline_new(const struct pipeline_opts *opts,
                     struct pipeline **ret_pipeline) GPUERR_MUSTCHECK;
struct pipeline *pipeline_free(struct pipeline *pipeline);

/* A new stream, whose first byte will be that at start_offset; origin must outlive it. */
enum rc pipeline_stream_open(struct pipeline *pipeline, const struct origin *origin,
                             uint64_t start_offset,
                             struct pipeline_stream **ret_stream) GPUERR_MUSTCHECK;

/* The next bytes of the stream. RC_OK, RC_FULL (taken, send no more), or what a stage answers
 * (RC_CLOSED: nobody listens any more). */
enum rc pipeline_stream_push(struct pipeline_stream *stream,
                             const struct chunk *chunk) GPUERR_MUSTCHECK;

/* The next messages of a stream whose transport framed them; answers as pipeline_stream_push. */
enum rc pipeline_stream_push_messages(struct pipeline_stream *stream,
                                      const struct message *messages, size_t n) GPUERR_MUSTCHECK;

/* The message with this cursor, and all before it, are not read: the stream's position from now on.
 * Empty: there is none. */
void pipeline_stream_begin(struct pipeline_stream *stream, struct span cursor);

/* Takes an unfinished last line as a record. */
enum rc pipeline_stream_flush(struct pipeline_stream *stream) GPUERR_MUSTCHECK;

/* Does so for all open streams: the inputs have been read to their end. RC_OK, or the first
 * stream's failure. */
enum rc pipeline_flush(struct pipeline *pipeline) GPUERR_MUSTCHECK;

/* Tells what is due; about once a second while pipeline_is_idle says no. */
enum rc pipeline_tick(struct pipeline *pipeline) GPUERR_MUSTCHECK;
bool pipeline_is_idle(const struct pipeline *pipeline);

/* The inputs have ended: what is pending is told. */
enum rc pipeline_finish(struct pipeline *pipeline) GPUERR_MUSTCHECK;

void pipeline_stream_close(struct pipeline_stream *stream);

/* Bytes from..to of origin were destroyed unread. */
enum rc pipeline_push_gap(struct pipeline *pipeline, const struct origin *origin,
                          const struct gap *gap) GPUERR_MUSTCHECK;

/*
 * Puts what an earlier run has left in its place: the memory of incidents. Before the first stream.
 * What cannot be read is begun anew, and err says so.
 */
enum rc pipeline_load(struct pipeline *pipeline, struct err *err) GPUERR_MUSTCHECK;

/* Puts positions and the memory of incidents into the store's next transaction, as far as they have
 * changed. */
void pipeline_save(struct pipeline *pipeline);

/* The store will be closed: from now on nothing is put into it. */
void pipeline_drop_store(struct pipeline *pipeline);

struct pipeline_stats {
    uint64_t records; /* of closed and open streams */
    uint64_t bytes;
    uint64_t truncated_records;
    struct match_stats match;
    struct diagnose_stats diagnose;
    struct incidents_stats incidents;
};

void pipeline_read_stats(const struct pipeline *pipeline, struct pipeline_stats *ret_stats);

#endif
