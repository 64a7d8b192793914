/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of ranks against a plain array, their text form both ways, and works by rank. */
#include <stdlib.h>

#include "incident/incident_internal.h"
#include "support/cmocka.h"

static void expect_text(const struct rank_set *set, const char *wanted)
{
    struct buf out;

    buf_init(&out, 4096);
    rank_set_format(set, SIZE_MAX, &out);
    buf_add_char(&out, '\0');
    assert_string_equal(out.ptr, wanted);
    buf_fini(&out);
}

static void text_and_set_agree(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", ""},           {"0", "0"},    {"0-6,9", "0-6,9"},       {"[0, 1]", "0,1"},
        {"63,64", "63,64"}, {"5-3", ""},   {"ranks [47] are", "47"}, {"1-4,3-8", "1-8"},
        {"65535", "65535"}, {"65536", ""}, {"99999999999999", ""},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct rank_set set = {0};
        rank_set_parse(&set, span_str(texts[i][0]));
        expect_text(&set, texts[i][1]);
        rank_set_fini(&set);
    }
}

static void a_set_is_what_was_added(void **state)
{
    (void)state;
    static bool plain[2000];
    struct rank_set set = {0};
    uint64_t random = 7;
    size_t n = 0;
    int32_t at = 0;

    for (int i = 0; i < 1500; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        int32_t rank = (int32_t)((random >> 33) % 2000);
        assert_int_equal(rank_set_add(&set, rank), !plain[rank]);
        n += !plain[rank];
        plain[rank] = true;
    }
    assert_int_equal(set.n, n);
    for (int32_t rank = rank_set_next(&set, 0); rank != RANK_NONE;
         rank = rank_set_next(&set, rank + 1)) {
        while (at < rank) {
            assert_false(plain[at++]);
        }
        assert_true(plain[at++]);
        n--;
    }
    assert_int_equal(n, 0);
    rank_set_fini(&set);
}

static void what_is_no_rank_is_not_added(void **state)
{
    (void)state;
    struct rank_set set = {0};

    assert_false(rank_set_add(&set, -1));
    assert_false(rank_set_add(&set, INCIDENTS_RANK_MAX + 1));
    assert_false(rank_set_has(&set, -1));
    assert_int_equal(set.n, 0);
    rank_set_fini(&set);
}

static void works_are_found_by_rank(void **state)
{
    (void)state;
    struct work_table table = {0};

    for (int32_t rank = 0; rank < 10000; rank++) {
        struct work *work = work_table_get(&table, rank * 3);
        assert_non_null(work);
        assert_int_equal(work->enqueued, WORK_NONE);
        work->seq = (uint64_t)rank;
    }
    assert_int_equal(table.n, 10000);
    for (int32_t rank = 0; rank < 10000; rank++) {
        assert_int_equal(work_table_get(&table, rank * 3)->seq, (uint64_t)rank);
    }
    work_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_set_agree),
        cmocka_unit_test(a_set_is_what_was_added),
        cmocka_unit_test(what_is_no_rank_is_not_added),
        cmocka_unit_test(works_are_found_by_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
