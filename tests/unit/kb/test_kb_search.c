/* SPDX-License-Identifier: Apache-2.0 */
/* Finding entries by words and by a mistyped id. */
#include "support/cmocka.h"
#include "support/kb_text.h"
#include "support/tmpdir.h"

#include "kb/kb_search.h"

static char dir[256];
static struct kb *kb;

static int setup(void **state)
{
    const char *const paths[] = {dir};
    struct err err;

    (void)state;
    tmpdir_make(dir, sizeof(dir));
    kb_text_write(dir, "flux/drained", "\"aliases\": []", "\"aliases\": [\"old/empty\"]");
    kb_text_write(dir, "warp/core-breach", NULL, NULL);
    return kb_build(&(struct kb_opts){.paths = paths, .n_paths = 1}, &kb, &err) != RC_OK;
}

static int teardown(void **state)
{
    (void)state;
    kb_unref(kb);
    tmpdir_remove(dir);
    return 0;
}

static unsigned score(const char *id, const char *query)
{
    return kb_search_score(kb_find(kb, span_str(id)), span_str(query));
}

static void place_of_a_word_decides_the_score(void **state)
{
    (void)state;
    assert_int_equal(score("warp/core-breach", "breach"), 4);
    assert_int_equal(score("warp/core-breach", "flux_88"), 4);
    assert_int_equal(score("warp/core-breach", "capacitor"), 3);
    assert_int_equal(score("warp/core-breach", "电容"), 3);
    assert_int_equal(score("warp/core-breach", "delorean"), 2);
    assert_int_equal(score("flux/drained", "old/empty"), 2);
    assert_int_equal(score("warp/core-breach", "charge"), 1);
    assert_int_equal(score("warp/core-breach", "电荷"), 1);
    assert_int_equal(score("warp/core-breach", "dilithium"), 0);
}

static void every_word_must_be_found(void **state)
{
    (void)state;
    assert_int_equal(score("flux/drained", "flux delorean"), 6);
    assert_int_equal(score("flux/drained", "  flux   delorean "), 6);
    assert_int_equal(score("flux/drained", "flux dilithium"), 0);
    assert_int_equal(score("flux/drained", ""), 0);
}

static void case_does_not_matter(void **state)
{
    (void)state;
    assert_int_equal(score("flux/drained", "FLUX DeLorean"), 6);
}

static void nearest_id_is_offered_and_a_far_one_is_not(void **state)
{
    (void)state;
    assert_ptr_equal(kb_nearest(kb, span_str("flux/driand")),
                     kb_find(kb, span_str("flux/drained")));
    assert_ptr_equal(kb_nearest(kb, span_str("wrap/core-breach")),
                     kb_find(kb, span_str("warp/core-breach")));
    assert_null(kb_nearest(kb, span_str("nccl/timeout")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_of_a_word_decides_the_score),
        cmocka_unit_test(every_word_must_be_found),
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(nearest_id_is_offered_and_a_far_one_is_not),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
