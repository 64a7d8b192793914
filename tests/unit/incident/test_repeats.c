/* SPDX-License-Identifier: Apache-2.0 */
/* Each problem is told once, then counted; the count is told at powers of ten and at the end. */
#include "unit/incident/feed.h"

static const struct feed_line lost = {.id = "xid/79", .gpu = "0000:9b:00", .rank = RANK_NONE};

static struct capture_list gpu_capture(const char *gpu)
{
    return (struct capture_list){.items = {{span_str("gpu"), span_str(gpu)}}, .n = 1};
}

static void first_is_told_and_powers_of_ten(void **state)
{
    (void)state;
    struct feed feed;

    feed_open(&feed, NULL, -1);
    for (int i = 0; i < 100; i++) {
        feed_push(&feed, &lost);
    }
    feed_expect(&feed, "diagnosis xid/79\nrepeat xid/79 x10\nrepeat xid/79 x100\n");
    assert_int_equal(incidents_peek_stats(feed.incidents)->repeats, 99);
    feed_close(&feed);
}

static void a_window_that_is_silent_ends_the_problem(void **state)
{
    (void)state;
    struct feed feed;

    feed_open(&feed, NULL, FEED_SECONDS(60));
    feed_push(&feed, &lost);
    feed_push(&feed, &lost);
    feed_pass(&feed, FEED_SECONDS(61));
    feed_expect(&feed,
                "diagnosis xid/79\nincident opened xid/79 [xid/79]\nrepeat xid/79 x2 ended\n");
    feed_push(&feed, &lost);
    feed_expect(&feed, "diagnosis xid/79 of\n");
    feed_close(&feed);
}

static void a_problem_that_goes_on_is_counted_window_by_window(void **state)
{
    (void)state;
    struct feed feed;

    feed_open(&feed, NULL, FEED_SECONDS(60));
    for (int i = 0; i < 15; i++) {
        feed_push(&feed, &lost);
        feed_pass(&feed, FEED_SECONDS(10));
    }
    feed_expect(
        &feed,
        "diagnosis xid/79\nincident opened xid/79 [xid/79]\nrepeat xid/79 x6\nrepeat xid/79 x10\n"
        "incident grown xid/79 [xid/79]\nrepeat xid/79 x12\n");
    feed_close(&feed);
}

static void zero_tells_every_match(void **state)
{
    (void)state;
    struct feed feed;

    feed_open(&feed, NULL, 0);
    feed_push(&feed, &lost);
    feed_push(&feed, &lost);
    feed_expect(&feed, "diagnosis xid/79\ndiagnosis xid/79\n");
    feed_close(&feed);
}

static void gpus_are_told_apart_and_ranks_are_not(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_line line = {
        .id = "xid/79", .rank = RANK_NONE, .captures = gpu_capture("0000:1b:00")};
    struct feed_line waits = {.id = "nccl/watchdog-timeout"};

    feed_open(&feed, NULL, -1);
    feed_push(&feed, &line);
    line.captures = gpu_capture("0000:9b:00");
    feed_push(&feed, &line);
    feed_expect(&feed, "diagnosis xid/79\ndiagnosis xid/79\n");
    for (int32_t rank = 0; rank < 10; rank++) {
        waits.rank = rank;
        feed_push(&feed, &waits);
    }
    feed_expect(&feed,
                "diagnosis nccl/watchdog-timeout\nrepeat nccl/watchdog-timeout x10 ranks 0-9\n");
    feed_close(&feed);
}

static void jobs_of_one_node_are_told_apart(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_line line = {
        .id = "cuda/out-of-memory", .rank = 0, .path = "/var/log/pods/ns_a-0_u1/c/0.log"};

    feed_open(&feed, NULL, -1);
    feed_push(&feed, &line);
    line.path = "/var/log/pods/ns_a-1_u2/c/0.log"; /* the same job */
    feed_push(&feed, &line);
    line.path = "/var/log/pods/ns_b-0_u3/c/0.log";
    feed_push(&feed, &line);
    feed_expect(&feed, "diagnosis cuda/out-of-memory\ndiagnosis cuda/out-of-memory\n");
    feed_close(&feed);
}

static void the_number_of_problems_is_bounded(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_line line = {.id = "xid/45", .rank = RANK_NONE};
    char gpu[32];

    feed_open(&feed, NULL, -1);
    for (int i = 0; i < INCIDENTS_REPEATS_MAX + 100; i++) {
        (void)snprintf(gpu, sizeof(gpu), "%08x:00:00", (unsigned)i);
        line.captures = gpu_capture(gpu);
        feed_push(&feed, &line);
        buf_clear(&feed.out);
    }
    assert_true(incidents_peek_stats(feed.incidents)->forgotten >= 100);
    feed_close(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_is_told_and_powers_of_ten),
        cmocka_unit_test(a_window_that_is_silent_ends_the_problem),
        cmocka_unit_test(a_problem_that_goes_on_is_counted_window_by_window),
        cmocka_unit_test(zero_tells_every_match),
        cmocka_unit_test(gpus_are_told_apart_and_ranks_are_not),
        cmocka_unit_test(jobs_of_one_node_are_told_apart),
        cmocka_unit_test(the_number_of_problems_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
