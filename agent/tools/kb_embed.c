/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kb-embed DIR OUT.c: the entries below DIR, read and checked by the agent's own loader, become one
 * C file of constant structs. A fault ends the build with the file, the field and the reason. The
 * output depends on the entries alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "kb/kb.h"

static FILE *out;

static void put_span(struct span text)
{
    if (text.ptr == NULL) {
        fputs("{0, 0}", out);
        return;
    }
    fputs("{\"", out);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c == '?' || c < 0x20 || c == 0x7f) {
            fprintf(out, "\\%03o", c); /* '?' so that no trigraph arises */
        } else {
            fputc(c, out);
        }
    }
    fprintf(out, "\", %zu}", text.len);
}

static void put_spans(const struct span *first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", out);
        put_span(first[i]);
    }
}

static void put_string_list(const char *name, size_t e, struct span_list list)
{
    if (list.n > 0) {
        fprintf(out, "static const struct span %s_%zu[] = {", name, e);
        put_spans(list.items, list.n);
        fputs("};\n", out);
    }
}

static void put_advice(const char *name, size_t e, struct kb_advice_list list)
{
    for (size_t i = 0; i < list.n; i++) {
        char sources[64];
        (void)snprintf(sources, sizeof(sources), "%s_sources_%zu", name, e);
        put_string_list(sources, i, list.items[i].sources);
    }
    if (list.n == 0) {
        return;
    }
    fprintf(out, "static const struct kb_advice %s_%zu[] = {\n", name, e);
    for (size_t i = 0; i < list.n; i++) {
        const struct kb_advice *a = &list.items[i];
        const struct span texts[] = {a->action, a->why_fails, a->how, a->condition, a->when};
        fputs("{", out);
        put_spans(texts, 5);
        fprintf(out, ", {%d, %.17g}, ", a->rate.known, a->rate.value);
        if (a->sources.n > 0) {
            fprintf(out, "{%s_sources_%zu_%zu, %zu}, ", name, e, i, a->sources.n);
        } else {
            fputs("{0, 0}, ", out);
        }
        put_span(a->retired);
        fputs("},\n", out);
    }
    fputs("};\n", out);
}

/* The composed lists are arrays of structs that consist of spans only: kb.h keeps them so. */
static void put_rows(const char *type, const char *name, size_t e, const void *rows, size_t n,
                     size_t spans)
{
    if (n == 0) {
        return;
    }
    fprintf(out, "static const struct %s %s_%zu[] = {", type, name, e);
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ", {" : "{", out);
        put_spans((const struct span *)rows + i * spans, spans);
        fputs("}", out);
    }
    fputs("};\n", out);
}

#define SPANS(type) (sizeof(struct type) / sizeof(struct span))

static void put_parts(size_t e, const struct kb_entry *entry)
{
    put_rows("kb_version", "versions", e, entry->versions, entry->n_versions, SPANS(kb_version));
    put_advice("dead_ends", e, entry->dead_ends);
    put_advice("workarounds", e, entry->workarounds);
    put_string_list("workarounds_zh", e, entry->workarounds_zh);
    put_string_list("dead_ends_zh", e, entry->dead_ends_zh);
    put_rows("kb_link", "leads_to", e, entry->leads_to.items, entry->leads_to.n, SPANS(kb_link));
    put_rows("kb_link", "preceded_by", e, entry->preceded_by.items, entry->preceded_by.n,
             SPANS(kb_link));
    put_rows("kb_link", "confused_with", e, entry->confused_with.items, entry->confused_with.n,
             SPANS(kb_link));
    put_string_list("tags", e, entry->tags);
    put_string_list("aliases", e, entry->aliases);
    put_string_list("basis", e, entry->basis);
    put_string_list("samples", e, entry->samples);
    put_string_list("counter_samples", e, entry->counter_samples);
    put_rows("kb_capture", "captures", e, entry->captures, entry->n_captures, SPANS(kb_capture));
    put_rows("kb_source", "sources", e, entry->sources, entry->n_sources, SPANS(kb_source));
    put_rows("kb_retired_claim", "retired_claims", e, entry->retired_claims,
             entry->n_retired_claims, SPANS(kb_retired_claim));
}

static void put_text(const char *name, struct span text)
{
    if (text.ptr != NULL) {
        fprintf(out, ".%s = ", name);
        put_span(text);
        fputs(", ", out);
    }
}

static void put_list(const char *name, size_t e, size_t n)
{
    if (n > 0) {
        fprintf(out, ".%s = {%s_%zu, %zu}, ", name, name, e, n);
    }
}

static void put_counted(const char *name, size_t e, size_t n)
{
    if (n > 0) {
        fprintf(out, ".%s = %s_%zu, .n_%s = %zu, ", name, name, e, name, n);
    }
}

static void put_entry(size_t e, const struct kb_entry *entry)
{
#define TEXT(field) put_text(#field, entry->field)
    fputs("{", out);
    TEXT(id), TEXT(signature), TEXT(signature_zh), TEXT(regex), TEXT(domain), TEXT(category),
        TEXT(subcategory);
    TEXT(root_cause), TEXT(root_cause_type), TEXT(root_cause_zh), TEXT(os_specific);
    TEXT(official_doc_url), TEXT(official_doc_section), TEXT(error_code), TEXT(resolvable),
        TEXT(first_seen);
    TEXT(last_confirmed), TEXT(last_updated), TEXT(locale), TEXT(scope), TEXT(node_action),
        TEXT(job_action);
    put_counted("versions", e, entry->n_versions);
    put_list("dead_ends", e, entry->dead_ends.n);
    put_list("workarounds", e, entry->workarounds.n);
    put_list("workarounds_zh", e, entry->workarounds_zh.n);
    put_list("dead_ends_zh", e, entry->dead_ends_zh.n);
    put_list("leads_to", e, entry->leads_to.n);
    put_list("preceded_by", e, entry->preceded_by.n);
    put_list("confused_with", e, entry->confused_with.n);
    put_list("tags", e, entry->tags.n);
    put_list("aliases", e, entry->aliases.n);
    put_list("basis", e, entry->basis.n);
    put_list("samples", e, entry->samples.n);
    put_list("counter_samples", e, entry->counter_samples.n);
    put_counted("captures", e, entry->n_captures);
    put_counted("sources", e, entry->n_sources);
    put_counted("retired_claims", e, entry->n_retired_claims);
    fprintf(
        out,
        ".tier = %d, .confidence = %.17g, .fix_success_rate = {%d, %.17g}, .evidence_count = %u, "
        ".has_severity = %d, .severity = %d, .basis_disagrees = %d, .has_role = %d, .role = %d},\n",
        (int)entry->tier, entry->confidence, entry->fix_success_rate.known,
        entry->fix_success_rate.value, entry->evidence_count, entry->has_severity,
        (int)entry->severity, entry->basis_disagrees, entry->has_role, (int)entry->role);
}

/* All entries' JSON hashed in order: says which knowledge a binary holds. */
static void put_hash(const struct kb *kb)
{
    struct hash128 sum = {0, 0};
    char text[HASH_HEX_BYTES];
    struct buf json;

    buf_init(&json, (size_t)4 * 1024 * 1024);
    for (size_t i = 0; i < kb_count(kb); i++) {
        buf_clear(&json);
        buf_add(&json, span_of((const char *)&sum, sizeof(sum)));
        kb_write_json(kb_at(kb, i), &json);
        sum = hash_128(buf_span(&json));
    }
    buf_fini(&json);
    hash_format(sum, text);
    fprintf(out, "const struct kb_builtin kb_builtin = {entries, %zu, \"%s\"};\n", kb_count(kb),
            text);
}

static void on_refused(void *ctx, const struct err *err)
{
    char text[1500];

    *(size_t *)ctx += 1;
    fprintf(stderr, "%s\n", err_format(err, text, sizeof(text)));
}

static int write_all(const struct kb *kb, const char *path)
{
    out = fopen(path, "we");
    if (out == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    fputs("/* Made by kb-embed from the files of kb/; changes belong there. */\n#include "
          "\"kb/kb_builtin.h\"\n\n",
          out);
    for (size_t i = 0; i < kb_count(kb); i++) {
        put_parts(i, kb_at(kb, i));
    }
    fputs("static const struct kb_entry entries[] = {\n", out);
    for (size_t i = 0; i < kb_count(kb); i++) {
        put_entry(i, kb_at(kb, i));
    }
    fputs("};\n", out);
    put_hash(kb);
    if (ferror(out) != 0 || fclose(out) != 0) {
        fprintf(stderr, "%s: cannot be written\n", path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t refused = 0;
    struct kb *kb;
    struct err err;
    int status;

    if (argc != 3) {
        fprintf(stderr, "usage: kb-embed DIR OUT.c\n");
        return 2;
    }
    err_clear(&err);
    if (kb_build(&(struct kb_opts){.paths = (const char *const[]){argv[1]},
                                   .n_paths = 1,
                                   .on_refused = on_refused,
                                   .ctx = &refused},
                 &kb, &err) != RC_OK) {
        on_refused(&refused, &err);
        return 1;
    }
    status = refused > 0 ? 1 : write_all(kb, argv[2]);
    kb_unref(kb);
    return status;
}
