/* SPDX-License-Identifier: Apache-2.0 */
/* Places of nodes and mistakes, and the guards against hostile files. */
#include "yaml/yaml_tree.h"

#include "base/buf.h"
#include "base/mem.h"
#include "support/cmocka.h"

static enum rc parse(const char *text, struct arena *arena, struct yaml_node **root,
                     struct err *err)
{
    err_clear(err);
    return yaml_parse(span_str(text), arena, root, err);
}

static void refused(const char *text, const char *message, unsigned line, unsigned column)
{
    struct arena arena = {0};
    struct yaml_node *root = NULL;
    struct err err;

    assert_int_equal(parse(text, &arena, &root, &err), RC_INVALID);
    assert_non_null(strstr(err.message, message));
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    arena_fini(&arena);
}

static void nodes_know_their_places(void **state)
{
    struct arena arena = {0};
    struct yaml_node *root = NULL;
    struct err err;

    (void)state;
    assert_int_equal(parse("a:\n  b: [x, 'y']\n", &arena, &root, &err), RC_OK);
    struct yaml_node *b = yaml_child(yaml_child(root, "a"), "b");
    assert_int_equal(b->key_line, 2);
    assert_int_equal(b->key_column, 3);
    assert_true(span_eq_str(b->children->next->text, "y"));
    assert_int_equal(b->children->next->column, 10);
    assert_null(b->children->next->next);
    assert_null(yaml_child(root, "z"));
    arena_fini(&arena);
}

static void hostile_files_are_refused_at_their_place(void **state)
{
    (void)state;
    refused("a: 1\na: 2\n", "stands twice", 2, 1);
    refused("a: &x 1\n", "anchors", 1, 4);
    refused("a: 1\n---\nb: 2\n", "second document", 2, 1);
    refused("? [a]\n: 1\n", "plain word", 1, 3);
    refused("a: \"\\0\"\n", "NUL", 1, 4);
}

static void depth_is_limited_to_64(void **state)
{
    char text[131] = {0};
    struct arena arena = {0};
    struct yaml_node *root = NULL;
    struct err err;

    (void)state;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_int_equal(parse(text, &arena, &root, &err), RC_OK);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    refused(text, "64", 1, 65);
    arena_fini(&arena);
}

static void an_unknown_key_hints_at_the_nearest(void **state)
{
    static const char *const names[] = {"follow", "exclude"};
    struct arena arena = {0};
    struct yaml_node *root = NULL;
    struct err err;

    (void)state;
    assert_int_equal(parse("\n folow: x\n", &arena, &root, &err), RC_OK);
    assert_int_equal(yaml_check_keys(root, names, 2, &err), RC_INVALID);
    assert_non_null(strstr(err.hint, "follow"));
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_their_places),
        cmocka_unit_test(hostile_files_are_refused_at_their_place),
        cmocka_unit_test(depth_is_limited_to_64),
        cmocka_unit_test(an_unknown_key_hints_at_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
