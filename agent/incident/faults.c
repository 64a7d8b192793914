/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnoses into faults. All that a fault keeps is the same whatever the order in which its records
 * came: sums, sets, lowest and highest. Two faults of one key that are further apart than the
 * window are two; a record between them joins them.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "incident/incident_internal.h"

struct span incidents_keep(struct span text)
{
    char *copy = text.ptr != NULL ? mem_strdup(text) : NULL;

    return copy != NULL ? span_of(copy, text.len) : (struct span){0};
}

static void drop(struct span *text)
{
    /* incidents_keep made it: it is ours to change. */
    union {
        const char *kept;
        char *ours;
    } ptr = {text->ptr};

    mem_free(ptr.ours);
    *text = (struct span){0};
}

#define GPU_BYTES 64

/* `00000000:9B:00.0`, `0000:9b:00` and `PCI:0000:9b:00` are one GPU. */
static struct span canonical_gpu(struct span gpu, char out[GPU_BYTES])
{
    size_t len = 0;

    if (gpu.len == 0) {
        return (struct span){0};
    }
    if (span_starts(gpu, (struct span)SPAN_LIT("PCI:"))) {
        gpu = span_from(gpu, 4);
    }
    if (span_starts(gpu, (struct span)SPAN_LIT("00000000:"))) {
        gpu = span_from(gpu, 4);
    }
    while (gpu.len > 0 && (gpu.ptr[gpu.len - 1] == ':' || gpu.ptr[gpu.len - 1] == '.')) {
        gpu.len--;
    }
    if (gpu.len > 2 && memchr(gpu.ptr, ':', gpu.len) != NULL &&
        memcmp(gpu.ptr + gpu.len - 2, ".0", 2) == 0) {
        gpu.len -= 2;
    }
    for (; len < gpu.len && len < GPU_BYTES; len++) {
        char c = gpu.ptr[len];
        out[len] = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
    }
    return span_of(out, len);
}

static uint64_t key_of(const struct kb_entry *entry, struct span host, struct span gpu,
                       struct span scope)
{
    uint64_t parts[] = {hash_64(entry->id), hash_64(host), hash_64(gpu), hash_64(scope)};

    return hash_64(span_of((const char *)parts, sizeof(parts)));
}

static bool is_of(const struct fault *fault, const struct kb_entry *entry, struct span host,
                  struct span gpu, struct span scope)
{
    return fault->entry == entry && span_eq(fault->host, host) && span_eq(fault->gpu, gpu) &&
           span_eq(fault->scope, scope);
}

static bool is_near(const struct fault *fault, int64_t when_ns, int64_t window_ns)
{
    return !fault->timed || when_ns == CLOCK_NONE ||
           (when_ns >= fault->first_ns - window_ns && when_ns <= fault->last_ns + window_ns);
}

static void note_time(struct fault *fault, int64_t first_ns, int64_t last_ns, bool stamped)
{
    if (fault->count == 0) {
        fault->stamped = stamped;
    }
    fault->stamped = fault->stamped && stamped;
    if (first_ns == CLOCK_NONE) {
        return;
    }
    if (!fault->timed || first_ns < fault->first_ns) {
        fault->first_ns = first_ns;
    }
    if (!fault->timed || last_ns > fault->last_ns) {
        fault->last_ns = last_ns;
    }
    fault->timed = true;
}

/* A line that says least comes lowest; what matters is that it is always the same one. */
static void note_line(struct fault *fault, struct span line)
{
    struct span cut = utf8_cut(line, FAULT_LINE_MAX);

    if (cut.len > 0 && (fault->line.ptr == NULL || span_cmp(cut, fault->line) < 0)) {
        drop(&fault->line);
        fault->line = incidents_keep(cut);
    }
}

void fault_note_work(struct incidents *incidents, struct fault *fault, int32_t rank, uint64_t seq,
                     uint64_t enqueued)
{
    struct work *work;
    size_t before = fault->works.n;

    if (rank < 0 || rank > INCIDENTS_RANK_MAX || incidents->n_works >= WORKS_MAX) {
        return;
    }
    work = work_table_get(&fault->works, rank);
    if (work == NULL) {
        return;
    }
    incidents->n_works += fault->works.n - before;
    if (seq > work->seq) {
        work->seq = seq;
    }
    if (enqueued != WORK_NONE && (work->enqueued == WORK_NONE || enqueued > work->enqueued)) {
        work->enqueued = enqueued;
    }
}

static bool parse_number(struct span text, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (text.len == 0 || text.len > 18) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* Captures by the names that the entries of collective time-outs share: `seq` and `failed` are the
 * work that timed out, `enqueued` the last that the rank began, `ranks` whom the line accuses. */
static void note_captures(struct incidents *incidents, struct fault *fault,
                          const struct diagnosis *diagnosis)
{
    uint64_t seq = 0;
    uint64_t enqueued = WORK_NONE;
    bool any = false;

    for (size_t i = 0; i < diagnosis->captures.n; i++) {
        struct span name = diagnosis->captures.items[i].name;
        struct span value = diagnosis->captures.items[i].value;
        uint64_t number;
        if (span_starts(name, (struct span)SPAN_LIT("ranks"))) {
            rank_set_parse(&fault->named, value);
        } else if (!parse_number(value, &number)) {
            continue;
        } else if (span_starts(name, (struct span)SPAN_LIT("seq")) ||
                   span_starts(name, (struct span)SPAN_LIT("failed"))) {
            seq = number;
            any = true;
        } else if (span_starts(name, (struct span)SPAN_LIT("enqueued"))) {
            enqueued = number;
            any = true;
        }
    }
    if (any) {
        fault_note_work(incidents, fault, diagnosis->rank, seq, enqueued);
    }
}

void fault_free(struct incidents *incidents, struct fault *fault)
{
    struct fault **link = &incidents->faults;
    struct fault **by_key = &incidents->by_key[fault->key % FAULT_SLOTS];

    while (*link != fault) {
        link = &(*link)->next;
    }
    *link = fault->next;
    while (*by_key != fault) {
        by_key = &(*by_key)->next_key;
    }
    *by_key = fault->next_key;
    incidents->n_works -= fault->works.n;
    incidents->n_faults--;
    drop(&fault->host);
    drop(&fault->gpu);
    drop(&fault->scope);
    drop(&fault->line);
    drop(&fault->over_reason);
    rank_set_fini(&fault->ranks);
    rank_set_fini(&fault->named);
    work_table_fini(&fault->works);
    mem_free(fault);
}

/* The fault that has been silent for longest goes, in favour of what happens now. */
static void make_room(struct incidents *incidents)
{
    struct fault *oldest = incidents->faults;

    if (incidents->n_faults < INCIDENTS_FAULTS_MAX) {
        return;
    }
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if (fault->last_arrived_ns < oldest->last_arrived_ns) {
            oldest = fault;
        }
    }
    incidents->stats.forgotten++;
    incidents->stale = true;
    for (struct story *story = incidents->stories; story != NULL; story = story->next) {
        if (story->root == oldest) {
            story->root = NULL;
        }
    }
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if (fault->parent == oldest || fault->root == oldest) {
            fault->parent = NULL;
            fault->root = fault;
        }
    }
    fault_free(incidents, oldest);
}

static struct fault *add_fault(struct incidents *incidents, const struct kb_entry *entry,
                               struct span host, struct span gpu, struct span scope, uint64_t key)
{
    struct fault *fault;

    make_room(incidents);
    fault = mem_calloc(1, sizeof(*fault));
    if (fault == NULL) {
        return NULL;
    }
    fault->entry = entry;
    fault->key = key;
    fault->host = incidents_keep(host);
    fault->gpu = incidents_keep(gpu);
    fault->scope = incidents_keep(scope);
    fault->root = fault;
    fault->join = JOIN_NONE;
    fault->next = incidents->faults;
    incidents->faults = fault;
    fault->next_key = incidents->by_key[key % FAULT_SLOTS];
    incidents->by_key[key % FAULT_SLOTS] = fault;
    incidents->n_faults++;
    incidents->stale = true;
    return fault;
}

struct fault *fault_add(struct incidents *incidents, const struct kb_entry *entry, struct span host,
                        struct span gpu, struct span scope)
{
    return add_fault(incidents, entry, host, gpu, scope, key_of(entry, host, gpu, scope));
}

/* Two that turned out to be one. */
static void merge(struct incidents *incidents, struct fault *into, struct fault *from)
{
    note_time(into, from->timed ? from->first_ns : CLOCK_NONE, from->last_ns, from->stamped);
    note_line(into, from->line);
    rank_set_add_all(&into->ranks, &from->ranks);
    rank_set_add_all(&into->named, &from->named);
    for (size_t i = 0; i < from->works.n_slots; i++) {
        const struct work *work = &from->works.slots[i];
        if (work->rank != RANK_NONE) {
            fault_note_work(incidents, into, work->rank, work->seq, work->enqueued);
        }
    }
    into->count += from->count;
    into->severity = from->severity > into->severity ? from->severity : into->severity;
    into->arrived_ns = from->arrived_ns < into->arrived_ns ? from->arrived_ns : into->arrived_ns;
    into->never_root = into->never_root && from->never_root;
    into->over = into->over && from->over;
    for (struct story *story = incidents->stories; story != NULL; story = story->next) {
        story->root = story->root == from ? into : story->root;
    }
    incidents->stale = true;
    fault_free(incidents, from);
}

/* The fault of this key near when_ns; others of it that are near are merged into it. */
static struct fault *find_fault(struct incidents *incidents, const struct kb_entry *entry,
                                struct span host, struct span gpu, struct span scope, uint64_t key,
                                int64_t when_ns)
{
    struct fault *found = NULL;
    struct fault *next;

    for (struct fault *fault = incidents->by_key[key % FAULT_SLOTS]; fault != NULL; fault = next) {
        next = fault->next_key;
        if (!is_of(fault, entry, host, gpu, scope) ||
            !is_near(fault, when_ns, incidents->timing.window_ns)) {
            continue;
        }
        if (found == NULL) {
            found = fault;
        } else {
            merge(incidents, found, fault);
        }
    }
    return found;
}

/* The effect of rules that count grows with the count, so the strongest is the last word. */
static void note_effect(struct fault *fault, const struct event *event)
{
    const struct diagnosis *diagnosis = event->diagnosis;

    if (fault->count == 0 || event->severity > fault->severity) {
        fault->severity = event->severity;
    }
    if (fault->count == 0 || diagnosis->note.ptr != NULL) {
        fault->node_action = diagnosis->node_action;
        fault->job_action = diagnosis->job_action;
        fault->note = diagnosis->note;
    }
    fault->never_root = diagnosis->never_root && (fault->count == 0 || fault->never_root);
}

struct fault *fault_take(struct incidents *incidents, const struct event *event)
{
    const struct diagnosis *diagnosis = event->diagnosis;
    char gpu_text[GPU_BYTES];
    struct span gpu = canonical_gpu(diagnosis->gpu, gpu_text);
    struct span scope = incidents_scope_of(event->origin->path);
    uint64_t key = key_of(diagnosis->entry, event->host, gpu, scope);
    int64_t when_ns = diagnosis->when_wall_ns;
    struct fault *fault =
        find_fault(incidents, diagnosis->entry, event->host, gpu, scope, key, when_ns);

    if (fault == NULL) {
        fault = add_fault(incidents, diagnosis->entry, event->host, gpu, scope, key);
    }
    if (fault == NULL) {
        return NULL;
    }
    note_time(fault, when_ns, when_ns, diagnosis->record->log_wall_ns != CLOCK_NONE);
    note_effect(fault, event);
    note_line(fault, diagnosis->record->text);
    if (fault->count == 0) {
        fault->arrived_ns = event->time_wall_ns;
    }
    if (rank_set_add(&fault->ranks, diagnosis->rank)) {
        incidents->stale = true;
    }
    note_captures(incidents, fault, diagnosis);
    fault->last_arrived_ns = event->time_wall_ns;
    fault->over = false; /* it is back */
    fault->count++;
    return fault;
}

static int role_order(const struct fault *fault)
{
    static const int order[] = {
        [KB_ROLE_CAUSE] = 0, [KB_ROLE_EITHER] = 1, [KB_ROLE_SYMPTOM] = 2, [KB_ROLE_WRAPPER] = 3};

    return fault->never_root ? 4 : order[fault->entry->role];
}

int fault_compare(const struct fault *a, const struct fault *b)
{
    int c = role_order(a) - role_order(b);

    if (c == 0) {
        c = (int)b->severity - (int)a->severity;
    }
    if (c == 0) {
        c = span_cmp(a->entry->id, b->entry->id);
    }
    if (c == 0) {
        c = span_cmp(a->host, b->host);
    }
    if (c == 0) {
        c = span_cmp(a->gpu, b->gpu);
    }
    if (c == 0) {
        c = span_cmp(a->scope, b->scope);
    }
    if (c == 0 && a->timed && b->timed && a->first_ns != b->first_ns) {
        c = a->first_ns < b->first_ns ? -1 : 1;
    }
    return c;
}

bool fault_may_be_root(const struct fault *fault)
{
    return !fault->never_root && fault->entry->role != KB_ROLE_WRAPPER;
}

size_t fault_depth(const struct fault *fault)
{
    size_t depth = 0;

    for (; fault->parent != NULL; fault = fault->parent) {
        depth++;
    }
    return depth;
}
