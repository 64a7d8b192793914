/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON text becomes one kb_entry. Plain fields stand in a table (name, type, where they go);
 * the composed ones have a function each. Strict: what the table does not know is an error, as are
 * duplicates, wrong types and missing fields. The error names the field the way a person would
 * write it, `workarounds[0].action`.
 *
 * cJSON parses; what it lets pass is looked at before (depth, NUL, UTF-8) and after (duplicate
 * names).
 */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#include "base/utf8.h"
#include "kb/kb_internal.h"

struct parse {
    struct arena *arena;
    struct err *err;
    char where[100]; /* the composed field that is being read, with its index */
};

enum type {
    TYPE_TEXT,         /* a string that is not empty */
    TYPE_TEXT_OR_NULL, /* a string or null */
    TYPE_STRING,       /* a string, may be empty */
    TYPE_TRUTH,        /* "true", "false", "partial" or a boolean */
    TYPE_STRINGS,
    TYPE_RATE, /* 0 to 1, or null */
    TYPE_CUSTOM,
};

struct field {
    const char *name;
    enum type type;
    bool required;
    size_t offset; /* in the struct that is filled */
    enum rc (*read)(struct parse *parse, const cJSON *value, void *out);
};

static enum rc fail(struct parse *parse, enum rc rc, const char *name, const char *reason)
{
    (void)err_set(parse->err, rc, "%s", reason);
    err_field(parse->err, "%s%s%s", parse->where,
              parse->where[0] != '\0' && name[0] != '\0' && name[0] != '[' ? "." : "", name);
    return rc;
}

static enum rc copy_text(struct parse *parse, const char *text, struct span *out)
{
    *out = arena_copy(parse->arena, span_str(text));
    return out->ptr != NULL ? RC_OK : RC_NOMEM;
}

static enum rc read_strings(struct parse *parse, const char *name, const cJSON *value,
                            struct span_list *out)
{
    size_t n = 0;
    size_t i = 0;
    const cJSON *item;
    struct span *items;

    if (!cJSON_IsArray(value)) {
        return fail(parse, RC_INVALID, name, "must be an array of strings");
    }
    n = (size_t)cJSON_GetArraySize(value);
    if (n == 0) {
        return RC_OK;
    }
    items = arena_alloc(parse->arena, n, sizeof(*items));
    if (items == NULL) {
        return RC_NOMEM;
    }
    cJSON_ArrayForEach(item, value)
    {
        if (!cJSON_IsString(item)) {
            return fail(parse, RC_INVALID, name, "must be an array of strings");
        }
        enum rc rc = copy_text(parse, item->valuestring, &items[i++]);
        if (rc != RC_OK) {
            return rc;
        }
    }
    *out = (struct span_list){items, n};
    return RC_OK;
}

static enum rc read_rate(struct parse *parse, const char *name, const cJSON *value,
                         struct kb_rate *out)
{
    if (cJSON_IsNull(value)) {
        return RC_OK;
    }
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0) || value->valuedouble > 1) {
        return fail(parse, RC_INVALID, name, "must be a number from 0 to 1, or null");
    }
    *out = (struct kb_rate){true, value->valuedouble};
    return RC_OK;
}

static enum rc read_truth(struct parse *parse, const char *name, const cJSON *value,
                          struct span *out)
{
    if (cJSON_IsBool(value)) {
        return copy_text(parse, cJSON_IsTrue(value) ? "true" : "false", out);
    }
    if (!cJSON_IsString(value) ||
        (strcmp(value->valuestring, "true") != 0 && strcmp(value->valuestring, "false") != 0 &&
         strcmp(value->valuestring, "partial") != 0)) {
        return fail(parse, RC_INVALID, name, "must be \"true\", \"false\" or \"partial\"");
    }
    return copy_text(parse, value->valuestring, out);
}

static enum rc read_text(struct parse *parse, const struct field *field, const cJSON *value,
                         struct span *out)
{
    if (field->type == TYPE_TEXT_OR_NULL && cJSON_IsNull(value)) {
        return RC_OK;
    }
    if (!cJSON_IsString(value)) {
        return fail(parse, RC_INVALID, field->name,
                    field->type == TYPE_TEXT_OR_NULL ? "must be a string or null"
                                                     : "must be a string");
    }
    if (field->type == TYPE_TEXT && value->valuestring[0] == '\0') {
        return fail(parse, RC_INVALID, field->name, "must not be empty");
    }
    return copy_text(parse, value->valuestring, out);
}

static enum rc read_field(struct parse *parse, const struct field *field, const cJSON *value,
                          void *base)
{
    void *out = (char *)base + field->offset;

    switch (field->type) {
    case TYPE_TEXT:
    case TYPE_TEXT_OR_NULL:
    case TYPE_STRING:
        return read_text(parse, field, value, out);
    case TYPE_TRUTH:
        return read_truth(parse, field->name, value, out);
    case TYPE_STRINGS:
        return read_strings(parse, field->name, value, out);
    case TYPE_RATE:
        return read_rate(parse, field->name, value, out);
    case TYPE_CUSTOM:
        break;
    }
    return field->read(parse, value, base);
}

/* Fills the struct at base from object by the table; what the table does not name, and what it
 * requires and is not there, fails. */
static enum rc read_object(struct parse *parse, const cJSON *object, const struct field *fields,
                           size_t n_fields, void *base)
{
    uint64_t seen = 0; /* n_fields <= 64 */
    const cJSON *value;

    if (!cJSON_IsObject(object)) {
        return fail(parse, RC_INVALID, "", "must be an object");
    }
    cJSON_ArrayForEach(value, object)
    {
        size_t i = 0;
        enum rc rc;

        while (i < n_fields && strcmp(fields[i].name, value->string) != 0) {
            i++;
        }
        if (i == n_fields) {
            return fail(parse, RC_INVALID, value->string, "unknown field");
        }
        if ((seen >> i & 1) != 0) {
            return fail(parse, RC_INVALID, value->string, "stands twice");
        }
        seen |= UINT64_C(1) << i;
        rc = read_field(parse, &fields[i], value, base);
        if (rc != RC_OK) {
            return rc;
        }
    }
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].required && (seen >> i & 1) == 0) {
            return fail(parse, RC_INVALID, fields[i].name, "is missing");
        }
    }
    return RC_OK;
}

/* What an array's objects are made of. */
struct shape {
    const struct field *fields;
    size_t n_fields;
    size_t size; /* of one object, in bytes */
};

/* An array of objects, all read by one table. */
static enum rc read_array(struct parse *parse, const char *name, const cJSON *array,
                          const struct shape *shape, void **ret_items, size_t *ret_n)
{
    size_t i = 0;
    const cJSON *object;
    char *items;

    if (!cJSON_IsArray(array)) {
        return fail(parse, RC_INVALID, name, "must be an array");
    }
    if (cJSON_GetArraySize(array) == 0) {
        return RC_OK;
    }
    items = arena_alloc(parse->arena, (size_t)cJSON_GetArraySize(array), shape->size);
    if (items == NULL) {
        return RC_NOMEM;
    }
    cJSON_ArrayForEach(object, array)
    {
        enum rc rc;

        (void)snprintf(parse->where, sizeof(parse->where), "%s[%zu]", name, i);
        rc = read_object(parse, object, shape->fields, shape->n_fields, items + i * shape->size);
        if (rc != RC_OK) {
            return rc;
        }
        i++;
    }
    parse->where[0] = '\0';
    *ret_items = items;
    *ret_n = i;
    return RC_OK;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum rc read_versions(struct parse *parse, const cJSON *value, void *base)
{
    static const struct field fields[] = {
        {"version", TYPE_TEXT, true, offsetof(struct kb_version, version), NULL},
        {"introduced", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_version, introduced), NULL},
        {"deprecated", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_version, deprecated), NULL},
        {"removed", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_version, removed), NULL},
        {"behavior_change", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_version, behavior_change),
         NULL},
        {"status", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_version, status), NULL},
    };
    struct kb_entry *entry = base;
    void *items = NULL;
    enum rc rc = read_array(parse, "versions", value,
                            &(struct shape){fields, COUNT(fields), sizeof(struct kb_version)},
                            &items, &entry->n_versions);

    entry->versions = items;
    return rc;
}

static enum rc read_dead_ends(struct parse *parse, const cJSON *value, void *base)
{
    static const struct field fields[] = {
        {"action", TYPE_TEXT, true, offsetof(struct kb_advice, action), NULL},
        {"why_fails", TYPE_TEXT, true, offsetof(struct kb_advice, why_fails), NULL},
        {"fail_rate", TYPE_RATE, false, offsetof(struct kb_advice, rate), NULL},
        {"condition", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_advice, condition), NULL},
        {"sources", TYPE_STRINGS, false, offsetof(struct kb_advice, sources), NULL},
    };
    struct kb_entry *entry = base;
    void *items = NULL;
    enum rc rc = read_array(parse, "dead_ends", value,
                            &(struct shape){fields, COUNT(fields), sizeof(struct kb_advice)},
                            &items, &entry->dead_ends.n);

    entry->dead_ends.items = items;
    return rc;
}

static enum rc read_workarounds(struct parse *parse, const cJSON *value, void *base)
{
    static const struct field fields[] = {
        {"action", TYPE_TEXT, true, offsetof(struct kb_advice, action), NULL},
        {"success_rate", TYPE_RATE, false, offsetof(struct kb_advice, rate), NULL},
        {"how", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_advice, how), NULL},
        {"condition", TYPE_TEXT_OR_NULL, false, offsetof(struct kb_advice, condition), NULL},
        {"when", TYPE_TEXT, false, offsetof(struct kb_advice, when), NULL},
        {"sources", TYPE_STRINGS, false, offsetof(struct kb_advice, sources), NULL},
    };
    struct kb_entry *entry = base;
    void *items = NULL;
    enum rc rc = read_array(parse, "workarounds", value,
                            &(struct shape){fields, COUNT(fields), sizeof(struct kb_advice)},
                            &items, &entry->workarounds.n);

    entry->workarounds.items = items;
    return rc;
}

static enum rc read_links(struct parse *parse, const char *name, const cJSON *array,
                          struct kb_link_list *out)
{
    static const struct field fields[] = {
        {"id", TYPE_TEXT, true, offsetof(struct kb_link, id), NULL},
        {"why", TYPE_TEXT, true, offsetof(struct kb_link, why), NULL},
    };
    struct kb_link *links;
    const cJSON *item;
    size_t i = 0;

    if (!cJSON_IsArray(array)) {
        return fail(parse, RC_INVALID, name, "must be an array of ids or of {id, why}");
    }
    if (cJSON_GetArraySize(array) == 0) {
        return RC_OK;
    }
    links = arena_alloc(parse->arena, (size_t)cJSON_GetArraySize(array), sizeof(*links));
    if (links == NULL) {
        return RC_NOMEM;
    }
    cJSON_ArrayForEach(item, array)
    {
        enum rc rc;

        (void)snprintf(parse->where, sizeof(parse->where), "transition_graph.%s[%zu]", name, i);
        rc = cJSON_IsString(item) ? copy_text(parse, item->valuestring, &links[i].id)
                                  : read_object(parse, item, fields, COUNT(fields), &links[i]);
        if (rc != RC_OK) {
            return rc;
        }
        i++;
    }
    *out = (struct kb_link_list){links, i};
    return RC_OK;
}

#define LINK_READER(function, key, member)                                                         \
    static enum rc function(struct parse *parse, const cJSON *value, void *base)                   \
    {                                                                                              \
        struct kb_entry *entry = base;                                                             \
        return read_links(parse, key, value, &entry->member);                                      \
    }
LINK_READER(read_leads_to, "leads_to", leads_to)
LINK_READER(read_preceded_by, "preceded_by", preceded_by)
LINK_READER(read_confused_with, "frequently_confused_with", confused_with)

static enum rc read_graph(struct parse *parse, const cJSON *value, void *base)
{
    static const struct field fields[] = {
        {"leads_to", TYPE_CUSTOM, true, 0, read_leads_to},
        {"preceded_by", TYPE_CUSTOM, true, 0, read_preceded_by},
        {"frequently_confused_with", TYPE_CUSTOM, true, 0, read_confused_with},
    };
    enum rc rc;

    (void)snprintf(parse->where, sizeof(parse->where), "transition_graph");
    rc = read_object(parse, value, fields, COUNT(fields), base);
    if (rc == RC_OK) {
        parse->where[0] = '\0';
    }
    return rc;
}

static enum rc read_os_specific(struct parse *parse, const cJSON *value, void *base)
{
    struct kb_entry *entry = base;
    char *text;
    enum rc rc;

    if (!cJSON_IsObject(value)) {
        return fail(parse, RC_INVALID, "os_specific", "must be an object");
    }
    text = cJSON_PrintUnformatted(value);
    if (text == NULL) {
        return RC_NOMEM;
    }
    rc = copy_text(parse, text, &entry->os_specific);
    cJSON_free(text);
    return rc;
}

static enum rc read_captures(struct parse *parse, const cJSON *value, void *base)
{
    static const struct field fields[] = {
        {"kind", TYPE_TEXT, true, offsetof(struct kb_capture, kind), NULL},
        {"what", TYPE_STRING, false, offsetof(struct kb_capture, what), NULL},
    };
    struct kb_entry *entry = base;
    struct kb_capture *captures;
    const cJSON *item;
    size_t i = 0;

    if (!cJSON_IsObject(value)) {
        return fail(parse, RC_INVALID, "captures", "must be an object");
    }
    if (cJSON_GetArraySize(value) == 0) {
        return RC_OK;
    }
    captures = arena_alloc(parse->arena, (size_t)cJSON_GetArraySize(value), sizeof(*captures));
    if (captures == NULL) {
        return RC_NOMEM;
    }
    cJSON_ArrayForEach(item, value)
    {
        enum rc rc = copy_text(parse, item->string, &captures[i].name);
        if (rc == RC_OK) {
            (void)snprintf(parse->where, sizeof(parse->where), "captures.%.60s", item->string);
            rc = read_object(parse, item, fields, COUNT(fields), &captures[i]);
        }
        if (rc != RC_OK) {
            return rc;
        }
        i++;
    }
    parse->where[0] = '\0';
    entry->captures = captures;
    entry->n_captures = i;
    return RC_OK;
}

static enum rc read_sources(struct parse *parse, const cJSON *value, void *base)
{
    static const struct field fields[] = {
        {"url", TYPE_TEXT, true, offsetof(struct kb_source, url), NULL},
        {"supports", TYPE_TEXT, true, offsetof(struct kb_source, supports), NULL},
        {"checked", TYPE_TEXT, true, offsetof(struct kb_source, checked), NULL},
    };
    struct kb_entry *entry = base;
    void *items = NULL;
    enum rc rc = read_array(parse, "sources", value,
                            &(struct shape){fields, COUNT(fields), sizeof(struct kb_source)},
                            &items, &entry->n_sources);

    entry->sources = items;
    return rc;
}

static enum rc read_retired(struct parse *parse, const cJSON *value, void *base)
{
    static const struct field fields[] = {
        {"claim", TYPE_TEXT, true, offsetof(struct kb_retired_claim, claim), NULL},
        {"reason", TYPE_TEXT, true, offsetof(struct kb_retired_claim, reason), NULL},
        {"source", TYPE_TEXT, false, offsetof(struct kb_retired_claim, source), NULL},
        {"field", TYPE_TEXT, false, offsetof(struct kb_retired_claim, field), NULL},
    };
    struct kb_entry *entry = base;
    void *items = NULL;
    enum rc rc = read_array(parse, "retired_claims", value,
                            &(struct shape){fields, COUNT(fields), sizeof(struct kb_retired_claim)},
                            &items, &entry->n_retired_claims);

    entry->retired_claims = items;
    return rc;
}

static enum rc read_tier(struct parse *parse, const cJSON *value, void *base)
{
    struct kb_entry *entry = base;

    if (!cJSON_IsString(value) ||
        kb_tier_parse(span_str(value->valuestring), &entry->tier) != RC_OK) {
        return fail(
            parse, RC_INVALID, "verification_tier",
            "must be vendor_documented, source_confirmed, community_reported or ai_generated");
    }
    return RC_OK;
}

static enum rc read_severity(struct parse *parse, const cJSON *value, void *base)
{
    struct kb_entry *entry = base;

    if (!cJSON_IsString(value) ||
        kb_severity_parse(span_str(value->valuestring), &entry->severity) != RC_OK) {
        return fail(parse, RC_INVALID, "severity", "must be info, warning, error or critical");
    }
    entry->has_severity = true;
    return RC_OK;
}

static enum rc read_role(struct parse *parse, const cJSON *value, void *base)
{
    struct kb_entry *entry = base;

    if (!cJSON_IsString(value) ||
        kb_role_parse(span_str(value->valuestring), &entry->role) != RC_OK) {
        return fail(parse, RC_INVALID, "role", "must be cause, symptom, wrapper or either");
    }
    entry->has_role = true;
    return RC_OK;
}

static enum rc read_confidence(struct parse *parse, const cJSON *value, void *base)
{
    struct kb_entry *entry = base;
    struct kb_rate rate = {0};
    enum rc rc = read_rate(parse, "confidence", value, &rate);

    if (rc == RC_OK && !rate.known) {
        return fail(parse, RC_INVALID, "confidence", "must be a number from 0 to 1");
    }
    entry->confidence = rate.value;
    return rc;
}

static enum rc read_evidence(struct parse *parse, const cJSON *value, void *base)
{
    struct kb_entry *entry = base;

    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0) || value->valuedouble > 1e9 ||
        fabs(value->valuedouble - floor(value->valuedouble)) > 0) {
        return fail(parse, RC_INVALID, "evidence_count", "must be a whole number, 0 or more");
    }
    entry->evidence_count = (unsigned)value->valuedouble;
    return RC_OK;
}

static enum rc read_disagrees(struct parse *parse, const cJSON *value, void *base)
{
    struct kb_entry *entry = base;

    if (!cJSON_IsBool(value)) {
        return fail(parse, RC_INVALID, "basis_disagrees", "must be true or false");
    }
    entry->basis_disagrees = cJSON_IsTrue(value);
    return RC_OK;
}

#define TEXT(field)                                                                                \
    {                                                                                              \
#field, TYPE_TEXT, true, offsetof(struct kb_entry, field), NULL                            \
    }
#define NULLABLE(field)                                                                            \
    {                                                                                              \
#field, TYPE_TEXT_OR_NULL, true, offsetof(struct kb_entry, field), NULL                    \
    }
#define STRINGS(field, required)                                                                   \
    {                                                                                              \
#field, TYPE_STRINGS, (required), offsetof(struct kb_entry, field), NULL                   \
    }
#define CUSTOM(name, required, read)                                                               \
    {                                                                                              \
        (name), TYPE_CUSTOM, (required), 0, (read)                                                 \
    }
#define OPTIONAL(field)                                                                            \
    {                                                                                              \
#field, TYPE_TEXT, false, offsetof(struct kb_entry, field), NULL                           \
    }

static const struct field entry_fields[] = {
    TEXT(id),
    TEXT(signature),
    TEXT(signature_zh),
    TEXT(regex),
    TEXT(domain),
    TEXT(category),
    NULLABLE(subcategory),
    TEXT(root_cause),
    NULLABLE(root_cause_type),
    TEXT(root_cause_zh),
    CUSTOM("versions", true, read_versions),
    CUSTOM("os_specific", true, read_os_specific),
    CUSTOM("dead_ends", true, read_dead_ends),
    CUSTOM("workarounds", true, read_workarounds),
    STRINGS(workarounds_zh, true),
    CUSTOM("transition_graph", true, read_graph),
    NULLABLE(official_doc_url),
    NULLABLE(official_doc_section),
    NULLABLE(error_code),
    CUSTOM("verification_tier", true, read_tier),
    CUSTOM("confidence", true, read_confidence),
    {"fix_success_rate", TYPE_RATE, true, offsetof(struct kb_entry, fix_success_rate), NULL},
    {"resolvable", TYPE_TRUTH, true, offsetof(struct kb_entry, resolvable), NULL},
    NULLABLE(first_seen),
    NULLABLE(last_confirmed),
    NULLABLE(last_updated),
    CUSTOM("evidence_count", true, read_evidence),
    STRINGS(tags, true),
    TEXT(locale),
    STRINGS(aliases, true),
    CUSTOM("severity", false, read_severity),
    OPTIONAL(scope),
    OPTIONAL(node_action),
    OPTIONAL(job_action),
    STRINGS(basis, false),
    CUSTOM("basis_disagrees", false, read_disagrees),
    CUSTOM("role", false, read_role),
    STRINGS(samples, false),
    STRINGS(counter_samples, false),
    CUSTOM("captures", false, read_captures),
    STRINGS(dead_ends_zh, false),
    CUSTOM("sources", false, read_sources),
    CUSTOM("retired_claims", false, read_retired),
};

_Static_assert(COUNT(entry_fields) <= 64, "read_object's set of seen fields is 64 bits");

static bool is_id(struct span id)
{
    size_t slashes = 0;

    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool edge = i == 0 || i + 1 == id.len || id.ptr[i - 1] == '/' || id.ptr[i + 1] == '/';
        if (c == '/' && !edge) {
            slashes++;
        } else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     ((c == '-' || c == '_' || c == '.') && !edge))) {
            return false;
        }
    }
    return slashes == 1 && id.len <= 128;
}

/* Claims that were found false and still stand among the advice are marked there, so that nobody
 * shows them as advice. */
static void mark_retired(struct kb_entry *entry)
{
    for (size_t i = 0; i < entry->n_retired_claims; i++) {
        const struct kb_retired_claim *claim = &entry->retired_claims[i];
        static const struct {
            struct span prefix;
            size_t list; /* offset of the kb_advice_list */
        } lists[] = {
            {SPAN_LIT("/workarounds/"), offsetof(struct kb_entry, workarounds)},
            {SPAN_LIT("/dead_ends/"), offsetof(struct kb_entry, dead_ends)},
        };
        for (size_t k = 0; k < COUNT(lists); k++) {
            const struct kb_advice_list *list =
                (const struct kb_advice_list *)(const void *)((char *)entry + lists[k].list);
            for (size_t n = 0; n < list->n && span_starts(claim->field, lists[k].prefix); n++) {
                char index[24];
                int len = snprintf(index, sizeof(index), "%zu", n);
                struct span rest = span_from(claim->field, lists[k].prefix.len);
                if (span_starts(rest, span_of(index, (size_t)len)) &&
                    (rest.len == (size_t)len ||
                     span_eq_str(span_from(rest, (size_t)len), "/action"))) {
                    /* The list was made by this file, in memory that may be written. */
                    ((struct kb_advice *)(uintptr_t)list->items)[n].retired = claim->reason;
                }
            }
        }
    }
}

/* What cJSON would let pass or cut short: bytes that are not UTF-8, NUL in a string, and nesting
 * that costs stack. */
static enum rc check_raw(struct span text, struct err *err)
{
    size_t depth = 0;
    bool in_string = false;

    if (!utf8_valid(text)) {
        return err_set(err, RC_INVALID, "is not UTF-8");
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\0' ||
            (in_string && c == '\\' && span_starts(span_from(text, i), span_str("\\u0000")))) {
            return err_set(err, RC_INVALID, "holds a NUL character");
        }
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        depth += c == '{' || c == '[';
        depth -= (c == '}' || c == ']') && depth > 0;
        if (depth > KB_FILE_MAX_DEPTH) {
            return err_set(err, RC_TOO_BIG, "is nested deeper than %d levels", KB_FILE_MAX_DEPTH);
        }
    }
    return RC_OK;
}

static enum rc syntax_error(struct span text, const char *at, struct err *err)
{
    unsigned line = 1;
    unsigned column = 1;

    for (const char *p = text.ptr; at != NULL && p < at && p < text.ptr + text.len; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    (void)err_set(err, RC_INVALID, "is not valid JSON");
    err_place(err, line, column);
    return RC_INVALID;
}

enum rc kb_parse_entry(struct span text, struct arena *arena, struct kb_entry *ret_entry,
                       struct err *err)
{
    struct parse parse = {.arena = arena, .err = err};
    struct kb_entry entry = {0};
    const char *end = NULL;
    cJSON *root;
    enum rc rc = check_raw(text, err);

    if (rc != RC_OK) {
        return rc;
    }
    root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, 0);
    if (root == NULL) {
        return syntax_error(text, end, err);
    }
    while (end < text.ptr + text.len && strchr(" \t\r\n", *end) != NULL) {
        end++;
    }
    if (end != text.ptr + text.len) {
        cJSON_Delete(root);
        return syntax_error(text, end, err);
    }
    rc = read_object(&parse, root, entry_fields, COUNT(entry_fields), &entry);
    cJSON_Delete(root);
    if (rc == RC_NOMEM) {
        return err_set(err, rc, "out of memory");
    }
    if (rc == RC_OK && !is_id(entry.id)) {
        return fail(&parse, RC_INVALID, "id",
                    "must be <domain>/<slug> of lower case letters, digits and -");
    }
    if (rc == RC_OK) {
        mark_retired(&entry);
        *ret_entry = entry;
    }
    return rc;
}
