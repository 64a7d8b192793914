/* SPDX-License-Identifier: Apache-2.0 */
/* The generations that inodes go on with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/tail_past.h"

static void an_inode_goes_on_with_what_was_told_last(void **state)
{
    struct tail_past past = {0};

    (void)state;
    assert_int_equal(tail_past_generation(&past, 1, 10), 0);
    tail_past_note(&past, 1, 10, 1);
    tail_past_note(&past, 2, 10, 7);
    tail_past_note(&past, 1, 10, 2);
    assert_int_equal(tail_past_generation(&past, 1, 10), 2);
    assert_int_equal(tail_past_generation(&past, 2, 10), 7);
    assert_int_equal(tail_past_generation(&past, 1, 11), 0);
    tail_past_fini(&past);
}

static void the_oldest_are_forgotten(void **state)
{
    struct tail_past past = {0};

    (void)state;
    for (uint64_t inode = 1; inode <= 10000; inode++) {
        tail_past_note(&past, 1, inode, 3);
    }
    assert_in_range(past.n, 1000, 9999);
    assert_int_equal(tail_past_generation(&past, 1, 1), 0);
    assert_int_equal(tail_past_generation(&past, 1, 10000), 3);
    tail_past_fini(&past);
    assert_int_equal(tail_past_generation(&past, 1, 10000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inode_goes_on_with_what_was_told_last),
        cmocka_unit_test(the_oldest_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
