/* SPDX-License-Identifier: Apache-2.0 */
/* Layers, strictness, and that what is written reads back the same. */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

static enum rc apply_text(struct config_builder *builder, struct span text, struct err *err)
{
    char dir[256];
    char path[300];
    enum rc rc;

    tmpdir_make(dir, sizeof(dir));
    tmpdir_write(dir, "c.yaml", text.ptr, text.len);
    (void)snprintf(path, sizeof(path), "%s/c.yaml", dir);
    rc = config_apply_file(builder, path, err);
    tmpdir_remove(dir);
    return rc;
}

static void a_stronger_layer_replaces_lists_and_values(void **state)
{
    char follow[] = "GPUERR_FOLLOW=e1,e2";
    char lang[] = "GPUERR_LANG=zh";
    char *environ_list[] = {follow, lang, NULL};
    struct config_builder *builder = NULL;
    const struct config *config = NULL;
    struct err err;

    (void)state;
    assert_int_equal(config_builder_new(&builder), RC_OK);
    assert_int_equal(
        apply_text(builder, span_str("version: 1\ninputs: {follow: [f], from: start}\n"), &err),
        RC_OK);
    assert_int_equal(config_apply_env(builder, environ_list, &err), RC_OK);
    assert_int_equal(config_finish(builder, &config, &err), RC_OK);
    assert_int_equal(config->follow.n, 2);
    assert_string_equal(config->follow.items[1], "e2");
    assert_int_equal(config->lang, CONFIG_LANG_ZH);
    assert_int_equal(config->from, CONFIG_FROM_START);
    assert_int_equal(config_apply_option(builder, "follow", "l1", &err), RC_OK);
    assert_int_equal(config_apply_option(builder, "follow", "l2", &err), RC_OK);
    assert_int_equal(config->follow.n, 2);
    assert_string_equal(config->follow.items[0], "l1");
    config_builder_free(builder);
}

static void mistakes_have_place_and_hint(void **state)
{
    struct config_builder *builder = NULL;
    struct err err;

    (void)state;
    assert_int_equal(config_builder_new(&builder), RC_OK);
    assert_int_equal(apply_text(builder, span_str("version: 1\ninputs:\n  folow: x\n"), &err),
                     RC_INVALID);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 3);
    assert_non_null(strstr(err.hint, "follow"));
    assert_int_equal(config_apply_option(builder, "format", "jsn", &err), RC_INVALID);
    assert_non_null(strstr(err.message, "auto, json, text"));
    assert_non_null(strstr(err.hint, "json"));
    assert_int_equal(apply_text(builder, span_str("inputs: {stdin: true}\n"), &err), RC_INVALID);
    assert_int_equal(config_apply_option(builder, "max-record-bytes", "1023", &err), RC_INVALID);
    assert_int_equal(config_apply_option(builder, "max-record-bytes", "1MiB", &err), RC_OK);
    config_builder_free(builder);
}

static void what_is_written_reads_back_the_same(void **state)
{
    struct config_builder *builder = NULL;
    const struct config *config = NULL;
    struct buf first;
    struct buf second;
    struct err err;

    (void)state;
    (void)setenv("GPUERR_TEST_POD", "p$1\"\n", 1);
    buf_init(&first, 65536);
    buf_init(&second, 65536);
    assert_int_equal(config_builder_new(&builder), RC_OK);
    assert_int_equal(apply_text(builder,
                                span_str("version: 1\nlabels: {pod: '${GPUERR_TEST_POD}', d: "
                                         "$$x}\noutput: {min_confidence: 0.1}\n"),
                                &err),
                     RC_OK);
    assert_int_equal(config_finish(builder, &config, &err), RC_OK);
    assert_string_equal(config->labels[0].value, "p$1\"\n");
    assert_string_equal(config->labels[1].value, "$x");
    config_write_yaml(config, &first);
    config_builder_free(builder);
    assert_int_equal(config_builder_new(&builder), RC_OK);
    assert_int_equal(apply_text(builder, buf_span(&first), &err), RC_OK);
    assert_int_equal(config_finish(builder, &config, &err), RC_OK);
    config_write_yaml(config, &second);
    assert_true(span_eq(buf_span(&first), buf_span(&second)));
    config_builder_free(builder);
    buf_fini(&first);
    buf_fini(&second);
}

static void the_shipped_example_loads_whenever_memory_lasts(void **state)
{
    enum rc rc = RC_NOMEM;

    (void)state;
    for (int64_t n = 0; rc == RC_NOMEM && n < 10000; n++) {
        struct config_builder *builder = NULL;
        struct err err;
        mem_fail_after(n);
        rc = config_builder_new(&builder);
        if (rc == RC_OK) {
            rc = config_apply_file(builder, GPUERR_SOURCE_DIR "/config/sidecar.yaml", &err);
        }
        mem_fail_after(-1);
        config_builder_free(builder);
    }
    assert_int_equal(rc, RC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stronger_layer_replaces_lists_and_values),
        cmocka_unit_test(mistakes_have_place_and_hint),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(the_shipped_example_loads_whenever_memory_lasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
