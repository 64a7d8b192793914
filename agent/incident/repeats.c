/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each problem is told once, then counted. A problem is an entry at a place: host, GPU, device,
 * link, peer and process as the entry's captures say, whatever the rank. The count is told when it
 * passes a power of ten and when the window ends; a window in which nothing came ends the problem.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "incident/incident_internal.h"

#define SLOTS 4096

struct repeats {
    struct problem *slots[SLOTS];
    struct problem *newest, *oldest;
    size_t n;
};

struct repeats *repeats_new(void)
{
    return mem_calloc(1, sizeof(struct repeats));
}

static void release(struct span *text)
{
    union {
        const char *kept;
        char *ours;
    } ptr = {text->ptr};

    mem_free(ptr.ours);
    *text = (struct span){0};
}

static void free_problem(struct problem *problem)
{
    release(&problem->host);
    release(&problem->gpu);
    release(&problem->line);
    rank_set_fini(&problem->ranks);
    mem_free(problem);
}

struct repeats *repeats_free(struct repeats *repeats)
{
    struct problem *problem = repeats != NULL ? repeats->oldest : NULL;

    while (problem != NULL) {
        struct problem *newer = problem->newer;
        free_problem(problem);
        problem = newer;
    }
    return mem_free(repeats);
}

bool repeats_empty(const struct repeats *repeats)
{
    return repeats->n == 0;
}

static bool tells_apart(struct span kind)
{
    static const char *const kinds[] = {"gpu",  "gpu_index", "gpu_uuid", "device",
                                        "link", "peer",      "host",     "process"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (span_eq_str(kind, kinds[i])) {
            return true;
        }
    }
    return false;
}

static uint64_t key_of(const struct event *event)
{
    const struct diagnosis *diagnosis = event->diagnosis;
    const struct kb_entry *entry = diagnosis->entry;
    struct span scope = incidents_scope_of(event->origin->path);
    uint64_t key = hash_64(entry->id) ^ (hash_64(event->host) * 3) ^ (hash_64(scope) * 5);

    for (size_t i = 0; i < diagnosis->captures.n; i++) {
        const struct capture *capture = &diagnosis->captures.items[i];
        for (size_t k = 0; k < entry->n_captures; k++) {
            if (span_eq(entry->captures[k].name, capture->name) &&
                tells_apart(entry->captures[k].kind)) {
                uint64_t parts[] = {key, hash_64(capture->name), hash_64(capture->value)};
                key = hash_64(span_of((const char *)parts, sizeof(parts)));
            }
        }
    }
    return key;
}

/* ---- the two lists ---- */

static struct problem *find(const struct repeats *repeats, uint64_t key)
{
    struct problem *problem = repeats->slots[key % SLOTS];

    while (problem != NULL && problem->key != key) {
        problem = problem->next;
    }
    return problem;
}

static void unlink_age(struct repeats *repeats, struct problem *problem)
{
    if (problem->newer != NULL) {
        problem->newer->older = problem->older;
    } else {
        repeats->newest = problem->older;
    }
    if (problem->older != NULL) {
        problem->older->newer = problem->newer;
    } else {
        repeats->oldest = problem->newer;
    }
}

static void link_newest(struct repeats *repeats, struct problem *problem)
{
    problem->newer = NULL;
    problem->older = repeats->newest;
    if (repeats->newest != NULL) {
        repeats->newest->newer = problem;
    } else {
        repeats->oldest = problem;
    }
    repeats->newest = problem;
}

static void remove_problem(struct repeats *repeats, struct problem *problem)
{
    struct problem **link = &repeats->slots[problem->key % SLOTS];

    while (*link != problem) {
        link = &(*link)->next;
    }
    *link = problem->next;
    unlink_age(repeats, problem);
    repeats->n--;
    free_problem(problem);
}

/* ---- telling ---- */

static enum rc tell(struct incidents *incidents, struct problem *problem, int64_t now_ns,
                    bool ended)
{
    struct repeat repeat = {
        .entry = problem->entry,
        .first_event_id = problem->first_event_id,
        .count = problem->count,
        .first_wall_ns = problem->first_ns,
        .last_wall_ns = problem->last_ns,
        .gpu = problem->gpu,
        .line = problem->line,
        .ended = ended,
    };
    struct event event = {
        .kind = EVENT_REPEAT,
        .time_wall_ns = now_ns,
        .severity = problem->severity,
        .host = problem->host,
        .repeat = &repeat,
    };
    struct buf ranks;
    enum rc rc;

    buf_init(&ranks, (size_t)1024);
    if (problem->ranks.n > 0) {
        rank_set_format(&problem->ranks, 512, &ranks);
        repeat.ranks = buf_span(&ranks);
    }
    {
        uint64_t parts[] = {hash_64(span_str(problem->first_event_id)), problem->count};
        hash_format(hash_128(span_of((const char *)parts, sizeof(parts))), event.id);
    }
    problem->told = problem->count;
    rc = incidents_emit(incidents, &event);
    buf_fini(&ranks);
    return rc;
}

static bool is_power_of_ten(uint64_t n)
{
    while (n >= 10 && n % 10 == 0) {
        n /= 10;
    }
    return n == 1;
}

static int64_t happened_ns(const struct event *event)
{
    return event->diagnosis->when_wall_ns != CLOCK_NONE ? event->diagnosis->when_wall_ns
                                                        : event->time_wall_ns;
}

struct problem *repeats_add(struct repeats *repeats, uint64_t key, struct span first_event_id,
                            const struct kb_entry *entry)
{
    struct problem *problem = mem_calloc(1, sizeof(*problem));

    if (problem == NULL) {
        return NULL;
    }
    problem->key = key;
    memcpy(problem->first_event_id, first_event_id.ptr, first_event_id.len);
    problem->entry = entry;
    problem->next = repeats->slots[key % SLOTS];
    repeats->slots[key % SLOTS] = problem;
    link_newest(repeats, problem);
    repeats->n++;
    return problem;
}

static struct problem *begin(struct incidents *incidents, const struct event *event, uint64_t key)
{
    struct problem *problem =
        repeats_add(incidents->repeats, key, span_str(event->id), event->diagnosis->entry);

    if (problem != NULL) {
        problem->severity = event->severity;
        problem->host = incidents_keep(event->host);
        problem->gpu = incidents_keep(event->diagnosis->gpu);
        problem->first_ns = happened_ns(event);
        problem->window_ns = event->time_wall_ns;
    }
    return problem;
}

void repeats_each(const struct repeats *repeats,
                  void (*fn)(void *ctx, const struct problem *problem), void *ctx)
{
    for (const struct problem *problem = repeats->newest; problem != NULL;
         problem = problem->older) {
        fn(ctx, problem);
    }
}

/* The one that has been silent for longest goes; what it counted is told. */
static enum rc make_room(struct incidents *incidents, int64_t now_ns)
{
    struct repeats *repeats = incidents->repeats;
    struct problem *oldest = repeats->oldest;
    enum rc rc = RC_OK;

    if (repeats->n < INCIDENTS_REPEATS_MAX) {
        return RC_OK;
    }
    incidents->stats.forgotten++;
    if (oldest->count > oldest->told) {
        rc = tell(incidents, oldest, now_ns, true);
    }
    remove_problem(repeats, oldest);
    return rc;
}

enum rc repeats_take(struct incidents *incidents, const struct event *event, bool *ret_tell)
{
    struct repeats *repeats = incidents->repeats;
    uint64_t key;
    struct problem *problem;
    enum rc rc = RC_OK;

    *ret_tell = true;
    if (incidents->timing.repeat_ns == 0) {
        return RC_OK;
    }
    key = key_of(event);
    problem = find(repeats, key);
    if (problem == NULL) {
        rc = make_room(incidents, event->time_wall_ns);
        problem = begin(incidents, event, key);
        if (problem == NULL) {
            return rc; /* out of memory: told, and told again */
        }
    } else {
        *ret_tell = false;
        incidents->stats.repeats++;
        unlink_age(repeats, problem);
        link_newest(repeats, problem);
    }
    problem->count++;
    problem->last_ns = happened_ns(event);
    problem->arrived_ns = event->time_wall_ns;
    (void)rank_set_add(&problem->ranks, event->diagnosis->rank);
    if (*ret_tell) {
        problem->told = 1;
    } else if (is_power_of_ten(problem->count)) {
        release(&problem->line);
        problem->line = incidents_keep(event->diagnosis->record->text);
        rc = tell(incidents, problem, event->time_wall_ns, false);
    }
    return rc;
}

enum rc repeats_tick(struct incidents *incidents, int64_t now_ns, bool all)
{
    struct repeats *repeats = incidents->repeats;
    int64_t window_ns = incidents->timing.repeat_ns;
    enum rc first = RC_OK;
    struct problem *newer;

    for (struct problem *problem = repeats->oldest; problem != NULL; problem = newer) {
        bool silent = now_ns - problem->arrived_ns >= window_ns;
        newer = problem->newer;
        if (!all && !silent && now_ns - problem->window_ns < window_ns) {
            continue;
        }
        problem->window_ns = now_ns;
        if (problem->count > problem->told) {
            enum rc rc =
                tell(incidents, problem, now_ns, silent || (all && incidents->opts.finished_log));
            first = first == RC_OK ? rc : first;
        }
        if (silent) {
            remove_problem(repeats, problem);
        }
    }
    return first;
}
