/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources feed pipeline streams, the sink writes on its own thread, signals and a deadline drive
 * the stop:
 *
 *   RUNNING --stop--> DRAINING --all sources drained--> FLUSHING --output written--> CLOSING
 * --sources closed--> end
 *
 * and from anywhere straight to CLOSING when a second signal comes, the deadline passes or nobody
 * reads the output. Nothing is freed before the loop has returned.
 */
#include "pipeline/follow.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "kb/kb.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "loop/signal.h"
#include "loop/timer.h"
#include "pipeline/death.h"
#include "pipeline/inputs.h"
#include "pipeline/pipeline.h"
#include "pipeline/resume.h"
#include "source/source.h"

enum follow_state {
    FOLLOW_RUNNING,
    FOLLOW_DRAINING,
    FOLLOW_FLUSHING,
    FOLLOW_CLOSING,
};

#define TICK_MS 1000

/* The sink that is stdout, or a file, in the store. */
#define OUTPUT_NAME "output"

/* A child of the program may keep its output open; it is not waited for. */
#define LINGER_MS 500

/* Files, stdin, stdout and stderr of a program, and what carries messages. */
#define SOURCES_MAX (4 + INPUTS_MAX)
#define SIGNALS_MAX 6

struct follow {
    const struct config *config;
    struct loop *loop;
    struct sink *sink;
    struct pipeline *pipeline;
    struct store *store; /* NULL: nothing survives the end */
    struct resume resume;
    bool replays;          /* the output's form can be sent again as it is in the store */
    uint64_t acknowledged; /* events that the output had when that was put into the store */
    struct source *sources[SOURCES_MAX];
    size_t n_sources;
    size_t n_ended; /* sources of which nothing more will come */
    size_t n_drained;
    struct follow_program *program;
    struct process *process;
    uint64_t oom_kills; /* before the program was started */
    int pipes[2];       /* its stdout and stderr */
    bool exited;
    struct timer *linger;
    struct signal_watch *signals[SIGNALS_MAX];
    struct timer *deadline;
    struct timer *tick; /* runs while the pipeline has something pending */
    bool ticking;
    bool unsaved; /* inputs have moved since the last tick */
    enum follow_state state;
    enum rc rc; /* why it stopped out of order */
};

static void begin_closing(struct follow *follow);

static void on_source_closed(void *ctx)
{
    (void)ctx; /* the loop returns by itself when the last one has gone */
}

static void on_stored(void *ctx)
{
    begin_closing(ctx);
}

/* What the output has is acknowledged; a count that stands still has been. */
static void acknowledge(struct follow *follow)
{
    uint64_t events = sink_peek_stats(follow->sink)->events;

    if (events != follow->acknowledged && sink_is_idle(follow->sink) &&
        store_put_ack(follow->store, OUTPUT_NAME) == RC_OK) {
        follow->acknowledged = events;
    }
}

/* One transaction: how far inputs were read, the events that came of it, and what is remembered. */
static void save(struct follow *follow)
{
    pipeline_save(follow->pipeline);
    acknowledge(follow);
    store_commit(follow->store);
}

static void on_flushed(void *ctx)
{
    struct follow *follow = ctx;

    if (follow->store == NULL) {
        begin_closing(follow);
        return;
    }
    pipeline_save(follow->pipeline);
    acknowledge(follow);
    store_flush(follow->store, on_stored, follow);
}

/* A stage's answer, told to the source: whatever is wrong with one record must not end the
 * following of its file. */
static enum rc answer(enum rc rc)
{
    if (rc != RC_OK && rc != RC_FULL && rc != RC_CLOSED && rc != RC_UNSUPPORTED) {
        log_error("a record could not be processed: %s", rc_text(rc));
        rc = RC_OK;
    }
    return rc;
}

/* Incidents settle and windows end while nothing comes; a quiet agent has nothing pending and does
 * not tick. */
static void keep_ticking(struct follow *follow)
{
    bool wanted = !pipeline_is_idle(follow->pipeline) || follow->unsaved;

    if (wanted && !follow->ticking) {
        timer_start(follow->tick, TICK_MS, TICK_MS);
    } else if (!wanted && follow->ticking) {
        timer_stop(follow->tick);
    }
    follow->ticking = wanted;
}

static void on_tick(void *ctx)
{
    struct follow *follow = ctx;

    if (follow->state == FOLLOW_RUNNING) {
        (void)answer(pipeline_tick(follow->pipeline)); /* logged by answer */
        if (follow->store != NULL) {
            save(follow);
            follow->unsaved = !sink_is_idle(follow->sink);
        }
        keep_ticking(follow);
    }
}

/* How the program ended is a record like those that it wrote. */
static enum rc push_death(struct follow *follow)
{
    static const struct origin origin = {
        .type = SOURCE_EXEC, .path = SPAN_LIT("exec"), .rank = RANK_NONE};
    struct pipeline_stream *stream;
    struct buf text;
    enum rc rc;

    buf_init(&text, (size_t)8192);
    death_write(follow->program->argv[0], process_pid(follow->process), follow->program->ret_status,
                follow->program->ret_signum, death_count_oom_kills() - follow->oom_kills, &text);
    rc = buf_rc(&text);
    if (rc == RC_OK && text.len > 0) {
        rc = pipeline_stream_open(follow->pipeline, &origin, 0, &stream);
    }
    if (rc == RC_OK && text.len > 0) {
        struct message message = {.text = buf_span(&text), .log_wall_ns = clock_wall_ns()};
        rc = pipeline_stream_push_messages(stream, &message, 1);
        pipeline_stream_close(stream);
    }
    buf_fini(&text);
    return rc;
}

/* Everything is read: what has no line end by now gets none, and what is pending is told. */
static void begin_flushing(struct follow *follow)
{
    follow->state = FOLLOW_FLUSHING;
    (void)answer(pipeline_flush(follow->pipeline)); /* logged by answer */
    if (follow->program != NULL) {
        (void)answer(push_death(follow)); /* likewise */
    }
    (void)answer(pipeline_finish(follow->pipeline)); /* likewise */
    sink_flush(follow->sink, on_flushed, follow);
}

static void on_drained(void *ctx)
{
    struct follow *follow = ctx;

    if (++follow->n_drained == follow->n_sources && follow->state == FOLLOW_DRAINING) {
        begin_flushing(follow);
    }
}

static void begin_draining(struct follow *follow)
{
    follow->state = FOLLOW_DRAINING;
    timer_start(follow->deadline, follow->config->shutdown_ms, 0);
    for (size_t i = 0; i < follow->n_sources; i++) {
        source_drain(follow->sources[i], follow->config->shutdown_ms, on_drained, follow);
    }
}

static void begin_closing(struct follow *follow)
{
    if (follow->state == FOLLOW_CLOSING) {
        return;
    }
    follow->state = FOLLOW_CLOSING;
    for (size_t i = 0; i < SIGNALS_MAX; i++) {
        follow->signals[i] = signal_watch_free(follow->signals[i]);
    }
    follow->process = process_free(follow->process);
    follow->linger = timer_free(follow->linger);
    follow->deadline = timer_free(follow->deadline);
    follow->tick = timer_free(follow->tick);
    for (size_t i = 0; i < follow->n_sources; i++) {
        source_close(follow->sources[i], on_source_closed, follow);
    }
    /* With a writer that is stuck the loop would wait for it. */
    sink_close(follow->sink);
    follow->sink = NULL;
    if (follow->pipeline != NULL) {
        pipeline_drop_store(follow->pipeline);
    }
    store_close(follow->store);
    follow->store = NULL;
}

static void on_signal(void *ctx, int signum)
{
    struct follow *follow = ctx;

    if (follow->process != NULL) {
        process_signal(follow->process, signum);
        return;
    }
    log_info("signal %d: %s", signum,
             follow->state == FOLLOW_RUNNING ? "stopping" : "ending at once");
    if (follow->state == FOLLOW_RUNNING) {
        begin_draining(follow);
    } else {
        begin_closing(follow);
    }
}

static void on_deadline(void *ctx)
{
    struct follow *follow = ctx;

    log_warning("not everything could be read and written within %u ms; ending",
                (unsigned)follow->config->shutdown_ms);
    begin_closing(follow);
}

static void on_room(void *ctx)
{
    struct follow *follow = ctx;

    for (size_t i = 0; i < follow->n_sources && follow->state != FOLLOW_CLOSING; i++) {
        source_resume(follow->sources[i]);
    }
}

static void on_output_closed(void *ctx, enum rc rc)
{
    struct follow *follow = ctx;

    if (rc != RC_CLOSED) {
        follow->rc = rc;
    }
    begin_closing(follow);
}

static enum rc on_open(void *ctx, const struct origin *origin, uint64_t start_offset,
                       void **ret_stream)
{
    struct follow *follow = ctx;
    struct pipeline_stream *stream;
    enum rc rc = pipeline_stream_open(follow->pipeline, origin, start_offset, &stream);

    if (rc == RC_OK) {
        *ret_stream = stream;
        follow->unsaved = follow->store != NULL;
        keep_ticking(follow);
    }
    return rc;
}

static enum rc on_chunk(void *ctx, void *stream, const struct chunk *chunk)
{
    struct follow *follow = ctx;

    enum rc rc;

    if (follow->state == FOLLOW_CLOSING) {
        return RC_CLOSED; /* the sink has gone: nothing may reach it any more */
    }
    rc = answer(pipeline_stream_push(stream, chunk));
    follow->unsaved = follow->store != NULL;
    keep_ticking(follow);
    return rc;
}

static enum rc on_messages(void *ctx, void *stream, const struct message *messages, size_t n)
{
    struct follow *follow = ctx;

    enum rc rc;

    if (follow->state == FOLLOW_CLOSING) {
        return RC_CLOSED;
    }
    rc = answer(pipeline_stream_push_messages(stream, messages, n));
    follow->unsaved = follow->store != NULL;
    keep_ticking(follow);
    return rc;
}

static void on_begin(void *ctx, void *stream, struct span cursor)
{
    (void)ctx;
    pipeline_stream_begin(stream, cursor);
}

static enum rc on_quiet(void *ctx, void *stream)
{
    struct follow *follow = ctx;

    return follow->state == FOLLOW_CLOSING ? RC_CLOSED : answer(pipeline_stream_flush(stream));
}

static void on_close(void *ctx, void *stream)
{
    struct follow *follow = ctx;

    if (follow->state != FOLLOW_CLOSING) {
        (void)answer(pipeline_stream_flush(stream)); /* logged by answer */
    }
    pipeline_stream_close(stream);
}

/* Nothing more will come; the output of a program ends before or after itself. */
static void check_ended(struct follow *follow)
{
    bool ended = follow->program == NULL || follow->exited;

    if (ended && follow->n_ended == follow->n_sources && follow->state == FOLLOW_RUNNING) {
        begin_draining(follow);
    }
}

static void on_linger(void *ctx)
{
    struct follow *follow = ctx;

    if (follow->state == FOLLOW_RUNNING) {
        begin_draining(follow);
    }
}

static void on_exit(void *ctx, int status, int signum)
{
    struct follow *follow = ctx;

    follow->program->ret_status = status;
    follow->program->ret_signum = signum;
    follow->exited = true;
    if (follow->state == FOLLOW_RUNNING) {
        timer_start(follow->linger, LINGER_MS, 0);
        check_ended(follow);
    }
}

static void on_ready(void *ctx)
{
    (void)ctx;
    mem_release_start_up();
    log_info("following");
}

static void on_notice(void *ctx, enum source_notice notice, const struct origin *origin,
                      const struct err *err, uint64_t from, uint64_t to)
{
    struct follow *follow = ctx;
    struct gap gap = {from, to, span_str(err != NULL ? err->message : "")};

    switch (notice) {
    case SOURCE_READY:
        if (follow->store != NULL) {
            /* Said when it is true whenever we end: what is written from now on will be found. */
            pipeline_save(follow->pipeline);
            acknowledge(follow);
            store_flush(follow->store, on_ready, follow);
        } else {
            on_ready(follow);
        }
        break;
    case SOURCE_WAITING:
        log_err(LOG_WARNING, err);
        break;
    case SOURCE_FAILED:
        log_err(LOG_ERROR, err);
        break;
    case SOURCE_LOST:
        log_err(LOG_WARNING, err);
        (void)answer(pipeline_push_gap(follow->pipeline, origin, &gap)); /* logged by answer */
        break;
    case SOURCE_ENDED:
        follow->n_ended++;
        check_ended(follow);
        break;
    }
}

static const struct source_ops source_ops = {
    .on_open = on_open,
    .on_chunk = on_chunk,
    .on_messages = on_messages,
    .on_begin = on_begin,
    .on_quiet = on_quiet,
    .on_close = on_close,
    .on_notice = on_notice,
};

static enum rc open_descriptor(struct follow *follow, int fd, const char *name,
                               enum source_type type, int copy_to_fd, struct err *err)
{
    struct stdin_opts opts = {.fd = fd, .type = type, .name = name, .copy_to_fd = copy_to_fd};
    enum rc rc = source_open_stdin(follow->loop, &opts, &source_ops, follow,
                                   &follow->sources[follow->n_sources], err);

    follow->n_sources += rc == RC_OK;
    return rc;
}

static enum rc open_program(struct follow *follow, struct err *err)
{
    const char *const *argv = follow->program->argv;
    enum rc rc;

    follow->oom_kills = death_count_oom_kills();
    rc = process_spawn(follow->loop, argv, on_exit, follow, &follow->process, &follow->pipes[0],
                       &follow->pipes[1]);
    if (rc != RC_OK) {
        return err_set(err, rc, "%s cannot be run: %s", argv[0], rc_text(rc));
    }
    rc = open_descriptor(follow, follow->pipes[0], "stdout", SOURCE_EXEC, STDOUT_FILENO, err);
    if (rc == RC_OK) {
        rc = open_descriptor(follow, follow->pipes[1], "stderr", SOURCE_EXEC, STDERR_FILENO, err);
    }
    return rc;
}

static enum rc open_sources(struct follow *follow, struct err *err)
{
    const struct config *config = follow->config;
    enum rc rc = RC_OK;

    if (config->follow.n > 0) {
        struct tail_opts opts = {
            .patterns = config->follow.items,
            .n_patterns = config->follow.n,
            .excludes = config->exclude.items,
            .n_excludes = config->exclude.n,
            .from = config->from == CONFIG_FROM_START ? TAIL_FROM_START : TAIL_FROM_END,
            .known = follow->resume.files,
            .n_known = follow->resume.n_files,
        };
        rc = source_open_tail(follow->loop, &opts, &source_ops, follow, &follow->sources[0], err);
        follow->n_sources += rc == RC_OK;
    }
    if (rc == RC_OK && config->follow_stdin) {
        rc = open_descriptor(follow, STDIN_FILENO, "-", SOURCE_STDIN, -1, err);
    }
    if (rc == RC_OK) {
        struct inputs inputs = {follow->loop, &source_ops, follow, follow->sources,
                                follow->n_sources};
        rc = inputs_open(config, &follow->resume, &inputs, err);
        follow->n_sources = inputs.n;
    }
    if (rc == RC_OK && follow->program != NULL) {
        rc = open_program(follow, err);
    }
    return rc;
}

static void on_trouble(void *ctx, const struct err *err)
{
    (void)ctx;
    log_err(err->rc == RC_OK ? LOG_INFO : LOG_ERROR, err);
}

static void send_again(void *ctx, struct span json)
{
    struct follow *follow = ctx;

    (void)answer(sink_push_line(follow->sink, json)); /* logged by answer */
}

/* Only what cannot be gone on without is an error: who asked for a state must not lose it silently.
 */
static enum rc open_store(struct follow *follow, struct err *err)
{
    enum rc rc = store_open(
        &(struct store_opts){
            .dir = follow->config->state_dir,
            .loop = follow->loop,
            .on_trouble = on_trouble,
        },
        &follow->store, err);

    if (rc == RC_OK) {
        rc = resume_load(&follow->resume, follow->store);
        if (rc != RC_OK) {
            (void)err_set(err, rc, "%s: positions cannot be read: %s", follow->config->state_dir,
                          rc_text(rc));
        }
    }
    return rc;
}

/* What an earlier run remembered, and what its output has not got. */
static void load_state(struct follow *follow)
{
    struct err err;

    if (pipeline_load(follow->pipeline, &err) != RC_OK) {
        log_err(LOG_WARNING, &err);
    }
    if (follow->replays &&
        store_each_unsent(follow->store, OUTPUT_NAME, send_again, follow) != RC_OK) {
        log_warning("what was not printed before the last end cannot be read");
    }
    follow->acknowledged = UINT64_MAX; /* said once at the start: then the store knows the output */
    follow->unsaved = true;
    keep_ticking(follow);
}

static enum rc open_stages(struct follow *follow, const struct knowledge *knowledge,
                           const struct follow_output *output, struct span host)
{
    enum rc rc = sink_new(
        &(struct sink_opts){
            .fd = output->fd,
            .format = output->format,
            .format_opts = output->format_opts,
            .loop = follow->loop,
            .on_room = on_room,
            .on_closed = on_output_closed,
            .ctx = follow,
        },
        &follow->sink);

    if (rc == RC_OK) {
        struct pipeline_opts opts =
            pipeline_opts_from(follow->config, knowledge, follow->sink, host);
        opts.store = follow->store;
        opts.labels = output->format_opts.labels;
        opts.n_labels = output->format_opts.n_labels;
        rc = pipeline_new(&opts, &follow->pipeline);
    }
    return rc;
}

/*
 * A program gets what is sent to us. What a terminal sends (SIGINT, SIGQUIT) it has got already, as
 * it is of our process group; we must only not end by it.
 */
static void on_terminal_signal(void *ctx, int signum)
{
    if (isatty(STDIN_FILENO) != 1) {
        on_signal(ctx, signum);
    }
}

static enum rc watch_signals(struct follow *follow)
{
    static const struct {
        int signum;
        void (*fn)(void *ctx, int signum);
    } own[] = {{SIGTERM, on_signal}, {SIGINT, on_signal}},
      passed[] = {{SIGTERM, on_signal}, {SIGINT, on_terminal_signal}, {SIGQUIT, on_terminal_signal},
                  {SIGHUP, on_signal},  {SIGUSR1, on_signal},         {SIGUSR2, on_signal}};
    size_t n = follow->program != NULL ? sizeof(passed) / sizeof(passed[0]) : 2;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < n && rc == RC_OK; i++) {
        rc = follow->program != NULL ? signal_watch_new(follow->loop, passed[i].signum,
                                                        passed[i].fn, follow, &follow->signals[i])
                                     : signal_watch_new(follow->loop, own[i].signum, own[i].fn,
                                                        follow, &follow->signals[i]);
    }
    return rc;
}

static enum rc open_signals(struct follow *follow)
{
    enum rc rc = timer_new(follow->loop, on_deadline, follow, &follow->deadline);

    if (rc == RC_OK) {
        rc = timer_new(follow->loop, on_tick, follow, &follow->tick);
    }
    if (rc == RC_OK) {
        timer_keep_loop(follow->tick, false);
        rc = timer_new(follow->loop, on_linger, follow, &follow->linger);
    }
    if (rc == RC_OK) {
        timer_keep_loop(follow->linger, false);
        rc = watch_signals(follow);
    }
    return rc;
}

enum rc follow_run(const struct config *config, const struct knowledge *knowledge,
                   const struct follow_output *output, struct span host,
                   struct follow_program *program, struct err *err)
{
    struct follow follow = {
        .config = config,
        .program = program,
        .pipes = {-1, -1},
        .replays = output->format == format_json,
    };
    enum rc rc = loop_new(&follow.loop);

    if (rc != RC_OK) {
        return err_set(err, rc, "the event loop cannot be made");
    }
    rc = open_signals(&follow);
    if (rc != RC_OK) {
        (void)err_set(err, rc, "starting failed: %s", rc_text(rc));
    } else if (config->state_dir != NULL) {
        rc = open_store(&follow, err);
    }
    if (rc == RC_OK) {
        rc = open_stages(&follow, knowledge, output, host);
        if (rc != RC_OK) {
            (void)err_set(err, rc, "starting failed: %s", rc_text(rc));
        } else if (follow.store != NULL) {
            load_state(&follow);
        }
    }
    if (rc == RC_OK) {
        rc = open_sources(&follow, err);
    }
    if (rc != RC_OK) {
        begin_closing(&follow);
    }
    if (loop_run(follow.loop) != RC_OK && rc == RC_OK) {
        rc = err_set(err, RC_IO, "the event loop failed");
    }
    pipeline_free(follow.pipeline);
    resume_fini(&follow.resume);
    loop_free(follow.loop);
    for (size_t i = 0; i < 2; i++) {
        if (follow.pipes[i] >= 0) {
            (void)close(follow.pipes[i]); /* only read from */
        }
    }
    if (rc == RC_OK && follow.rc != RC_OK) {
        rc = err_set(err, follow.rc, "the output cannot be written: %s", rc_text(follow.rc));
    }
    return rc;
}
