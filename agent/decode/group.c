/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins what the kernel prints as several lines and means as one message: the driver's three lines
 * about a GPU that has fallen off the bus, an NVSwitch error with its severity and data, the report
 * of an OOM kill, whose last line alone says whether the node or a container ran out of memory.
 *
 * The first line opens a group and is held back with what belongs to it; lines in between that do
 * not belong go on as they are. The last line ends it: one record with the offset of the first line
 * and what the transport says of the last. Where the last does not come within the kind's number of
 * lines, before another group opens, or until the decoder is flushed or released, what was held is
 * a record by itself: nothing is lost, and it is late by seconds at most.
 *
 * Only the kernel's own lines are joined, so that what a program prints is never held back.
 *
 * Sources of the shapes: NVIDIA/open-gpu-kernel-modules src/nvidia/arch/nvalloc/unix/src/osinit.c
 * (three lines) and src/common/nvswitch/kernel/inc/common_nvswitch.h (SXid); linux mm/oom_kill.c
 * (dump_header, dump_oom_victim, __oom_kill_process) and mm/memcontrol.c (mem_cgroup_print_oom_*).
 */
#include <string.h>

#include "decode/decode_internal.h"

#define LINES_PER_GROUP_MAX 7

enum role {
    GOES_ON,
    ENDS,
};

/* A line that belongs to an open group. */
struct group_line {
    struct span needle;
    enum role role;
};

struct group_kind {
    struct span opens[2];  /* either; absent: none */
    struct span opens_not; /* a line with this opens none; absent: none */
    struct group_line lines[LINES_PER_GROUP_MAX];
    struct span same;   /* from this up to a comma, all lines read the same; absent: need not */
    struct span behind; /* what a line adds begins behind this; absent: at its needle */
    struct span joint;
    unsigned lines_max; /* from the first to the last, with what comes in between */
};

#define LIT(text)                                                                                  \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static const struct group_kind kinds[] = {
    {
        .opens = {LIT("NVRM: The NVIDIA GPU ")},
        .opens_not = LIT("installed in this system"),
        .lines = {{LIT("installed in this system has"), GOES_ON},
                  {LIT("fallen off the bus and is not responding"), ENDS}},
        .behind = LIT("NVRM: "),
        .joint = LIT(" "),
        .lines_max = 8,
    },
    {
        .opens = {LIT("SXid (PCI:")},
        .opens_not = LIT(", Severity "),
        .lines = {{LIT(", Severity "), GOES_ON}, {LIT(", Data {"), ENDS}},
        .same = LIT("SXid ("),
        .joint = LIT("; "),
        .lines_max = 8,
    },
    {
        .opens = {LIT(" invoked oom-killer:"), LIT("oom-kill:constraint=")},
        .lines = {{LIT("oom-kill:constraint="), GOES_ON},
                  {LIT("memory: usage "), GOES_ON},
                  {LIT("Memory cgroup out of memory: Killed process "), ENDS},
                  {LIT("Out of memory: Killed process "), ENDS},
                  /* before Linux 5.1, two lines */
                  {LIT("Memory cgroup out of memory: Kill process "), GOES_ON},
                  {LIT("Out of memory: Kill process "), GOES_ON},
                  {LIT("Killed process "), ENDS}},
        .joint = LIT("; "),
        .lines_max = 4096, /* a table of all processes lies in between */
    },
};

static const char *find(struct span text, struct span needle)
{
    return needle.len > 0 ? span_find(text, needle) : NULL;
}

static const struct group_kind *opens(struct span text)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct group_kind *kind = &kinds[i];

        if ((find(text, kind->opens[0]) != NULL || find(text, kind->opens[1]) != NULL) &&
            find(text, kind->opens_not) == NULL) {
            return kind;
        }
    }
    return NULL;
}

/* What has to be the same in all lines of a group: device and number of an SXid. */
static struct span key_of(const struct group_kind *kind, struct span text)
{
    const char *start = find(text, kind->same);
    struct span key = {0};
    const char *end;

    if (start != NULL) {
        key = span_from(text, (size_t)(start - text.ptr));
        end = memchr(key.ptr, ',', key.len);
        key.len = end != NULL ? (size_t)(end - key.ptr) : key.len;
    }
    return key;
}

static const struct group_line *goes_on(const struct group *group, struct span text)
{
    const struct group_kind *kind = group->kind;

    for (size_t i = 0; i < LINES_PER_GROUP_MAX; i++) {
        if (find(text, kind->lines[i].needle) != NULL) {
            struct span first = buf_span(&group->text);
            return span_eq(key_of(kind, text), key_of(kind, first)) ? &kind->lines[i] : NULL;
        }
    }
    return NULL;
}

/* Room for the joined text is a record's, so that nobody can make a group grow. */
static void add_text(struct group *group, struct span text, size_t max)
{
    size_t room = max > group->text.len ? max - group->text.len : 0;

    group->record.truncated = group->record.truncated || text.len > room;
    buf_add(&group->text, span_of(text.ptr, text.len < room ? text.len : room));
}

/* What a line adds: not the prefix that the first line has shown already. */
static struct span body_of(const struct group_kind *kind, const struct group_line *line,
                           struct span text)
{
    struct span key = key_of(kind, text);
    const char *behind = find(text, kind->behind);
    const char *start = key.len > 0      ? key.ptr + key.len + strlen(", ")
                        : behind != NULL ? behind + kind->behind.len
                                         : find(text, line->needle);

    return span_from(text, (size_t)(start - text.ptr));
}

static void add_line(struct decoder *decoder, const struct group_line *line, struct span text)
{
    struct group *group = &decoder->group;

    add_text(group, group->kind->joint, decoder->opts.max_record_bytes);
    add_text(group, body_of(group->kind, line, text), decoder->opts.max_record_bytes);
    batch_note_rc(decoder, buf_rc(&group->text));
}

/* Host and unit are lent by the line or the message, which will be gone. */
static void keep_words(struct group *group, const struct record *record)
{
    buf_clear(&group->words);
    buf_add(&group->words, record->host);
    buf_add(&group->words, record->unit);
    if (buf_rc(&group->words) != RC_OK) {
        group->record.host.len = group->record.unit.len = 0;
        return;
    }
    group->record.host.ptr = record->host.len > 0 ? group->words.ptr : NULL;
    group->record.unit.ptr = record->unit.len > 0 ? group->words.ptr + record->host.len : NULL;
}

static void open_group(struct decoder *decoder, const struct group_kind *kind,
                       const struct record *record)
{
    struct group *group = &decoder->group;

    group->record = *record;
    group->record.cursor = (struct span){0}; /* the stream's is further on when this is pushed */
    group->text.max = decoder->opts.max_record_bytes;
    group->words.max = decoder->opts.max_record_bytes;
    buf_clear(&group->text);
    buf_add(&group->text, record->text);
    keep_words(group, record);
    batch_note_rc(decoder, buf_rc(&group->text));
    group->kind = kind;
    group->lines = 1;
    group->told = false;
}

static void push_alone(struct decoder *decoder, const struct record *record)
{
    batch_push(decoder);
    decoder->scratch->records[0] = *record;
    decoder->n_records = 1;
    batch_push(decoder);
}

void group_release(struct decoder *decoder)
{
    struct group *group = &decoder->group;

    if (group->kind != NULL && !group->told) {
        group->kind = NULL;
        group->record.text = buf_span(&group->text);
        push_alone(decoder, &group->record);
    }
}

/* When the last line is unfinished, the group stays: the whole of the line makes the same record
 * once more. */
static void end_group(struct decoder *decoder, const struct group_line *line,
                      const struct record *last)
{
    struct group *group = &decoder->group;
    struct record joined = *last;
    size_t len = group->text.len;

    add_line(decoder, line, last->text);
    joined.text = buf_span(&group->text);
    joined.offset = group->record.offset;
    joined.truncated = joined.truncated || group->record.truncated;
    push_alone(decoder, &joined);
    group->text.len = len;
    group->told = true;
    if (!joined.partial) {
        group->kind = NULL;
    }
}

static bool take_open(struct decoder *decoder, const struct record *record)
{
    const struct group_line *line = goes_on(&decoder->group, record->text);

    if (line == NULL || (record->partial && line->role != ENDS)) {
        return false;
    }
    if (line->role == ENDS) {
        end_group(decoder, line, record);
    } else {
        add_line(decoder, line, record->text);
        batch_push(decoder);
    }
    return true;
}

/* Gives the open group up before `next`, which is to be the first record of a batch. */
static void give_up(struct decoder *decoder, const struct record *record)
{
    struct record next = *record;

    group_release(decoder);
    decoder->group.kind = NULL;
    decoder->scratch->records[decoder->n_records] = next;
}

bool group_take(struct decoder *decoder, const struct record *record)
{
    struct group *group = &decoder->group;
    const struct group_kind *kind;

    group->aged = false;
    if (group->kind != NULL && take_open(decoder, record)) {
        return true;
    }
    kind = record->partial ? NULL : opens(record->text);
    if (group->kind != NULL && (kind != NULL || ++group->lines > group->kind->lines_max)) {
        give_up(decoder, record);
    }
    if (kind != NULL) {
        batch_push(decoder);
        open_group(decoder, kind, record);
    }
    return kind != NULL;
}
