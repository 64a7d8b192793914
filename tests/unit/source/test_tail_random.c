/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random walk: a writer appends, rotates, deletes, truncates and recreates a log, the receiver
 * stops and goes on, and what was received is compared with what was written. Every line has a
 * number, so a lost, doubled or displaced one shows. Steps that destroy bytes (truncation, deleting
 * a file that may not have been opened yet) or that write into a file which has lost its name wait
 * until the reader has caught up: then nothing may be lost and nothing is reported lost.
 *
 * The seed is printed; GPUERR_SEED repeats a walk, GPUERR_STEPS makes it longer.
 */
#include "unit/source/rig.h"

#include <inttypes.h>

#define LOG "a.log"

struct walk {
    struct rig rig;
    uint64_t random;
    char *expected;
    size_t expected_len;
    unsigned line;
    unsigned rotation;
    int fd; /* the writer's */
};

static size_t below(struct walk *walk, size_t n)
{
    walk->random ^= walk->random << 13;
    walk->random ^= walk->random >> 7;
    walk->random ^= walk->random << 17;
    return (size_t)((walk->random >> 20) % n);
}

static void reopen(struct walk *walk, int flags)
{
    if (walk->fd >= 0) {
        (void)close(walk->fd);
    }
    walk->fd =
        open(rig_path(&walk->rig, LOG), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | flags, 0644);
    assert_true(walk->fd >= 0);
}

static void write_text(struct walk *walk, const char *text, size_t len)
{
    assert_int_equal(write(walk->fd, text, len), len);
    memcpy(walk->expected + walk->expected_len, text, len);
    walk->expected_len += len;
    walk->expected[walk->expected_len] = '\0';
}

static void write_line(struct walk *walk)
{
    char text[256];
    int len = snprintf(text, sizeof(text), "line %u %.*s\n", walk->line++, (int)below(walk, 100),
                       "........................................................................."
                       "...........................");

    if (below(walk, 4) == 0) { /* in two pieces */
        write_text(walk, text, 3);
        write_text(walk, text + 3, (size_t)len - 3);
    } else {
        write_text(walk, text, (size_t)len);
    }
}

static void expect_equal(struct walk *walk)
{
    size_t i = 0;

    while (walk->expected[i] != '\0' && walk->expected[i] == walk->rig.text[i]) {
        i++;
    }
    if (walk->expected[i] != walk->rig.text[i]) {
        print_message("--- expected\n%.300s\n--- got\n%.300s\n---\n", walk->expected + i,
                      walk->rig.text + i);
        fail();
    }
}

static void catch_up(struct walk *walk)
{
    walk->rig.wanted = walk->expected;
    walk->rig.answer = RC_OK;
    source_resume(walk->rig.source);
    (void)rig_wait_until(&walk->rig, rig_has_text); /* the comparison says more than "too late" */
    expect_equal(walk);
}

static void rotate(struct walk *walk)
{
    char name[32];
    bool late = below(walk, 2) == 0; /* the writer notices a little later */

    if (late) {
        /* Whoever has read it has the file open. A file that was renamed while it was empty and
         * never seen, and is written to afterwards, can be missed. */
        write_line(walk);
        catch_up(walk);
    }
    (void)snprintf(name, sizeof(name), LOG ".%u", 100000 - walk->rotation++);
    rig_rename(&walk->rig, LOG, name);
    if (late) {
        write_line(walk);
    }
    reopen(walk, 0);
    if (below(walk, 3) != 0) {
        write_line(walk);
    }
}

static void turn_loop(struct walk *walk)
{
    timer_start(walk->rig.deadline, below(walk, 20), 0);
    assert_int_equal(loop_run(walk->rig.loop), RC_OK);
}

static void step(struct walk *walk)
{
    switch (below(walk, 16)) {
    case 0:
    case 1:
        rotate(walk);
        break;
    case 2:
        catch_up(walk);
        assert_int_equal(ftruncate(walk->fd, 0), 0);
        write_line(walk);
        break;
    case 3:
        write_line(walk); /* whoever has read it has the file open */
        catch_up(walk);
        rig_remove(&walk->rig, LOG);
        write_line(walk); /* into the file without a name */
        reopen(walk, 0);
        break;
    case 4:
        catch_up(walk);
        reopen(walk, O_TRUNC);
        break;
    case 5:
        walk->rig.answer = RC_FULL;
        break;
    case 6:
        source_resume(walk->rig.source);
        break;
    case 7:
    case 8:
    case 9:
        turn_loop(walk);
        break;
    case 10:
        catch_up(walk);
        break;
    default:
        write_line(walk);
        break;
    }
}

static void walk_once(uint64_t seed, unsigned steps, bool poll)
{
    struct walk walk = {.random = seed * 0x9e3779b97f4a7c15u + 1, .fd = -1};

    rig_init(&walk.rig);
    walk.expected = calloc(RIG_TEXT_MAX + 1, 1);
    assert_non_null(walk.expected);
    rig_follow_opts(&walk.rig, LOG,
                    (struct tail_opts){.from = TAIL_FROM_START,
                                       .scan_ms = 50,
                                       .quiet_ms = 200,
                                       .read_bytes = 1 + below(&walk, 300),
                                       .poll = poll});
    reopen(&walk, 0);
    write_line(&walk);
    for (unsigned i = 0; i < steps; i++) {
        step(&walk);
    }
    catch_up(&walk);
    rig_drain(&walk.rig);
    expect_equal(&walk);
    assert_int_equal(rig_count(&walk.rig, SOURCE_LOST), 0);
    assert_int_equal(rig_count(&walk.rig, SOURCE_FAILED), 0);
    rig_fini(&walk.rig);
    (void)close(walk.fd);
    free(walk.expected);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void every_line_arrives_once_and_in_order(void **state)
{
    uint64_t first = number_from("GPUERR_SEED", 1);
    uint64_t walks = number_from("GPUERR_WALKS", 12);

    (void)state;
    for (uint64_t seed = first; seed < first + walks; seed++) {
        print_message("seed %" PRIu64 "\n", seed);
        walk_once(seed, (unsigned)number_from("GPUERR_STEPS", 120), false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_arrives_once_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
