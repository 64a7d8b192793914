/* SPDX-License-Identifier: Apache-2.0 */
/* Each stage's output function is the next stage's push; answers travel back by return. See
 * pipeline.h. */
#include "pipeline/pipeline.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "diagnose/twins.h"
#include "kb/kb.h"

/* journald's cursors have about 150 bytes. */
#define CURSOR_BYTES 512

struct pipeline {
    struct pipeline_opts opts;
    struct buf event;           /* being rendered for the store */
    uint64_t incidents_version; /* as it is in the store */
    struct match_scratch *scratch;
    struct decode_scratch *decode_scratch; /* one for all streams */
    struct match_scratch *signal_scratch;  /* made when it is first needed */
    struct diagnoser diagnoser;
    struct twins twins;
    struct incidents *incidents;
    struct pipeline_stream *streams; /* open ones */
    struct decode_stats closed;      /* sum over closed streams */
    size_t n_holding;                /* streams whose decoder holds lines back */
};

struct pipeline_stream {
    struct pipeline *pipeline;
    struct decoder *decoder;
    const struct origin *origin;
    uint64_t start_offset;
    bool begun;                /* something was pushed */
    bool moved;                /* since its position was put into the store */
    bool holding;              /* its decoder is */
    char cursor[CURSOR_BYTES]; /* of the last message; empty: it has none */
    uint64_t failed_at;        /* offset of the last record that was a failure */
    struct pipeline_stream *next, **link;
};

static void on_match_notice(void *ctx, const struct kb_entry *entry, const char *reason)
{
    (void)ctx;
    log_warning("%.*s is not looked for any more: %s", (int)entry->id.len, entry->id.ptr, reason);
}

/* What does not fit into the store was dropped and counted there: the sink gets it all the same. */
static void keep_event(struct pipeline *pipeline, const struct event *event)
{
    struct format_opts opts = {.labels = pipeline->opts.labels,
                               .n_labels = pipeline->opts.n_labels};
    struct store_event stored = {
        .id = event->id,
        .kind = event->kind,
        .severity = event->severity,
        .time_wall_ns = event->time_wall_ns,
    };

    buf_clear(&pipeline->event);
    if (format_json(event, &opts, &pipeline->event) == RC_OK && pipeline->event.len > 0) {
        stored.json = buf_span(&pipeline->event);
        enum rc rc = store_put_event(pipeline->opts.store, &stored);
        (void)rc; /* counted there */
    }
}

static enum rc on_event(void *ctx, const struct event *event)
{
    struct pipeline *pipeline = ctx;

    if (pipeline->opts.store != NULL) {
        keep_event(pipeline, event);
    }
    return sink_push(pipeline->opts.sink, event);
}

static enum rc on_diagnosis(void *ctx, const struct event *event)
{
    struct pipeline *pipeline = ctx;

    return incidents_push(pipeline->incidents, event);
}

/*
 * RC_FULL must not end the run over a batch that is already in memory: the sink has taken the event
 * and will take those of this batch, too. It is remembered, and becomes the answer for the whole
 * chunk.
 */
struct run {
    struct pipeline_stream *stream;
    bool full;
};

static enum rc on_match(void *ctx, const struct record_batch *batch, size_t record,
                        const struct match_list *matches)
{
    struct run *run = ctx;
    struct pipeline *pipeline = run->stream->pipeline;
    enum rc rc;

    run->stream->failed_at = batch->records[record].offset;
    if (!pipeline->opts.finished_log && twins_note(&pipeline->twins, batch->origin->type,
                                                   &batch->records[record], clock_mono_ns())) {
        return RC_OK;
    }
    rc = diagnoser_push(&pipeline->diagnoser, batch, record, matches);
    if (rc == RC_FULL) {
        run->full = true;
        return RC_OK;
    }
    return rc;
}

/* A line that is no failure, but says something about one that came before it. */
static enum rc on_signal(void *ctx, const struct record_batch *batch, size_t record_index,
                         const struct match_list *matches)
{
    struct pipeline_stream *stream = ctx;
    struct pipeline *pipeline = stream->pipeline;
    const struct record *record = &batch->records[record_index];
    const struct rules_signal *signal =
        knowledge_signal(pipeline->opts.knowledge, matches->entries[0]);
    struct capture_list captures = {.n = 0};
    int64_t when_ns = record->log_wall_ns;

    if (signal == NULL || record->offset <= stream->failed_at ||
        match_captures(pipeline->signal_scratch, matches->entries[0], record->text, &captures) !=
            RC_OK) {
        return RC_OK;
    }
    if (when_ns == CLOCK_NONE) {
        when_ns = pipeline->opts.finished_log ? record->near_wall_ns : clock_wall_ns();
    }
    incidents_push_signal(pipeline->incidents, signal, record, batch->origin, &captures, when_ns);
    return RC_OK;
}

static enum rc find_signals(struct pipeline_stream *stream, const struct record_batch *batch)
{
    struct pipeline *pipeline = stream->pipeline;
    enum rc rc = RC_OK;

    if (pipeline->opts.knowledge->signals.set == NULL ||
        !incidents_wants_signals(pipeline->incidents)) {
        return RC_OK;
    }
    if (pipeline->signal_scratch == NULL) {
        rc = match_scratch_new(pipeline->opts.knowledge->signals.set, &pipeline->signal_scratch);
    }
    return rc == RC_OK ? match_run(pipeline->signal_scratch, batch, on_signal, stream) : rc;
}

/* Neighbours mostly have the same rank. */
static void note_ranks(struct pipeline *pipeline, const struct record_batch *batch)
{
    struct span scope = incidents_scope_of(batch->origin->path);
    int32_t last = RANK_NONE;

    for (size_t i = 0; i < batch->n_records; i++) {
        if (batch->records[i].rank != last) {
            last = batch->records[i].rank;
            incidents_note_rank(pipeline->incidents, scope, last);
        }
    }
}

static enum rc on_batch(void *ctx, const struct record_batch *batch)
{
    struct pipeline_stream *stream = ctx;
    struct run run = {stream, false};
    enum rc rc = match_run(stream->pipeline->scratch, batch, on_match, &run);

    note_ranks(stream->pipeline, batch);
    if (rc == RC_OK) {
        rc = find_signals(stream, batch);
    }
    return rc == RC_OK && run.full ? RC_FULL : rc;
}

static enum rc get_captures(void *ctx, const struct kb_entry *entry, struct span text,
                            struct capture_list *ret_captures)
{
    struct pipeline *pipeline = ctx;

    return match_captures(pipeline->scratch, entry, text, ret_captures);
}

struct pipeline_opts pipeline_opts_from(const struct config *config,
                                        const struct knowledge *knowledge, struct sink *sink,
                                        struct span host)
{
    struct pipeline_opts opts = {
        .knowledge = knowledge,
        .decode = {.max_record_bytes = config->max_record_bytes},
        .min_confidence = config->min_confidence,
        .repeat_ns = config->repeat_ms == CONFIG_UNSET_MS
                         ? -1
                         : (int64_t)config->repeat_ms * CLOCK_NS_PER_MS,
        .host = host,
        .sink = sink,
    };

    if (config->min_severity == NULL ||
        kb_severity_parse(span_str(config->min_severity), &opts.min_severity) != RC_OK) {
        opts.min_severity = SEVERITY_INFO; /* config/ lets no other name through */
    }
    return opts;
}

enum rc pipeline_new(const struct pipeline_opts *opts, struct pipeline **ret_pipeline)
{
    struct pipeline *pipeline = mem_calloc(1, sizeof(*pipeline));
    enum rc rc;

    if (pipeline == NULL) {
        return RC_NOMEM;
    }
    pipeline->opts = *opts;
    buf_init(&pipeline->event, 4 * FORMAT_JSON_MAX_BYTES);
    rc = match_scratch_new(opts->knowledge->set, &pipeline->scratch);
    if (rc == RC_OK) {
        rc = decode_scratch_new(&pipeline->decode_scratch);
    }
    if (rc == RC_OK) {
        rc = incidents_new(
            &(struct incidents_opts){
                .kb = opts->knowledge->kb,
                .rules = opts->knowledge->rules,
                .labels = opts->labels,
                .n_labels = opts->n_labels,
                .min_severity = opts->min_severity,
                .min_confidence = opts->min_confidence,
                .repeat_ns = opts->repeat_ns,
                .finished_log = opts->finished_log,
                .host = opts->host,
                .captures = get_captures,
                .captures_ctx = pipeline,
                .next = on_event,
                .next_ctx = pipeline,
            },
            &pipeline->incidents);
    }
    if (rc != RC_OK) {
        pipeline_free(pipeline);
        return rc;
    }
    match_set_notice(pipeline->scratch, on_match_notice, NULL);
    pipeline->opts.decode.scratch = pipeline->decode_scratch;
    diagnoser_init(&pipeline->diagnoser, &(struct diagnose_opts){
                                             .rules = opts->knowledge->rules,
                                             .finished_log = opts->finished_log,
                                             .host = opts->host,
                                             .captures = get_captures,
                                             .captures_ctx = pipeline,
                                             .next = on_diagnosis,
                                             .next_ctx = pipeline,
                                         });
    *ret_pipeline = pipeline;
    return RC_OK;
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
    if (pipeline != NULL) {
        while (pipeline->streams != NULL) {
            pipeline_stream_close(pipeline->streams);
        }
        incidents_free(pipeline->incidents);
        buf_fini(&pipeline->event);
        match_scratch_free(pipeline->signal_scratch);
        decode_scratch_free(pipeline->decode_scratch);
        match_scratch_free(pipeline->scratch);
        mem_free(pipeline);
    }
    return NULL;
}

enum rc pipeline_stream_open(struct pipeline *pipeline, const struct origin *origin,
                             uint64_t start_offset, struct pipeline_stream **ret_stream)
{
    struct pipeline_stream *stream = mem_calloc(1, sizeof(*stream));
    enum rc rc;

    if (stream == NULL) {
        return RC_NOMEM;
    }
    stream->origin = origin;
    stream->start_offset = start_offset;
    stream->moved = true; /* where it begins is worth keeping, too */
    rc = decoder_new(&pipeline->opts.decode, origin, on_batch, stream, &stream->decoder);
    if (rc != RC_OK) {
        mem_free(stream);
        return rc;
    }
    stream->pipeline = pipeline;
    stream->next = pipeline->streams;
    stream->link = &pipeline->streams;
    if (stream->next != NULL) {
        stream->next->link = &stream->next;
    }
    pipeline->streams = stream;
    *ret_stream = stream;
    return RC_OK;
}

static void note_holding(struct pipeline_stream *stream)
{
    bool holding = decoder_is_holding(stream->decoder);

    stream->pipeline->n_holding += (size_t)holding;
    stream->pipeline->n_holding -= (size_t)stream->holding;
    stream->holding = holding;
}

enum rc pipeline_stream_push(struct pipeline_stream *stream, const struct chunk *chunk)
{
    enum rc rc = decoder_push(stream->decoder, chunk);

    stream->begun = stream->moved = true;
    note_holding(stream);
    return rc;
}

void pipeline_stream_begin(struct pipeline_stream *stream, struct span cursor)
{
    if (cursor.ptr != NULL && cursor.len < sizeof(stream->cursor)) {
        memcpy(stream->cursor, cursor.ptr, cursor.len);
        stream->cursor[cursor.len] = '\0';
        stream->moved = true;
    }
}

enum rc pipeline_stream_push_messages(struct pipeline_stream *stream,
                                      const struct message *messages, size_t n)
{
    enum rc rc = decoder_push_messages(stream->decoder, messages, n);

    if (n > 0) {
        pipeline_stream_begin(stream, messages[n - 1].cursor);
    }
    note_holding(stream);
    return rc;
}

enum rc pipeline_stream_flush(struct pipeline_stream *stream)
{
    enum rc rc = decoder_flush(stream->decoder);

    note_holding(stream);
    return rc;
}

static enum rc release_held(struct pipeline *pipeline)
{
    enum rc first = RC_OK;

    for (struct pipeline_stream *stream = pipeline->streams;
         stream != NULL && pipeline->n_holding > 0; stream = stream->next) {
        if (stream->holding) {
            enum rc rc = decoder_release(stream->decoder);
            first = first == RC_OK ? rc : first;
            stream->moved = true;
            note_holding(stream);
        }
    }
    return first;
}

enum rc pipeline_flush(struct pipeline *pipeline)
{
    enum rc first = RC_OK;

    for (struct pipeline_stream *stream = pipeline->streams; stream != NULL;
         stream = stream->next) {
        enum rc rc = pipeline_stream_flush(stream);
        first = first == RC_OK ? rc : first;
    }
    return first;
}

static void add_decode_stats(struct decode_stats *sum, const struct decode_stats *more)
{
    sum->records += more->records;
    sum->bytes += more->bytes;
    sum->truncated_records += more->truncated_records;
    sum->dropped_bytes += more->dropped_bytes;
}

/* Streams that cannot be read again have no position. */
static void save_position(struct pipeline_stream *stream)
{
    const struct origin *origin = stream->origin;
    struct store_position position = {
        .type = origin->type,
        .path = origin->path,
        .device = origin->device,
        .inode = origin->inode,
        .generation = origin->generation,
        .head = origin->head,
        .updated_wall_ns = clock_wall_ns(),
    };

    if (stream->cursor[0] != '\0') {
        position.cursor = span_str(stream->cursor);
    } else if (origin->inode != 0) {
        position.offset =
            stream->begun ? decoder_safe_offset(stream->decoder) : stream->start_offset;
        if (position.head.len > position.offset) {
            position.head.len = position.offset; /* what is not read yet may still change */
        }
    } else {
        return;
    }
    stream->moved = store_put_position(stream->pipeline->opts.store, &position) != RC_OK;
}

static void save_incidents(struct pipeline *pipeline)
{
    struct buf text;

    if (incidents_version(pipeline->incidents) == pipeline->incidents_version) {
        return;
    }
    buf_init(&text, STORE_STATE_MAX);
    incidents_save(pipeline->incidents, &text);
    if (buf_rc(&text) == RC_OK &&
        store_put_state(pipeline->opts.store, "incidents", buf_span(&text)) == RC_OK) {
        pipeline->incidents_version = incidents_version(pipeline->incidents);
    }
    buf_fini(&text);
}

void pipeline_save(struct pipeline *pipeline)
{
    for (struct pipeline_stream *stream = pipeline->streams; stream != NULL;
         stream = stream->next) {
        if (stream->moved) {
            save_position(stream);
        }
    }
    save_incidents(pipeline);
}

void pipeline_drop_store(struct pipeline *pipeline)
{
    pipeline->opts.store = NULL;
}

enum rc pipeline_load(struct pipeline *pipeline, struct err *err)
{
    struct buf text;
    enum rc rc;

    buf_init(&text, STORE_STATE_MAX);
    rc = store_load_state(pipeline->opts.store, "incidents", &text);
    if (rc == RC_OK) {
        rc = incidents_load(pipeline->incidents, buf_span(&text));
    }
    buf_fini(&text);
    return rc == RC_OK || rc == RC_NOT_FOUND
               ? RC_OK
               : err_set(err, rc, "the memory of incidents cannot be read and is begun anew");
}

void pipeline_stream_close(struct pipeline_stream *stream)
{
    if (stream->moved && stream->pipeline->opts.store != NULL) {
        save_position(stream);
    }
    add_decode_stats(&stream->pipeline->closed, decoder_peek_stats(stream->decoder));
    stream->pipeline->n_holding -= (size_t)stream->holding;
    *stream->link = stream->next;
    if (stream->next != NULL) {
        stream->next->link = stream->link;
    }
    decoder_free(stream->decoder);
    mem_free(stream);
}

enum rc pipeline_push_gap(struct pipeline *pipeline, const struct origin *origin,
                          const struct gap *gap)
{
    return diagnoser_push_gap(&pipeline->diagnoser, origin, gap);
}

enum rc pipeline_tick(struct pipeline *pipeline)
{
    enum rc rc = release_held(pipeline);
    enum rc told = incidents_tick(pipeline->incidents, clock_wall_ns());

    return rc != RC_OK && rc != RC_FULL ? rc : told != RC_OK ? told : rc;
}

bool pipeline_is_idle(const struct pipeline *pipeline)
{
    return pipeline->n_holding == 0 && incidents_is_idle(pipeline->incidents);
}

enum rc pipeline_finish(struct pipeline *pipeline)
{
    return incidents_finish(pipeline->incidents);
}

void pipeline_read_stats(const struct pipeline *pipeline, struct pipeline_stats *ret_stats)
{
    struct decode_stats sum = pipeline->closed;

    for (const struct pipeline_stream *stream = pipeline->streams; stream != NULL;
         stream = stream->next) {
        add_decode_stats(&sum, decoder_peek_stats(stream->decoder));
    }
    *ret_stats = (struct pipeline_stats){
        .records = sum.records,
        .bytes = sum.bytes,
        .truncated_records = sum.truncated_records,
        .match = *match_peek_stats(pipeline->scratch),
        .diagnose = pipeline->diagnoser.stats,
        .incidents = *incidents_peek_stats(pipeline->incidents),
    };
}
