/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an incident, its memory over a restart, and its bounds. What joins with what is told
 * by the stories of tests/scenarios/. */
#include "base/mem.h"
#include "incident/incident_internal.h"
#include "unit/incident/feed.h"

static const struct feed_line ecc = {.id = "xid/48", .gpu = "0000:9b:00", .rank = RANK_NONE};
static const struct feed_line cuda = {.id = "cuda/ecc-uncorrectable", .rank = 5};
static const struct feed_line waits = {.id = "nccl/watchdog-timeout", .rank = 1};

static void it_is_told_when_settled_and_again_when_grown(void **state)
{
    (void)state;
    struct feed feed;

    feed_open(&feed, NULL, -1);
    feed_push(&feed, &cuda);
    feed_pass(&feed, FEED_SECONDS(3));
    feed_expect(&feed, "diagnosis cuda/ecc-uncorrectable\n");
    feed_push(&feed, &ecc);
    feed_pass(&feed, FEED_SECONDS(8));
    feed_expect(&feed,
                "diagnosis xid/48\nincident opened xid/48 [xid/48 cuda/ecc-uncorrectable]\n");
    feed_push(&feed, &waits);
    feed_pass(&feed, FEED_SECONDS(2));
    feed_expect(&feed, "diagnosis nccl/watchdog-timeout\n"); /* growth waits for a minute */
    feed_pass(&feed, FEED_SECONDS(60));
    feed_expect(&feed,
                "incident grown xid/48 [xid/48 cuda/ecc-uncorrectable nccl/watchdog-timeout]\n");
    assert_int_equal(feed.last_revision, 2);
    feed_push(&feed, &waits);
    feed_expect(&feed, ""); /* counted */
    feed_close(&feed);
}

static void a_root_that_comes_late_is_told_at_once(void **state)
{
    (void)state;
    struct feed feed;
    char id[HASH_HEX_BYTES];

    feed_open(&feed, NULL, -1);
    feed_push(&feed, &waits);
    feed_pass(&feed, FEED_SECONDS(11));
    feed_expect(&feed, "diagnosis nccl/watchdog-timeout\n"
                       "incident opened nccl/watchdog-timeout [nccl/watchdog-timeout]\n");
    memcpy(id, feed.last_id, sizeof(id));
    feed_push(&feed,
              &(struct feed_line){.id = "cuda/ecc-uncorrectable", .rank = 5, .unstamped = true});
    feed_pass(&feed, FEED_SECONDS(1));
    feed_expect(&feed,
                "diagnosis cuda/ecc-uncorrectable\nincident root_changed cuda/ecc-uncorrectable "
                "[cuda/ecc-uncorrectable nccl/watchdog-timeout]\n");
    assert_string_equal(feed.last_id, id);
    feed_close(&feed);
}

static void silence_for_a_window_ends_it(void **state)
{
    (void)state;
    struct feed feed;

    feed_open(&feed, NULL, -1);
    feed_push(&feed, &ecc);
    assert_false(incidents_is_idle(feed.incidents));
    feed_pass(&feed, FEED_SECONDS(1900));
    assert_true(incidents_is_idle(feed.incidents));
    assert_int_equal(incidents_peek_stats(feed.incidents)->open, 0);
    feed_close(&feed);
}

static void history_opens_nothing(void **state)
{
    (void)state;
    struct feed feed;

    feed_open(&feed, NULL, -1);
    feed_push(&feed, &(struct feed_line){.id = "xid/79", .rank = RANK_NONE, .replayed = true});
    feed_pass(&feed, FEED_SECONDS(20));
    feed_expect(&feed, "diagnosis xid/79\n");
    feed_close(&feed);
}

/* Saves, and reads into another one in its place. */
static void restart(struct feed *feed)
{
    struct incidents *next;
    struct buf saved;

    buf_init(&saved, INCIDENTS_SAVE_MAX);
    incidents_save(feed->incidents, &saved);
    assert_int_equal(buf_rc(&saved), RC_OK);
    assert_int_equal(incidents_new(&feed->incidents->opts, &next), RC_OK);
    assert_int_equal(incidents_load(next, buf_span(&saved)), RC_OK);
    incidents_free(feed->incidents);
    feed->incidents = next;
    buf_fini(&saved);
}

static void a_restart_changes_nothing(void **state)
{
    (void)state;
    struct feed feed;
    char id[HASH_HEX_BYTES];

    feed_open(&feed, NULL, -1);
    feed_push(&feed, &ecc);
    feed_push(&feed, &cuda);
    restart(&feed);
    feed_pass(&feed, FEED_SECONDS(11));
    feed_expect(&feed, "diagnosis xid/48\ndiagnosis cuda/ecc-uncorrectable\n"
                       "incident opened xid/48 [xid/48 cuda/ecc-uncorrectable]\n");
    memcpy(id, feed.last_id, sizeof(id));
    restart(&feed);
    feed_push(&feed, &cuda);
    feed_push(&feed, &waits);
    feed_pass(&feed, FEED_SECONDS(61));
    feed_expect(&feed,
                "diagnosis nccl/watchdog-timeout\n"
                "incident grown xid/48 [xid/48 cuda/ecc-uncorrectable nccl/watchdog-timeout]\n");
    assert_string_equal(feed.last_id, id);
    assert_int_equal(feed.last_revision, 2);
    feed_close(&feed);
}

static void rules_that_count_remember(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_line line = {.id = "xid/63", .gpu = "0000:9b:00", .rank = RANK_NONE};
    struct buf saved;

    feed_open(&feed, NULL, 0);
    feed_push(&feed, &line);
    feed_push(&feed, &line);
    restart(&feed);
    feed_push(&feed, &line);
    buf_init(&saved, INCIDENTS_SAVE_MAX);
    incidents_save(feed.incidents, &saved);
    assert_non_null(span_find(buf_span(&saved), span_str("Three rows remapped")));
    buf_fini(&saved);
    feed_close(&feed);
}

static void what_is_no_memory_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "[]", "{}", "{\"version\":2}", "null"};
    static const char *const odd[] = {
        "{\"version\":1}",
        "{\"version\":1,\"faults\":[{}],\"stories\":[{\"root\":0},{\"root\":-1},{\"root\":1e99}]}",
        "{\"version\":1,\"faults\":[{\"id\":\"xid/"
        "79\",\"works\":[[1],[-1,2,3],[1e9,1,1]],\"ranks\":\"0-9\"}],"
        "\"stories\":[{\"root\":0,\"id\":\"0123456789012345678901234567890123456789\"}]}",
        "{\"version\":1,\"repeats\":[{\"id\":\"xid/79\",\"event_id\":\"x\",\"key\":\"zz\"}],"
        "\"counts\":[{\"key\":\"1\",\"max\":2,\"recent\":[{},{},{}]},{\"max\":1e9}],\"censuses\":[{"
        "},{\"scope\":\"a\"}]}",
    };
    struct feed feed;

    feed_open(&feed, NULL, -1);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(incidents_load(feed.incidents, span_str(texts[i])), RC_INVALID);
    }
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        assert_int_equal(incidents_load(feed.incidents, span_str(odd[i])), RC_OK);
        feed_pass(&feed, FEED_SECONDS(2));
    }
    feed_close(&feed);
}

static void faults_are_bounded(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_line line = {.id = "xid/79", .rank = RANK_NONE};
    char gpu[32];
    struct buf saved;

    feed_open(&feed, NULL, 0);
    for (int i = 0; i < INCIDENTS_FAULTS_MAX + 500; i++) {
        (void)snprintf(gpu, sizeof(gpu), "%08x:00:00", (unsigned)i);
        line.gpu = gpu;
        feed_push(&feed, &line);
        buf_clear(&feed.out);
    }
    assert_int_equal(feed.incidents->n_faults, INCIDENTS_FAULTS_MAX);
    feed_pass(&feed, FEED_SECONDS(12));
    buf_init(&saved, INCIDENTS_SAVE_MAX);
    incidents_save(feed.incidents, &saved);
    assert_int_equal(buf_rc(&saved), RC_OK);
    buf_fini(&saved);
    feed_close(&feed);
}

static void pods_of_one_job_are_one_scope(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        {"/var/log/pods/ml_llm-worker-12_1f2e/train/0.log", "llm"},
        {"/var/log/pods/ml_llm-master-0_1f2e/train/0.log", "llm"},
        {"/var/log/pods/ml_llm-3-x7k2p_1f2e/train/0.log", "llm"},
        {"/var/log/pods/ml_llm-0_1f2e/train/0.log", "llm"},
        {"/var/log/pods/ml_notebook_1f2e/train/0.log", "notebook"},
        {"/var/log/containers/llm-worker-1_ml_train-0a1b.log", "llm"},
        {"/var/log/train.log", ""},
        {"/var/log/pods/", ""},
        {"-", ""},
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct span scope = incidents_scope_of(span_str(paths[i][0]));
        assert_int_equal(scope.len, strlen(paths[i][1]));
        assert_memory_equal(scope.ptr != NULL ? scope.ptr : "", paths[i][1], scope.len);
    }
}

/* Whatever allocation fails, nothing is lost but what it was for, and nothing leaks. */
static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 400; n++) {
        struct feed feed;
        feed_open(&feed, NULL, -1);
        mem_fail_after(n);
        (void)feed_try(&feed, &ecc);
        (void)feed_try(&feed, &cuda);
        (void)feed_try(&feed, &waits);
        (void)feed_try(&feed, &waits);
        enum rc rc = incidents_tick(feed.incidents, feed.now_ns + FEED_SECONDS(11));
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        mem_fail_after(-1);
        rc = incidents_finish(feed.incidents);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        feed_close(&feed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_told_when_settled_and_again_when_grown),
        cmocka_unit_test(a_root_that_comes_late_is_told_at_once),
        cmocka_unit_test(silence_for_a_window_ends_it),
        cmocka_unit_test(history_opens_nothing),
        cmocka_unit_test(a_restart_changes_nothing),
        cmocka_unit_test(rules_that_count_remember),
        cmocka_unit_test(what_is_no_memory_is_refused),
        cmocka_unit_test(faults_are_bounded),
        cmocka_unit_test(pods_of_one_job_are_one_scope),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
