/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story is a tree of the forest with a name and a life:
 *
 *   opened (its first line came) --settle--> told --grows, root changes--> told again
 *     --what it is about is over--> resolved --silent for the window--> forgotten
 *
 * Trees change with every build; a story follows the tree that its root is in. Two stories whose
 * trees have grown together become the one that was told first, and the other is resolved into it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "incident/incident_internal.h"

#define PARTS_MAX    64
#define RANK_BYTES   256
#define REASON_BYTES 256
#define TEXT_BYTES   ((size_t)256 * 1024)
#define COUNT_GROWTH 10

/* ---- which tree is whose ---- */

static int compare_age(const struct story *a, const struct story *b)
{
    if (a->announced != b->announced) {
        return a->announced ? -1 : 1;
    }
    if (a->opened_ns != b->opened_ns) {
        return a->opened_ns < b->opened_ns ? -1 : 1;
    }
    return a->root != NULL && b->root != NULL ? fault_compare(a->root, b->root) : 0;
}

void story_free(struct incidents *incidents, struct story *story)
{
    struct story **link = &incidents->stories;

    while (*link != story) {
        link = &(*link)->next;
    }
    *link = story->next;
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        fault->story = fault->story == story ? NULL : fault->story;
    }
    mem_free(story);
}

/* An error is worth a story, and so is a warning; what is none (a preemption) only when errors
 * follow from it, to say that they are none, either. */
static bool is_worth_telling(const struct incidents *incidents, const struct fault *root)
{
    if (!fault_may_be_root(root)) {
        return false;
    }
    if (root->severity >= SEVERITY_WARNING) {
        return true;
    }
    for (const struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if (fault->root == root && fault->severity >= SEVERITY_ERROR) {
            return true;
        }
    }
    return false;
}

static bool begin(struct incidents *incidents, struct fault *root)
{
    struct story *story = mem_calloc(1, sizeof(*story));

    if (story == NULL) {
        return false;
    }
    story->root = root;
    story->opened_ns = root->arrived_ns;
    story->next = incidents->stories;
    incidents->stories = story;
    root->story = story;
    return true;
}

static enum rc absorb(struct incidents *incidents, struct story *story, struct story *into,
                      int64_t now_ns)
{
    char reason[REASON_BYTES];
    enum rc rc = RC_OK;

    if (story->announced && !story->resolved) {
        int len = snprintf(reason, sizeof(reason), "part of incident %s", into->id);
        rc = story_resolve(incidents, story, span_of(reason, (size_t)len), now_ns);
    }
    into->opened_ns = story->opened_ns < into->opened_ns ? story->opened_ns : into->opened_ns;
    story_free(incidents, story);
    return rc;
}

/* Each tree's oldest story stays. */
static enum rc claim_trees(struct incidents *incidents, int64_t now_ns)
{
    enum rc first = RC_OK;
    struct story *next;

    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        fault->story = NULL;
    }
    for (struct story *story = incidents->stories; story != NULL; story = next) {
        struct fault *root = story->root != NULL ? story->root->root : NULL;
        enum rc rc = RC_OK;
        next = story->next;
        if (root == NULL) {
            story_free(incidents, story);
        } else if (root->story == NULL) {
            root->story = story;
            story->root = root;
        } else if (compare_age(story, root->story) < 0) {
            struct story *loser = root->story;
            root->story = story;
            story->root = root;
            next = next == loser ? loser->next : next;
            rc = absorb(incidents, loser, story, now_ns);
        } else {
            rc = absorb(incidents, story, root->story, now_ns);
        }
        first = first == RC_OK ? rc : first;
    }
    return first;
}

static void count_up(struct incidents *incidents)
{
    for (struct story *story = incidents->stories; story != NULL; story = story->next) {
        story->n_faults = 0;
        story->count = 0;
        story->last_arrived_ns = INT64_MIN;
    }
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        struct story *story = fault->root->story;
        fault->story = story;
        if (story != NULL) {
            story->n_faults++;
            story->count += fault->count;
            story->opened_ns =
                fault->arrived_ns < story->opened_ns ? fault->arrived_ns : story->opened_ns;
            if (fault->last_arrived_ns > story->last_arrived_ns) {
                story->last_arrived_ns = fault->last_arrived_ns;
            }
        }
    }
}

enum rc stories_update(struct incidents *incidents, int64_t now_ns)
{
    bool rebuilt = incidents->stale;
    enum rc rc = RC_OK;

    if (rebuilt) {
        forest_build(incidents);
        rc = claim_trees(incidents, now_ns);
        for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
            if (fault->root == fault && fault->story == NULL &&
                is_worth_telling(incidents, fault) && !begin(incidents, fault)) {
                rc = RC_NOMEM;
            }
        }
    }
    count_up(incidents);
    return rc;
}

enum incident_role story_role(const struct story *story, const struct fault *fault)
{
    if (fault == story->root) {
        return story->n_faults > 1 ? INCIDENT_ROOT : INCIDENT_ALONE;
    }
    return fault->join == JOIN_TEARDOWN || !fault_may_be_root(fault) ? INCIDENT_TEARDOWN
                                                                     : INCIDENT_CASCADE;
}

/* ---- the telling ---- */

/* Finished logs are read at any time and any number of times: only what they say counts. */
static void name_story(struct incidents *incidents, struct story *story)
{
    const struct fault *root = story->root;
    bool finished = incidents->opts.finished_log;
    bool taken;
    uint64_t parts[] = {
        hash_64(incidents->opts.host),
        hash_64(root->scope),
        hash_64(root->entry->id),
        hash_64(root->host),
        hash_64(root->gpu),
        finished ? (root->timed ? (uint64_t)root->first_ns : 0) : (uint64_t)story->opened_ns,
        0,
    };

    do {
        hash_format(hash_128(span_of((const char *)parts, sizeof(parts))), story->id);
        taken = false;
        for (struct story *other = incidents->stories; other != NULL; other = other->next) {
            taken = taken || (other != story && other->announced &&
                              memcmp(other->id, story->id, sizeof(story->id)) == 0);
        }
        parts[6]++;
    } while (taken);
}

static int compare_parts(const void *a_ptr, const void *b_ptr)
{
    const struct fault *a = *(struct fault *const *)a_ptr;
    const struct fault *b = *(struct fault *const *)b_ptr;
    size_t a_depth = fault_depth(a);
    size_t b_depth = fault_depth(b);
    bool a_down = a->join == JOIN_TEARDOWN;
    bool b_down = b->join == JOIN_TEARDOWN;

    if (a_down != b_down) {
        return a_down ? 1 : -1;
    }
    if (a_depth != b_depth) {
        return a_depth < b_depth ? -1 : 1;
    }
    return fault_compare(a, b);
}

/* What a telling needs besides the incident; all in the heap, as incidents are told seldom. */
struct telling {
    struct fault **faults;
    struct incident_part *parts;
    struct rank_set ranks;
    struct buf text; /* of rank lists; reserved, so that spans into it stay */
};

static void telling_fini(struct telling *telling)
{
    mem_free(telling->faults);
    mem_free(telling->parts);
    rank_set_fini(&telling->ranks);
    buf_fini(&telling->text);
}

static struct span format_ranks(const struct rank_set *set, struct buf *text)
{
    size_t start = text->len;

    if (set->n == 0) {
        return (struct span){0};
    }
    rank_set_format(set, RANK_BYTES, text);
    return buf_rc(text) == RC_OK ? span_of(text->ptr + start, text->len - start) : (struct span){0};
}

static enum rc collect(struct incidents *incidents, const struct story *story,
                       struct telling *telling)
{
    size_t n = 0;

    *telling = (struct telling){
        .faults = mem_calloc(story->n_faults, sizeof(*telling->faults)),
        .parts = mem_calloc(PARTS_MAX, sizeof(*telling->parts)),
    };
    buf_init(&telling->text, TEXT_BYTES);
    if (telling->faults == NULL || telling->parts == NULL ||
        buf_reserve(&telling->text, TEXT_BYTES) != RC_OK) {
        telling_fini(telling);
        return RC_NOMEM;
    }
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if (fault->story == story) {
            telling->faults[n++] = fault;
            rank_set_add_all(&telling->ranks, &fault->ranks);
        }
    }
    qsort(telling->faults, n, sizeof(struct fault *), compare_parts);
    return RC_OK;
}

static void fill_parts(const struct story *story, struct telling *telling,
                       struct incident *incident)
{
    for (size_t i = 0; i < story->n_faults && i < PARTS_MAX; i++) {
        const struct fault *fault = telling->faults[i];
        telling->parts[incident->n_parts++] = (struct incident_part){
            .entry = fault->entry,
            .role = story_role(story, fault),
            .host = fault->host,
            .gpu = fault->gpu,
            .ranks = format_ranks(&fault->ranks, &telling->text),
            .count = fault->count,
            .caused_by =
                fault->parent != NULL && fault->join != JOIN_TEARDOWN ? fault->parent->entry : NULL,
            .why = fault->why,
        };
    }
    incident->parts = telling->parts;
    incident->n_parts_omitted = story->n_faults - incident->n_parts;
}

/* Since when, how often, and which GPUs say the same as the root. */
static void fill_extent(const struct story *story, struct telling *telling,
                        struct incident *incident)
{
    size_t start = telling->text.len;

    incident->since_ns = incident->last_ns = CLOCK_NONE;
    for (size_t i = 0; i < story->n_faults; i++) {
        const struct fault *fault = telling->faults[i];
        if (fault->timed &&
            (incident->since_ns == CLOCK_NONE || fault->first_ns < incident->since_ns)) {
            incident->since_ns = fault->first_ns;
        }
        if (fault->timed &&
            (incident->last_ns == CLOCK_NONE || fault->last_ns > incident->last_ns)) {
            incident->last_ns = fault->last_ns;
        }
        if (fault->entry == story->root->entry && fault->gpu.len > 0 &&
            telling->text.len - start < 512) {
            buf_add_str(&telling->text, telling->text.len > start ? "," : "");
            buf_add(&telling->text, fault->gpu);
        }
    }
    if (telling->text.len > start) {
        incident->gpus = span_of(telling->text.ptr + start, telling->text.len - start);
    }
}

/* A rule that counts speaks up at whichever of several GPUs came last: its word is about all of
 * them. */
static const struct fault *find_word(const struct story *story, const struct telling *telling)
{
    const struct fault *word = story->root;

    for (size_t i = 0; i < story->n_faults; i++) {
        const struct fault *fault = telling->faults[i];
        if (fault->entry == word->entry && fault->note.ptr != NULL &&
            (word->note.ptr == NULL || span_cmp(fault->note, word->note) < 0)) {
            word = fault;
        }
    }
    return word;
}

static void fill_word(const struct story *story, const struct telling *telling,
                      struct incident *incident)
{
    const struct fault *word = find_word(story, telling);

    incident->node_action = word->node_action;
    incident->job_action = word->job_action;
    incident->note = word->note;
}

static void get_captures(struct incidents *incidents, struct incident *incident)
{
    if (incident->line.len > 0 && incidents->opts.captures != NULL &&
        incidents->opts.captures(incidents->opts.captures_ctx, incident->root, incident->line,
                                 &incident->captures) != RC_OK) {
        incident->captures.n = 0; /* a line that was cut no longer matches: told without */
    }
}

static enum rc tell(struct incidents *incidents, struct story *story, enum incident_change change,
                    struct span reason, int64_t now_ns)
{
    const struct fault *root = story->root;
    struct telling telling;
    struct incident incident = {
        .revision = ++story->revision,
        .change = change,
        .reason = reason,
        .root = root->entry,
        .line = root->line,
        .gpu = root->gpu,
        .scope = root->scope,
        .count = story->count,
    };
    struct event event = {
        .kind = change == INCIDENT_RESOLVED ? EVENT_RESOLVED : EVENT_INCIDENT,
        .time_wall_ns = now_ns,
        .severity = root->severity,
        .host = root->host,
        .incident = &incident,
    };
    enum rc rc = collect(incidents, story, &telling);

    if (rc != RC_OK) {
        return rc;
    }
    memcpy(incident.id, story->id, sizeof(incident.id));
    fill_parts(story, &telling, &incident);
    fill_extent(story, &telling, &incident);
    fill_word(story, &telling, &incident);
    incident.ranks = format_ranks(&telling.ranks, &telling.text);
    verdict_find(incidents, story, &incident, &telling.text);
    get_captures(incidents, &incident);
    {
        uint64_t parts[] = {hash_64(span_str(story->id)), story->revision};
        hash_format(hash_128(span_of((const char *)parts, sizeof(parts))), event.id);
    }
    story->told_root = root->entry;
    story->told_count = story->count;
    story->told_faults = story->n_faults;
    story->told_ns = now_ns;
    incidents->version++;
    rc = incidents_emit(incidents, &event);
    telling_fini(&telling);
    return rc;
}

enum rc story_resolve(struct incidents *incidents, struct story *story, struct span reason,
                      int64_t now_ns)
{
    story->resolved = true;
    incidents->stats.resolved++;
    return tell(incidents, story, INCIDENT_RESOLVED, reason, now_ns);
}

static bool has_grown(const struct incidents *incidents, const struct story *story, int64_t now_ns,
                      bool all)
{
    return (all || now_ns - story->told_ns >= incidents->timing.update_ns) &&
           (story->n_faults > story->told_faults ||
            story->count >= story->told_count * COUNT_GROWTH ||
            (all && story->count > story->told_count));
}

static enum rc tell_story(struct incidents *incidents, struct story *story, int64_t now_ns,
                          bool all)
{
    static const struct span none = {0};
    enum rc rc = RC_OK;

    if (!story->announced) {
        if (!all && now_ns - story->opened_ns < incidents->timing.settle_ns) {
            return RC_OK;
        }
        name_story(incidents, story);
        story->announced = true;
        incidents->stats.opened++;
        rc = tell(incidents, story, INCIDENT_OPENED, none, now_ns);
    } else if (story->resolved) {
        if (!story->root->over) {
            story->resolved = false;
            rc = tell(incidents, story, INCIDENT_GROWN, none, now_ns);
        }
    } else if (story->root->entry != story->told_root) {
        rc = tell(incidents, story, INCIDENT_ROOT_CHANGED, none, now_ns);
    } else if (has_grown(incidents, story, now_ns, all)) {
        rc = tell(incidents, story, INCIDENT_GROWN, none, now_ns);
    }
    if ((rc == RC_OK || rc == RC_FULL) && story->root->over && !story->resolved) {
        rc = story_resolve(incidents, story, story->root->over_reason, now_ns);
    }
    return rc;
}

/* Nothing has come for a window: nothing that comes can be joined with it. */
static void forget_faults(struct incidents *incidents, int64_t now_ns)
{
    struct fault *next;

    for (struct fault *fault = incidents->faults; fault != NULL; fault = next) {
        const struct story *story = fault->story;
        int64_t last_ns = story != NULL ? story->last_arrived_ns : fault->last_arrived_ns;
        next = fault->next;
        if (now_ns - last_ns < incidents->timing.window_ns) {
            continue;
        }
        for (struct story *other = incidents->stories; other != NULL; other = other->next) {
            other->root = other->root == fault ? NULL : other->root;
        }
        for (struct fault *other = incidents->faults; other != NULL; other = other->next) {
            if (other->parent == fault || other->root == fault) {
                other->parent = NULL;
                other->root = other;
            }
        }
        fault_free(incidents, fault);
        incidents->stale = true;
    }
}

static uint32_t count_open(const struct incidents *incidents)
{
    uint32_t open = 0;

    for (const struct story *story = incidents->stories; story != NULL; story = story->next) {
        open += story->root != NULL && story->announced && !story->resolved;
    }
    return open;
}

enum rc stories_tell(struct incidents *incidents, int64_t now_ns, bool all)
{
    enum rc first = RC_OK;

    for (struct story *story = incidents->stories; story != NULL; story = story->next) {
        enum rc rc = tell_story(incidents, story, now_ns, all);
        first = first == RC_OK ? rc : first;
    }
    if (!all) {
        forget_faults(incidents, now_ns);
    }
    incidents->stats.open = count_open(incidents);
    return first;
}
