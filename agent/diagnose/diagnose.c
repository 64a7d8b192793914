/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record comes in with the entries that match it, most specific first; an event goes out. The
 * first entry is the diagnosis.
 *
 * The event id hashes where the record stands (host, stream, offset), what it says and what was
 * found: the same record read again, by a restarted agent or by `scan`, gives the same id, while
 * two ranks that print the same line at the same offset of their own files do not share one.
 *
 * The place of a journal entry or kernel message is its cursor. What can be read only once
 * (sockets, a program's output) counts from 0 in every run, so that the run takes part in the id.
 */
#include "diagnose/diagnose.h"

#include <stdlib.h>

#include "base/clock.h"
#include "kb/kb.h"
#include "rules/rules.h"

/*
 * So much of a line goes into its id: a time stamp, mostly, which keeps apart two jobs that fail at
 * the same offset of the same file. Not more, so that an unfinished line and the whole one that it
 * becomes share their id.
 */
#define ID_TEXT_BYTES 40

/* What the id is made of; a struct without padding, so that its bytes can be hashed. */
struct identity {
    uint64_t kind;
    uint64_t host;
    uint64_t stream;
    uint64_t generation;
    uint64_t place; /* offset or cursor */
    uint64_t run;   /* 0: the place is the same in every run */
    uint64_t text;
    uint64_t entry;
};

/*
 * An inode names a file through renames. Streams without one (stdin, sockets) go by their path. The
 * device number is left out: network file systems change it at every mount.
 */
static uint64_t stream_identity(const struct origin *origin)
{
    return origin->inode != 0 ? origin->inode : hash_64(origin->path);
}

/* Where something stands in its stream. */
struct place {
    uint64_t offset;
    struct span cursor; /* absent: it has none */
};

static bool is_read_once(const struct diagnoser *diagnoser, const struct origin *origin,
                         const struct place *place)
{
    return origin->inode == 0 && place->cursor.len == 0 && !diagnoser->opts.finished_log;
}

static void make_id(const struct diagnoser *diagnoser, const struct event *event,
                    const struct place *place, struct span text, struct span entry,
                    char out[HASH_HEX_BYTES])
{
    struct identity identity = {
        .kind = (uint64_t)event->kind,
        .host = hash_64(event->host),
        .stream = stream_identity(event->origin),
        .generation = event->origin->generation,
        .place = place->cursor.len > 0 ? hash_64(place->cursor) : place->offset,
        .run = is_read_once(diagnoser, event->origin, place) ? diagnoser->run : 0,
        .text = hash_64(span_of(text.ptr, text.len < ID_TEXT_BYTES ? text.len : ID_TEXT_BYTES)),
        .entry = hash_64(entry),
    };

    hash_format(hash_128(span_of((const char *)&identity, sizeof(identity))), out);
}

void diagnoser_init(struct diagnoser *diagnoser, const struct diagnose_opts *opts)
{
    *diagnoser = (struct diagnoser){.opts = *opts, .run = (uint64_t)clock_wall_ns()};
}

static struct span capture_kind(const struct kb_entry *entry, struct span name)
{
    for (size_t i = 0; i < entry->n_captures; i++) {
        if (span_eq(entry->captures[i].name, name)) {
            return entry->captures[i].kind;
        }
    }
    return (struct span){0};
}

static int32_t parse_rank(struct span digits)
{
    int32_t rank = 0;

    if (digits.len == 0 || digits.len > 8) {
        return RANK_NONE;
    }
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9') {
            return RANK_NONE;
        }
        rank = rank * 10 + (digits.ptr[i] - '0');
    }
    return rank;
}

/* Takes GPU and rank out of the captures, by what the entry says each of them is. */
static void read_captures(struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->captures.n; i++) {
        const struct capture *capture = &diagnosis->captures.items[i];
        struct span kind = capture_kind(diagnosis->entry, capture->name);

        if (diagnosis->gpu.ptr == NULL &&
            (span_eq_str(kind, "gpu") || span_eq_str(kind, "gpu_index") ||
             span_eq_str(kind, "gpu_uuid"))) {
            diagnosis->gpu = capture->value;
        }
        if (diagnosis->rank == RANK_NONE && span_eq_str(kind, "rank")) {
            diagnosis->rank = parse_rank(capture->value);
        }
    }
}

enum rc diagnoser_push(struct diagnoser *diagnoser, const struct record_batch *batch, size_t record,
                       const struct match_list *matches)
{
    const struct diagnose_opts *opts = &diagnoser->opts;
    const struct record *found = &batch->records[record];
    const struct kb_entry *entry = matches->entries[0];
    struct diagnosis diagnosis = {
        .record = found,
        .entry = entry,
        .also_matched = {matches->entries + 1, matches->n - 1},
        .rank = found->rank,
        .node_action = entry->node_action,
        .job_action = entry->job_action,
    };
    struct event event = {
        .kind = EVENT_DIAGNOSIS,
        .time_wall_ns = clock_wall_ns(),
        .severity = rules_severity(opts->rules, entry),
        .host = found->host.len > 0 ? found->host : opts->host,
        .origin = batch->origin,
        .diagnosis = &diagnosis,
    };
    enum rc rc;

    diagnosis.when_wall_ns = found->log_wall_ns != CLOCK_NONE ? found->log_wall_ns
                             : opts->finished_log             ? found->near_wall_ns
                                                              : event.time_wall_ns;
    rc = opts->captures(opts->captures_ctx, entry, found->text, &diagnosis.captures);
    if (rc != RC_OK) {
        return rc;
    }
    read_captures(&diagnosis);
    make_id(diagnoser, &event, &(struct place){found->offset, found->cursor}, found->text,
            entry->id, event.id);
    diagnoser->stats.diagnoses++;
    return opts->next(opts->next_ctx, &event);
}

enum rc diagnoser_push_gap(struct diagnoser *diagnoser, const struct origin *origin,
                           const struct gap *gap)
{
    const struct diagnose_opts *opts = &diagnoser->opts;
    struct event event = {
        .kind = EVENT_GAP,
        .time_wall_ns = clock_wall_ns(),
        .severity = SEVERITY_WARNING,
        .host = opts->host,
        .origin = origin,
        .gap = gap,
    };

    diagnoser->stats.gaps++;
    make_id(diagnoser, &event, &(struct place){gap->from, {0}},
            span_of((const char *)&gap->to, sizeof(gap->to)), span_str("gap"), event.id);
    return opts->next(opts->next_ctx, &event);
}
