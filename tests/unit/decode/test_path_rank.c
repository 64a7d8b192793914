/* SPDX-License-Identifier: Apache-2.0 */
/* Ranks in file names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode/decode.h"

static int32_t rank_of(const char *path)
{
    return decode_path_rank(span_str(path));
}

static void names_after_ranks_tell_them(void **state)
{
    (void)state;
    assert_int_equal(rank_of("/logs/rank_3.log"), 3);
    assert_int_equal(rank_of("rank3.txt"), 3);
    assert_int_equal(rank_of("train-rank-12.out"), 12);
    assert_int_equal(rank_of("train.RANK07.log"), 7);
    assert_int_equal(rank_of("rank3/err.txt"), 3);
    assert_int_equal(rank_of("/tmp/run/attempt_0/3/stderr.log"), 3);
    assert_int_equal(rank_of("/tmp/run/attempt_0/0/stdout.log"), 0);
    assert_int_equal(rank_of("job_task_5.out"), 5);
    assert_int_equal(rank_of("local_rank_2.log"), 2);
}

static void other_numbers_tell_none(void **state)
{
    (void)state;
    assert_int_equal(rank_of("/logs/train.log"), RANK_NONE);
    assert_int_equal(rank_of("/logs/2026/train.log"), RANK_NONE);
    assert_int_equal(rank_of("slurm-12345.out"), RANK_NONE);
    assert_int_equal(rank_of("frank3.log"), RANK_NONE);
    assert_int_equal(rank_of("rank.log"), RANK_NONE);
    assert_int_equal(rank_of("rank_1234567.log"), RANK_NONE);
    assert_int_equal(rank_of("/x/9/train.log"), RANK_NONE);
    assert_int_equal(rank_of(""), RANK_NONE);
    assert_int_equal(rank_of("-"), RANK_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_after_ranks_tell_them),
        cmocka_unit_test(other_numbers_tell_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
