/* SPDX-License-Identifier: Apache-2.0 */
/* Ranks, times and senders that the start of a line tells. */
#include "unit/decode/records.h"

static struct records last_of(const char *text)
{
    struct records records;

    assert_int_equal(
        records_decode_cut(&records, &(struct decode_opts){0}, "a", span_str(text), NULL, 0),
        RC_OK);
    records_fini(&records);
    return records;
}

static int rank_of(const char *text)
{
    return last_of(text).last.rank;
}

static int64_t seconds_of(const char *text)
{
    int64_t wall_ns = last_of(text).last.log_wall_ns;

    return wall_ns == CLOCK_NONE ? -1 : wall_ns / CLOCK_NS_PER_S;
}

static void launchers_prefixes_tell_the_rank(void **state)
{
    (void)state;
    assert_int_equal(rank_of("[rank3]: Traceback\n"), 3);
    assert_int_equal(rank_of("[rank12]:[E1123 09:11:25.1 ProcessGroupNCCL.cpp:616] [Rank 12] x\n"),
                     12);
    assert_int_equal(rank_of("[Rank 4] Watchdog caught\n"), 4);
    assert_int_equal(rank_of("[rank: 5] Seed set\n"), 5);
    assert_int_equal(rank_of("[default6]:text\n"), 6);
    assert_int_equal(rank_of("[1,7]<stdout>:text\n"), 7);
    assert_int_equal(rank_of("[1,8]<stderr>:text\n"), 8);
    assert_int_equal(rank_of("(VllmWorker rank=9 pid=123) text\n"), 9);
    assert_int_equal(rank_of("10: srun\n"), 10);
    assert_int_equal(rank_of("  0: srun\n"), 0);
    assert_int_equal(rank_of("(RayTrainWorker pid=123, ip=10.0.0.1) [rank11]: text\n"), 11);
    assert_int_equal(rank_of("0: [rank12]: innermost wins\n"), 12);
    assert_int_equal(rank_of("2026-11-23 21:19:38,376 [rank13]: text\n"), 13);
}

static void other_beginnings_tell_no_rank(void **state)
{
    static const char *const lines[] = {
        "[gpu3]: x\n",        "[rank3 x\n", "[ranks]: x\n",        "[default3] x\n", "rank is 3\n",
        "12:30 x\n",          "[3] x\n",    "(note 3: see pid)\n", "[1,2] = 3\n",    "1234567: x\n",
        "[rank1234567]: x\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(rank_of(lines[i]), RANK_NONE);
    }
}

static void bare_number_among_other_lines_is_no_rank(void **state)
{
    (void)state;
    assert_int_equal(rank_of("Things to do\nand more\n1: item\n"), RANK_NONE);
    assert_int_equal(rank_of("0: a\n1: b\n0: c\nstray\n1: d\n"), 1);
}

static void ray_tells_the_host(void **state)
{
    (void)state;
    assert_string_equal(last_of("(RayTrainWorker pid=123, ip=10.0.0.1) x\n").last_host, "10.0.0.1");
}

static void stamps_are_understood(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC0", 1), 0);
    assert_int_equal(seconds_of("2026-11-23T21:19:38.376029123Z x\n"), 1795468778);
    assert_int_equal(seconds_of("2026-11-23 21:19:38,376 x\n"), 1795468778);
    assert_int_equal(seconds_of("[2026-11-23 21:19:38,376] x\n"), 1795468778);
    assert_int_equal(seconds_of("2026-11-23T22:19:38+0100 x\n"), 1795468778);
    assert_int_equal(seconds_of("2026/11/23 21:19:38 x\n"), 1795468778);
    assert_int_equal(seconds_of("11/23/2026 21:19:38 - INFO\n"), 1795468778);
    assert_int_equal(seconds_of("Nov 23 21:19:38 node01 app: x\n"), 1795468778);
    assert_int_equal(seconds_of("Dec 23 21:19:38 node01 app: last year's\n"), 1766524778);
    assert_int_equal(seconds_of("[Mon Nov 23 21:19:38 2026] NVRM: x\n"), 1795468778);
    assert_int_equal(seconds_of("[rank3]:[E1123 21:19:38.376029 ProcessGroupNCCL.cpp:1] x\n"),
                     1795468778);
    assert_int_equal(seconds_of("E1123 21:19:38.376029 123 x.cc:1] x\n"), 1795468778);
}

static void malformed_stamps_are_none(void **state)
{
    static const char *const lines[] = {
        "2026-13-23 21:19:38 x\n", "2026-11-23 24:19:38 x\n", "2026-11-23 21:19 and more\n",
        "Nov 33 21:19:38 x\n",     "Foo 23 21:19:38 xxxx\n",  "E1323 21:19:38.376029 x\n",
        "0026-11-23 21:19:38 x\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(seconds_of(lines[i]), -1);
    }
}

static void local_zone_is_assumed_where_none_is_told(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "LOC-01", 1), 0);
    assert_int_equal(seconds_of("2026-11-23 22:19:38 x\n"), 1795468778);
    assert_int_equal(setenv("TZ", "UTC0", 1), 0);
}

static void kernel_lines_are_marked(void **state)
{
    static const char *const lines[] = {
        "Nov 24 09:11:25 node01 kernel: [ 1204.771025] NVRM: Xid\n",
        "2026-11-24T09:11:25.123456+00:00 node01 kernel: NVRM: Xid\n",
        "[ 1204.771025] NVRM: Xid\n",
        "[Tue Nov 24 09:11:25 2026] NVRM: Xid\n",
    };
    struct records records;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_true(last_of(lines[i]).last.kernel);
    }
    records = last_of(lines[0]);
    assert_string_equal(records.last_host, "node01");
    assert_string_equal(records.last_unit, "kernel");
}

static void lines_of_programs_are_not_the_kernels(void **state)
{
    struct records records = last_of("Nov 24 09:11:25 node01 sshd[12]: kernel: NVRM: Xid\n");

    (void)state;
    assert_false(records.last.kernel);
    assert_string_equal(records.last_host, "node01");
    assert_string_equal(records.last_unit, "sshd");
    assert_false(last_of("NVRM: Xid\n").last.kernel);
    assert_false(last_of("[12.5] NVRM: Xid\n").last.kernel);
    records = last_of("2026-11-24T09:11:25Z worker INFO: text\n");
    assert_string_equal(records.last_host, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launchers_prefixes_tell_the_rank),
        cmocka_unit_test(other_beginnings_tell_no_rank),
        cmocka_unit_test(bare_number_among_other_lines_is_no_rank),
        cmocka_unit_test(ray_tells_the_host),
        cmocka_unit_test(stamps_are_understood),
        cmocka_unit_test(malformed_stamps_are_none),
        cmocka_unit_test(local_zone_is_assumed_where_none_is_told),
        cmocka_unit_test(kernel_lines_are_marked),
        cmocka_unit_test(lines_of_programs_are_not_the_kernels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
