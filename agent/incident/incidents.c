/* SPDX-License-Identifier: Apache-2.0 */
/* The way in and out: rules are applied, faults and repeats take what comes, and what is due is
 * told. See incident.h, and incident_internal.h for the way through the room. */
#include "base/clock.h"
#include "base/mem.h"
#include "incident/incident_internal.h"

enum rc incidents_new(const struct incidents_opts *opts, struct incidents **ret_incidents)
{
    struct incidents *incidents = mem_calloc(1, sizeof(*incidents));

    if (incidents == NULL) {
        return RC_NOMEM;
    }
    incidents->opts = *opts;
    incidents->timing = *rules_timing(opts->rules);
    if (opts->repeat_ns >= 0) {
        incidents->timing.repeat_ns = opts->repeat_ns;
    }
    incidents->by_key = mem_calloc(FAULT_SLOTS, sizeof(struct fault *));
    incidents->repeats = repeats_new();
    incidents->counts = counts_new();
    if (incidents->by_key == NULL || incidents->repeats == NULL || incidents->counts == NULL) {
        incidents_free(incidents);
        return RC_NOMEM;
    }
    *ret_incidents = incidents;
    return RC_OK;
}

static void free_censuses(struct incidents *incidents)
{
    while (incidents->censuses != NULL) {
        struct census *census = incidents->censuses;
        incidents->censuses = census->next;
        rank_set_fini(&census->ranks);
        mem_free(census);
    }
}

struct incidents *incidents_free(struct incidents *incidents)
{
    if (incidents != NULL) {
        while (incidents->stories != NULL) {
            story_free(incidents, incidents->stories);
        }
        while (incidents->faults != NULL) {
            fault_free(incidents, incidents->faults);
        }
        free_censuses(incidents);
        repeats_free(incidents->repeats);
        counts_free(incidents->counts);
        graph_free(incidents->graph);
        arena_fini(&incidents->loaded);
        mem_free(incidents->by_key);
    }
    return mem_free(incidents);
}

static double confidence_of(const struct event *event)
{
    switch (event->kind) {
    case EVENT_DIAGNOSIS:
        return event->diagnosis->entry->confidence;
    case EVENT_REPEAT:
        return event->repeat->entry->confidence;
    case EVENT_INCIDENT:
    case EVENT_RESOLVED:
        return event->incident->root->confidence;
    case EVENT_GAP:
        break;
    }
    return 1;
}

enum rc incidents_emit(struct incidents *incidents, const struct event *event)
{
    if (event->kind != EVENT_GAP && (event->severity < incidents->opts.min_severity ||
                                     confidence_of(event) < incidents->opts.min_confidence)) {
        incidents->stats.below_minimum++;
        return RC_OK;
    }
    return incidents->opts.next(incidents->opts.next_ctx, event);
}

/* ---- jobs and their ranks ---- */

static uint32_t world_size(const struct incidents *incidents)
{
    for (size_t i = 0; i < incidents->opts.n_labels; i++) {
        struct span value = incidents->opts.labels[i].value;
        uint32_t world = 0;
        if (!span_eq_str(incidents->opts.labels[i].key, "world_size") || value.len > 5) {
            continue;
        }
        for (size_t k = 0; k < value.len && value.ptr[k] >= '0' && value.ptr[k] <= '9'; k++) {
            world = world * 10 + (uint32_t)(value.ptr[k] - '0');
        }
        return world;
    }
    return 0;
}

struct census *census_find(struct incidents *incidents, struct span scope)
{
    struct census *census = incidents->last_census;
    size_t n = 0;

    if (census != NULL && span_eq(census->scope, scope)) {
        return census;
    }
    for (census = incidents->censuses; census != NULL; census = census->next, n++) {
        if (span_eq(census->scope, scope)) {
            incidents->last_census = census;
            return census;
        }
    }
    if (n >= SCOPES_MAX) {
        return NULL; /* more jobs than a node has room for: no census of the last of them */
    }
    census = mem_calloc(1, sizeof(*census) + scope.len + 1);
    if (census != NULL) {
        memcpy(census->name, scope.len > 0 ? scope.ptr : "", scope.len);
        census->scope = span_of(census->name, scope.len);
        census->world = world_size(incidents);
        census->next = incidents->censuses;
        incidents->censuses = incidents->last_census = census;
    }
    return census;
}

void incidents_note_rank(struct incidents *incidents, struct span scope, int32_t rank)
{
    struct census *census = rank != RANK_NONE ? census_find(incidents, scope) : NULL;

    if (census != NULL) {
        (void)rank_set_add(&census->ranks, rank);
    }
}

static bool is_digits(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

/* Cuts `-word` off the end; returns the word. */
static struct span take_last_word(struct span *name)
{
    const char *dash = name->len > 0 ? memrchr(name->ptr, '-', name->len) : NULL;
    struct span word = {0};

    if (dash != NULL) {
        word = span_from(*name, (size_t)(dash - name->ptr) + 1);
        name->len = (size_t)(dash - name->ptr);
    }
    return word;
}

/* `train-worker-3`, `train-master-0`, `train-3-x7k2p` are pods of the job `train`. */
static struct span job_of(struct span pod)
{
    static const char *const roles[] = {"worker", "workers", "master", "launcher", "chief"};
    struct span rest = pod;
    struct span word = take_last_word(&rest);
    struct span before = rest;
    struct span role;

    if (!is_digits(word) && word.len == 5) {
        word = take_last_word(&before); /* an indexed Job's pod ends in five random characters */
        rest = before;
    }
    if (!is_digits(word)) {
        return pod;
    }
    before = rest;
    role = take_last_word(&before);
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (span_eq_str(role, roles[i])) {
            return before;
        }
    }
    return rest;
}

/* `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log`,
 * `/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log` (kubelet's names). */
struct span incidents_scope_of(struct span path)
{
    static const struct span pods = SPAN_LIT("/pods/");
    static const struct span containers = SPAN_LIT("/containers/");
    const char *at = span_find(path, pods);
    const char *end;
    struct span rest;

    if (at != NULL) {
        rest = span_from(path, (size_t)(at - path.ptr) + pods.len);
        at = rest.len > 0 ? memchr(rest.ptr, '_', rest.len) : NULL;
        rest = at != NULL ? span_from(rest, (size_t)(at - rest.ptr) + 1) : (struct span){0};
    } else {
        at = span_find(path, containers);
        rest = at != NULL ? span_from(path, (size_t)(at - path.ptr) + containers.len)
                          : (struct span){0};
    }
    end = rest.len > 0 ? memchr(rest.ptr, '_', rest.len) : NULL;
    return end != NULL ? job_of(span_of(rest.ptr, (size_t)(end - rest.ptr))) : (struct span){0};
}

/* ---- diagnoses ---- */

/* What the rules make of it, written into the diagnosis and its event. */
static void lay_rules(struct incidents *incidents, struct event *event, struct diagnosis *diagnosis,
                      struct rules_effect *effect)
{
    struct rules_subject subject = {event, incidents->opts.labels, incidents->opts.n_labels};

    rules_apply(incidents->opts.rules, &subject, counts_count, incidents->counts, effect);
    event->severity = effect->severity;
    diagnosis->node_action = effect->node_action;
    diagnosis->job_action = effect->job_action;
    diagnosis->note = effect->note;
    diagnosis->route = effect->route;
    diagnosis->muted = effect->mute;
    diagnosis->never_root = effect->never_root;
    diagnosis->rules = (struct span_list){effect->applied, effect->n_applied};
}

/* `by` says that what other faults report is over. */
static void resolve_others(struct incidents *incidents, const struct event *by,
                           const struct fault *of)
{
    struct rules_subject subject = {by, incidents->opts.labels, incidents->opts.n_labels};

    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        const struct span *same;
        struct span name;
        size_t n;
        bool equal = true;
        if (fault == of ||
            !rules_resolves(incidents->opts.rules, &subject, fault->entry, &same, &n, &name)) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            equal = equal && (!span_eq_str(same[i], "gpu") || span_eq(fault->gpu, of->gpu)) &&
                    (!span_eq_str(same[i], "host") || span_eq(fault->host, of->host));
        }
        if (equal && (!fault->timed || !of->timed ||
                      fault->last_ns <= of->last_ns + incidents->timing.skew_ns)) {
            fault->over = true;
            if (fault->over_reason.ptr == NULL) {
                fault->over_reason = incidents_keep(by->diagnosis->entry->signature);
            }
        }
    }
}

static const struct incident_ref *reference(const struct fault *fault)
{
    struct story *story = fault != NULL ? fault->story : NULL;

    if (story == NULL || !story->announced) {
        return NULL;
    }
    story->ref = (struct incident_ref){story->id, story->revision, story_role(story, fault),
                                       story->root->entry};
    return &story->ref;
}

static enum rc push_diagnosis(struct incidents *incidents, const struct event *given)
{
    struct event event = *given;
    struct diagnosis diagnosis = *given->diagnosis;
    struct rules_effect effect;
    struct fault *fault = NULL;
    bool tell = true;
    enum rc rc;

    event.diagnosis = &diagnosis;
    lay_rules(incidents, &event, &diagnosis, &effect);
    if (incidents->graph == NULL) {
        incidents->graph = graph_new(incidents->opts.kb);
    }
    if (incidents->graph != NULL && !diagnosis.record->replayed) {
        fault = fault_take(incidents, &event);
    }
    if (fault != NULL) {
        incidents->version++;
        incidents_note_rank(incidents, fault->scope, diagnosis.rank);
        resolve_others(incidents, &event, fault);
    }
    rc = repeats_take(incidents, &event, &tell);
    if (diagnosis.muted) {
        incidents->stats.muted++;
        return rc;
    }
    if (tell && (rc == RC_OK || rc == RC_FULL)) {
        diagnosis.incident = reference(fault);
        rc = incidents_emit(incidents, &event);
    }
    return rc;
}

enum rc incidents_push(struct incidents *incidents, const struct event *event)
{
    return event->kind == EVENT_DIAGNOSIS ? push_diagnosis(incidents, event)
                                          : incidents_emit(incidents, event);
}

/* ---- signals ---- */

bool incidents_wants_signals(const struct incidents *incidents)
{
    return incidents->faults != NULL;
}

void incidents_push_signal(struct incidents *incidents, const struct rules_signal *signal,
                           const struct record *record, const struct origin *origin,
                           const struct capture_list *captures, int64_t when_wall_ns)
{
    signals_take(incidents, signal, incidents_scope_of(origin->path),
                 record->host.len > 0 ? record->host : incidents->opts.host, captures,
                 when_wall_ns);
}

/* ---- time ---- */

bool incidents_is_idle(const struct incidents *incidents)
{
    return incidents->faults == NULL && repeats_empty(incidents->repeats);
}

static enum rc tell_due(struct incidents *incidents, int64_t now_wall_ns, bool all)
{
    enum rc rc = stories_update(incidents, now_wall_ns);
    enum rc repeats_rc;

    if (rc == RC_OK || rc == RC_FULL) {
        rc = stories_tell(incidents, now_wall_ns, all);
    }
    repeats_rc = repeats_tick(incidents, now_wall_ns, all);
    return rc == RC_OK ? repeats_rc : rc;
}

enum rc incidents_tick(struct incidents *incidents, int64_t now_wall_ns)
{
    if (incidents->opts.finished_log || incidents_is_idle(incidents)) {
        return RC_OK;
    }
    return tell_due(incidents, now_wall_ns, false);
}

enum rc incidents_finish(struct incidents *incidents)
{
    return tell_due(incidents, clock_wall_ns(), true);
}

uint64_t incidents_version(const struct incidents *incidents)
{
    return incidents->version;
}

const struct incidents_stats *incidents_peek_stats(const struct incidents *incidents)
{
    return &incidents->stats;
}
