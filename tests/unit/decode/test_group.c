/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the kernel that are one message become one record; nothing else is joined or lost. */
#include "base/mem.h"
#include "unit/decode/records.h"

#define BUS_1 "[ 10.000001] NVRM: The NVIDIA GPU 0000:9b:00.0\n"
#define BUS_2 "[ 10.000002] NVRM: (PCI ID: 10de:2330) installed in this system has\n"
#define BUS_3 "[ 10.000003] NVRM: fallen off the bus and is not responding to commands.\n"
#define BUS                                                                                        \
    "[ 10.000001] NVRM: The NVIDIA GPU 0000:9b:00.0 (PCI ID: 10de:2330) installed in this system " \
    "has fallen off the bus and is not responding to commands.\n"
#define OTHER "[ 10.500000] eth0: link up\n"

static const char oom[] =
    "[ 20.000001] python invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0\n"
    "[ 20.000002] memory: usage 67108864kB, limit 67108864kB, failcnt 15021\n"
    "[ 20.000003] [   4188]     0  4188   103083     8250   102400        0    969 python\n"
    "[ 20.000004] oom-kill:constraint=CONSTRAINT_MEMCG,task=python,pid=4188,uid=0\n"
    "[ 20.000005] Memory cgroup out of memory: Killed process 4188 (python) total-vm:412334kB\n";

static void gpu_off_the_bus_is_one_record_at_its_first_line(void **state)
{
    (void)state;
    records_expect(OTHER BUS_1 BUS_2 BUS_3 OTHER, "0|-1|K|" OTHER "27|-1|K|" BUS "215|-1|K|" OTHER);
}

static void lines_in_between_go_on_as_they_are(void **state)
{
    (void)state;
    records_expect(BUS_1 OTHER BUS_2 "step 7\n" BUS_3,
                   "47|-1|K|" OTHER "142|-1||step 7\n0|-1|K|" BUS);
}

static void sxid_has_its_severity_and_data(void **state)
{
    (void)state;
    records_expect(
        "Nov 23 21:14:06 n1 kernel: nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 20034, Fatal, Link "
        "28 "
        "LTSSM Fault Up\n"
        "Nov 23 21:14:06 n1 kernel: nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 20034, Severity 1 "
        "Engine instance 28\n"
        "Nov 23 21:14:06 n1 kernel: nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 20034, Data {0x1, "
        "0x2}\n",
        "0|-1|K|Nov 23 21:14:06 n1 kernel: nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 20034, "
        "Fatal, "
        "Link 28 LTSSM Fault Up; Severity 1 Engine instance 28; Data {0x1, 0x2}\n");
}

static void two_switches_are_not_joined(void **state)
{
    (void)state;
    records_expect(
        "[ 1.000001] nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 20034, Fatal, Link 28\n"
        "[ 1.000002] nvidia-nvswitch1: SXid (PCI:0000:c4:00.0): 20034, Severity 1 Engine\n"
        "[ 1.000003] nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 20034, Data {0x1}\n",
        "77|-1|K|[ 1.000002] nvidia-nvswitch1: SXid (PCI:0000:c4:00.0): 20034, Severity 1 Engine\n"
        "0|-1|K|[ 1.000001] nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 20034, Fatal, Link 28; Data "
        "{0x1}\n");
}

static void report_of_an_oom_kill_is_one_record(void **state)
{
    (void)state;
    records_expect(
        oom,
        "147|-1|K|[ 20.000003] [   4188]     0  4188   103083     8250   102400        0    969 "
        "python\n"
        "0|-1|K|[ 20.000001] python invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0; "
        "memory: "
        "usage 67108864kB, limit 67108864kB, failcnt 15021; "
        "oom-kill:constraint=CONSTRAINT_MEMCG,task=python,pid=4188,uid=0; Memory cgroup out of "
        "memory: Killed process 4188 (python) total-vm:412334kB\n");
}

static void two_lines_of_an_old_kernel_are_one_record(void **state)
{
    (void)state;
    records_expect(
        "[ 1.000001] a invoked oom-killer: order=0\n"
        "[ 1.000002] Out of memory: Kill process 7 (a) score 9 or sacrifice child\n"
        "[ 1.000003] Killed process 7 (a) total-vm:4kB\n",
        "0|-1|K|[ 1.000001] a invoked oom-killer: order=0; Out of memory: Kill process 7 "
        "(a) score 9 or sacrifice child; Killed process 7 (a) total-vm:4kB\n");
}

static void what_never_ends_is_told_alone(void **state)
{
    (void)state;
    /* At the end of the input, before another group, and after so many lines. */
    records_expect(BUS_1 BUS_2, "0|-1|K|[ 10.000001] NVRM: The NVIDIA GPU 0000:9b:00.0 (PCI ID: "
                                "10de:2330) installed in this system has\n");
    records_expect(BUS_1 BUS_1 BUS_2 BUS_3, "0|-1|K|" BUS_1 "47|-1|K|" BUS);
    records_expect(BUS_1 OTHER OTHER OTHER OTHER OTHER OTHER OTHER OTHER,
                   "47|-1|K|" OTHER "74|-1|K|" OTHER "101|-1|K|" OTHER "128|-1|K|" OTHER
                   "155|-1|K|" OTHER "182|-1|K|" OTHER "209|-1|K|" OTHER "0|-1|K|" BUS_1
                   "236|-1|K|" OTHER);
}

static void last_line_without_its_end_is_joined(void **state)
{
    (void)state;
    records_expect(BUS_1 BUS_2 "[ 10.000003] NVRM: fallen off the bus and is not responding",
                   "0|-1|PK|[ 10.000001] NVRM: The NVIDIA GPU 0000:9b:00.0 (PCI ID: 10de:2330) "
                   "installed in this system has fallen off the bus and is not responding\n");
}

static void what_a_program_prints_is_not_joined(void **state)
{
    (void)state;
    records_expect(
        "NVRM: The NVIDIA GPU 0000:9b:00.0\nNVRM: fallen off the bus and is not "
        "responding\n",
        "0|-1||NVRM: The NVIDIA GPU 0000:9b:00.0\n34|-1||NVRM: fallen off the bus and is "
        "not responding\n");
}

static void any_cutting_gives_the_same(void **state)
{
    (void)state;
    char text[2048];
    struct records whole;
    int len = snprintf(text, sizeof(text), "%sstep\n%s%s%s%s", oom, BUS_1, OTHER, BUS_2, BUS_3);
    struct span span = span_of(text, (size_t)len);

    assert_int_equal(
        records_decode_cut(&whole, &(struct decode_opts){0}, "kern.log", span, NULL, 0), RC_OK);
    for (size_t cut = 1; cut < span.len; cut++) {
        struct records cut_once;

        assert_int_equal(
            records_decode_cut(&cut_once, &(struct decode_opts){0}, "kern.log", span, &cut, 1),
            RC_OK);
        assert_string_equal(cut_once.out.ptr, whole.out.ptr);
        assert_false(cut_once.broken);
        records_fini(&cut_once);
    }
    records_fini(&whole);
}

static void escapes_in_the_chunk_change_nothing(void **state)
{
    (void)state;
    /* ESC makes the batches of this chunk copies. */
    records_expect("\x1b[1mgo\x1b[0m\n" BUS_1 "\x1b[1mon\x1b[0m\n" BUS_2 BUS_3 "and on\n",
                   "0|-1||go\n58|-1||on\n11|-1|K|" BUS "210|-1||and on\n");
}

static void joined_text_has_the_bound_of_a_record(void **state)
{
    (void)state;
    records_expect_opts(
        &(struct decode_opts){.max_record_bytes = 75}, "kern.log", span_str(BUS_1 BUS_2 BUS_3),
        "0|-1|TK|[ 10.000001] NVRM: The NVIDIA GPU 0000:9b:00.0 (PCI ID: 10de:2330) installe\n");
}

/* ---- over time ---- */

struct stream {
    struct records records;
    struct origin origin;
    struct decoder *decoder;
    uint64_t offset;
};

static void stream_open(struct stream *stream)
{
    *stream = (struct stream){.origin = {.path = span_str("kern.log"), .rank = RANK_NONE}};
    buf_init(&stream->records.out, 4096);
    assert_int_equal(decoder_new(&(struct decode_opts){.reference_wall_ns = RECORDS_NOW_NS},
                                 &stream->origin, records_on_batch, &stream->records,
                                 &stream->decoder),
                     RC_OK);
}

static enum rc stream_push(struct stream *stream, const char *text)
{
    struct chunk chunk = {&stream->origin, span_str(text), stream->offset};

    stream->offset += chunk.bytes.len;
    return decoder_push(stream->decoder, &chunk);
}

static void stream_close(struct stream *stream)
{
    decoder_free(stream->decoder);
    records_fini(&stream->records);
}

static void held_lines_are_released_when_the_kernel_falls_silent(void **state)
{
    (void)state;
    struct stream stream;

    stream_open(&stream);
    assert_int_equal(stream_push(&stream, OTHER BUS_1), RC_OK);
    assert_int_equal(stream.records.n, 1);
    assert_true(decoder_is_holding(stream.decoder));
    assert_int_equal(decoder_safe_offset(stream.decoder), strlen(OTHER));
    assert_int_equal(decoder_release(stream.decoder), RC_OK);
    assert_int_equal(stream_push(&stream, BUS_2), RC_OK); /* it goes on */
    assert_int_equal(decoder_release(stream.decoder), RC_OK);
    assert_int_equal(stream.records.n, 1);
    assert_int_equal(decoder_release(stream.decoder), RC_OK);
    assert_int_equal(stream.records.n, 2);
    assert_int_equal(stream.records.last.offset, strlen(OTHER));
    assert_false(decoder_is_holding(stream.decoder));
    assert_int_equal(decoder_safe_offset(stream.decoder), stream.offset);
    stream_close(&stream);
}

static void unfinished_last_line_is_the_same_record_when_whole(void **state)
{
    (void)state;
    struct stream stream;

    stream_open(&stream);
    assert_int_equal(stream_push(&stream, BUS_1 BUS_2 "[ 10.000003] NVRM: fallen off the bus and "
                                                      "is not responding"),
                     RC_OK);
    assert_int_equal(decoder_flush(stream.decoder), RC_OK);
    assert_int_equal(stream.records.n, 1);
    assert_true(stream.records.last.partial);
    assert_int_equal(stream_push(&stream, " to commands.\n"), RC_OK);
    assert_int_equal(decoder_flush(stream.decoder), RC_OK);
    assert_int_equal(stream.records.n, 2);
    assert_int_equal(stream.records.last.offset, 0);
    assert_false(stream.records.last.partial);
    stream_close(&stream);
}

static void messages_are_joined_and_keep_their_host(void **state)
{
    (void)state;
    struct stream stream;
    char host[] = "node01";
    struct message first = {.text = span_str("NVRM: The NVIDIA GPU 0000:9b:00.0"),
                            .offset = 7,
                            .log_wall_ns = CLOCK_NONE,
                            .kernel = true,
                            .host = span_str(host),
                            .unit = span_str("kernel")};

    stream_open(&stream);
    assert_int_equal(decoder_push_messages(stream.decoder, &first, 1), RC_OK);
    memset(host, 'x', sizeof(host) - 1); /* the transport's memory is its own again */
    assert_int_equal(decoder_release(stream.decoder), RC_OK);
    assert_int_equal(decoder_release(stream.decoder), RC_OK);
    assert_int_equal(stream.records.n, 1);
    assert_true(stream.records.last.kernel);
    assert_int_equal(stream.records.last.offset, 7);
    assert_string_equal(stream.records.last_host, "node01");
    assert_string_equal(stream.records.last_unit, "kernel");
    stream_close(&stream);
}

static void no_memory_is_an_error_and_no_crash(void **state)
{
    (void)state;
    enum rc rc = RC_NOMEM;

    for (int64_t after = 0; rc == RC_NOMEM && after < 64; after++) {
        struct stream stream;
        stream_open(&stream);
        mem_fail_after(after);
        rc = stream_push(&stream, BUS_1 BUS_2 BUS_3);
        mem_fail_after(-1);
        stream_close(&stream);
    }
    assert_int_equal(rc, RC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpu_off_the_bus_is_one_record_at_its_first_line),
        cmocka_unit_test(lines_in_between_go_on_as_they_are),
        cmocka_unit_test(sxid_has_its_severity_and_data),
        cmocka_unit_test(two_switches_are_not_joined),
        cmocka_unit_test(report_of_an_oom_kill_is_one_record),
        cmocka_unit_test(two_lines_of_an_old_kernel_are_one_record),
        cmocka_unit_test(what_never_ends_is_told_alone),
        cmocka_unit_test(last_line_without_its_end_is_joined),
        cmocka_unit_test(what_a_program_prints_is_not_joined),
        cmocka_unit_test(any_cutting_gives_the_same),
        cmocka_unit_test(escapes_in_the_chunk_change_nothing),
        cmocka_unit_test(joined_text_has_the_bound_of_a_record),
        cmocka_unit_test(held_lines_are_released_when_the_kernel_falls_silent),
        cmocka_unit_test(unfinished_last_line_is_the_same_record_when_whole),
        cmocka_unit_test(messages_are_joined_and_keep_their_host),
        cmocka_unit_test(no_memory_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
