/* SPDX-License-Identifier: Apache-2.0 */
/* A state directory on disk: what is put comes back, in one piece or not at all, whatever happens
 * to the file, the disk and the process. */
#include "store/store.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

struct rig {
    char dir[256];
    char state[300];
    struct loop *loop;
    struct store *store;
    char trouble[2048]; /* all that was told, joined */
    enum rc last_trouble;
};

static void on_trouble(void *ctx, const struct err *err)
{
    struct rig *rig = ctx;
    size_t used = strlen(rig->trouble);

    (void)snprintf(rig->trouble + used, sizeof(rig->trouble) - used, "%s\n", err->message);
    rig->last_trouble = err->rc;
}

static enum rc rig_try_open(struct rig *rig, struct err *err)
{
    return store_open(&(struct store_opts){.dir = rig->state,
                                           .loop = rig->loop,
                                           .outbox_max_bytes = 100000,
                                           .on_trouble = on_trouble,
                                           .ctx = rig},
                      &rig->store, err);
}

static void rig_open(struct rig *rig)
{
    struct err err;

    if (rig_try_open(rig, &err) != RC_OK) {
        fail_msg("%s: %s", err.file, err.message);
    }
}

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.loop = NULL};
    tmpdir_make(rig->dir, sizeof(rig->dir));
    (void)snprintf(rig->state, sizeof(rig->state), "%s/state", rig->dir);
    assert_int_equal(loop_new(&rig->loop), RC_OK);
}

static void rig_close(struct rig *rig)
{
    store_close(rig->store);
    rig->store = NULL;
    assert_int_equal(loop_run(rig->loop), RC_OK);
}

static void rig_fini(struct rig *rig)
{
    rig_close(rig);
    loop_free(rig->loop);
    tmpdir_remove(rig->dir);
}

static void on_flushed(void *ctx)
{
    loop_stop(ctx);
}

static void rig_flush(struct rig *rig)
{
    store_flush(rig->store, on_flushed, rig->loop);
    assert_int_equal(loop_run(rig->loop), RC_OK);
}

static void put_event(struct rig *rig, int n)
{
    char id[33];
    char json[64];

    (void)snprintf(id, sizeof(id), "%032d", n);
    (void)snprintf(json, sizeof(json), "{\"n\":%d}", n);
    assert_int_equal(store_put_event(rig->store, &(struct store_event){.id = id,
                                                                       .kind = EVENT_DIAGNOSIS,
                                                                       .severity = SEVERITY_ERROR,
                                                                       .time_wall_ns = n,
                                                                       .json = span_str(json)}),
                     RC_OK);
}

static void put_position(struct rig *rig, uint64_t inode, uint64_t offset)
{
    struct store_position position = {.type = SOURCE_FILE,
                                      .path = span_str("/log"),
                                      .device = 7,
                                      .inode = inode,
                                      .offset = offset,
                                      .generation = 2,
                                      .head = span_of("he\0d", 4),
                                      .updated_wall_ns = clock_wall_ns()};

    assert_int_equal(store_put_position(rig->store, &position), RC_OK);
}

struct found {
    struct store_position last;
    char path[64];
    char head[64];
    char cursor[64];
    size_t n;
    char text[4096];
};

static void on_position(void *ctx, const struct store_position *position)
{
    struct found *found = ctx;

    found->n++;
    found->last = *position;
    memcpy(found->path, position->path.ptr, position->path.len);
    memcpy(found->head, position->head.len > 0 ? position->head.ptr : "", position->head.len);
    memcpy(found->cursor, position->cursor.len > 0 ? position->cursor.ptr : "",
           position->cursor.len);
}

static void on_unsent(void *ctx, struct span json)
{
    struct found *found = ctx;
    size_t used = strlen(found->text);

    found->n++;
    (void)snprintf(found->text + used, sizeof(found->text) - used, "%.*s", (int)json.len, json.ptr);
}

static void what_is_put_comes_back_after_a_restart(void **state)
{
    struct rig rig;
    struct found found = {.n = 0};
    struct buf value;

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    assert_false(store_is_dirty(rig.store));
    put_position(&rig, 1, 100);
    put_position(&rig, 1, 200);
    assert_int_equal(
        store_put_position(rig.store,
                           &(struct store_position){.type = SOURCE_JOURNAL,
                                                    .path = span_str("j"),
                                                    .cursor = span_str("s=1"),
                                                    .updated_wall_ns = clock_wall_ns() + 1}),
        RC_OK);
    assert_int_equal(store_put_state(rig.store, "incidents", span_of("a\0b", 3)), RC_OK);
    assert_true(store_is_dirty(rig.store));
    rig_flush(&rig);
    rig_close(&rig);
    rig_open(&rig);
    assert_int_equal(store_each_position(rig.store, on_position, &found), RC_OK);
    assert_int_equal(found.n, 2);
    assert_string_equal(found.cursor, "s=1");
    buf_init(&value, 100);
    assert_int_equal(store_load_state(rig.store, "incidents", &value), RC_OK);
    assert_int_equal(value.len, 3);
    assert_int_equal(store_load_state(rig.store, "other", &value), RC_NOT_FOUND);
    buf_fini(&value);
    put_position(&rig, 1, 300);
    rig_flush(&rig);
    rig_close(&rig);
    rig_open(&rig);
    assert_int_equal(store_each_position(rig.store, on_position, &found), RC_OK);
    assert_int_equal(found.last.offset, 300);
    assert_int_equal(found.last.generation, 2);
    assert_int_equal(found.last.head.len, 4);
    assert_memory_equal(found.head, "he\0d", 4);
    assert_string_equal(rig.trouble, "");
    rig_fini(&rig);
}

static void outbox_keeps_what_a_sink_has_not_acknowledged(void **state)
{
    struct rig rig;
    struct found found = {.n = 0};

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    assert_int_equal(store_put_ack(rig.store, "stdout"), RC_OK);
    put_event(&rig, 1);
    put_event(&rig, 2);
    assert_int_equal(store_put_ack(rig.store, "stdout"), RC_OK);
    put_event(&rig, 3);
    put_event(&rig, 2); /* read a second time */
    put_event(&rig, 4);
    rig_flush(&rig);
    rig_close(&rig);
    rig_open(&rig);
    assert_int_equal(store_each_unsent(rig.store, "stdout", on_unsent, &found), RC_OK);
    assert_int_equal(store_each_unsent(rig.store, "new", on_unsent, &found), RC_OK);
    assert_string_equal(found.text, "{\"n\":3}{\"n\":4}");
    rig_fini(&rig);
}

static void an_event_that_is_kept_is_stored_once(void **state)
{
    struct rig rig;
    struct found found = {.n = 0};

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    assert_int_equal(store_put_ack(rig.store, "stdout"), RC_OK);
    for (int i = 0; i < 3; i++) {
        put_event(&rig, 1);
        rig_flush(&rig);
    }
    assert_int_equal(store_each_unsent(rig.store, "stdout", on_unsent, &found), RC_OK);
    assert_int_equal(found.n, 1);
    rig_fini(&rig);
}

static void outbox_is_bounded_and_says_what_it_dropped(void **state)
{
    struct rig rig;
    struct found found = {.n = 0};
    char json[1000];

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    memset(json, 'x', sizeof(json));
    assert_int_equal(store_put_ack(rig.store, "stdout"), RC_OK);
    for (int i = 0; i < 300; i++) {
        char id[33];
        (void)snprintf(id, sizeof(id), "%032d", i);
        assert_int_equal(
            store_put_event(rig.store,
                            &(struct store_event){.id = id, .json = span_of(json, sizeof(json))}),
            RC_OK);
    }
    rig_flush(&rig);
    assert_non_null(strstr(rig.trouble, "dropped"));
    assert_true(store_peek_stats(rig.store)->dropped > 0);
    assert_int_equal(store_each_unsent(rig.store, "stdout", on_unsent, &found), RC_OK);
    assert_true(found.n <= 100);
    rig_fini(&rig);
}

static void a_second_agent_is_refused_with_the_firsts_pid(void **state)
{
    struct rig rig;
    struct store *first;
    struct err err;
    char pid[32];

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    first = rig.store;
    assert_int_equal(rig_try_open(&rig, &err), RC_DENIED);
    (void)snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
    assert_non_null(strstr(err.message, pid));
    rig.store = first;
    rig_close(&rig);
    rig_open(&rig); /* the lock goes with its holder */
    rig_fini(&rig);
}

static void modes_are_private_and_open_directories_are_refused(void **state)
{
    struct rig rig;
    struct stat st;
    struct err err;
    char path[400];

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    put_event(&rig, 1);
    rig_flush(&rig);
    assert_int_equal(stat(rig.state, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof(path), "%s/state.db", rig.state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    rig_close(&rig);
    assert_int_equal(chmod(rig.state, 0770), 0);
    assert_int_equal(rig_try_open(&rig, &err), RC_DENIED);
    assert_non_null(strstr(err.hint, "chmod"));
    assert_int_equal(chmod(rig.state, 0700), 0);
    rig_fini(&rig);
}

static void expect_put_aside(struct rig *rig)
{
    struct found found = {.n = 0};
    char pattern[512];
    glob_t kept;

    rig_open(rig);
    assert_non_null(strstr(rig->trouble, "is kept as"));
    assert_int_equal(store_each_position(rig->store, on_position, &found), RC_OK);
    assert_int_equal(found.n, 0);
    put_position(rig, 1, 5);
    rig_flush(rig);
    (void)snprintf(pattern, sizeof(pattern), "%s/state.db.damaged-*", rig->state);
    assert_int_equal(glob(pattern, 0, NULL, &kept), 0);
    globfree(&kept);
    rig_fini(rig);
}

static void damaged_state_is_put_aside(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    tmpdir_write(rig.dir, "state/state.db",
                 "this is no database, but long enough to be read as one", 54);
    assert_int_equal(chmod(rig.state, 0700), 0);
    expect_put_aside(&rig);
}

static void foreign_state_is_put_aside(void **state)
{
    struct rig rig;
    sqlite3 *db;
    char path[400];

    (void)state;
    rig_init(&rig);
    assert_int_equal(mkdir(rig.state, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/state.db", rig.state);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE theirs (x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    expect_put_aside(&rig);
}

static void link_as_state_is_not_followed(void **state)
{
    struct rig rig;
    struct err err;
    char path[400];

    (void)state;
    rig_init(&rig);
    assert_int_equal(mkdir(rig.state, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/state.db", rig.state);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_not_equal(rig_try_open(&rig, &err), RC_OK);
    rig_fini(&rig);
}

/* The limit of a file's size stands for a full disk: the write fails in the middle of a commit. */
static void full_disk_is_survived_and_told_once(void **state)
{
    struct rig rig;
    struct found found = {.n = 0};
    struct rlimit old;
    struct rlimit small;
    struct stat st;
    char path[400];

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    assert_int_equal(store_put_ack(rig.store, "stdout"), RC_OK);
    rig_flush(&rig);
    (void)snprintf(path, sizeof(path), "%s/state.db-wal", rig.state);
    assert_int_equal(stat(path, &st), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = (rlim_t)st.st_size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    put_event(&rig, 1);
    put_position(&rig, 1, 100);
    rig_flush(&rig); /* answers though nothing was written */
    put_event(&rig, 2);
    rig_flush(&rig);
    assert_int_equal(store_each_unsent(rig.store, "stdout", on_unsent, &found), RC_OK);
    assert_int_equal(found.n, 0);
    assert_true(store_peek_stats(rig.store)->failures >= 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    rig_flush(&rig);
    rig_flush(&rig);
    assert_int_equal(store_each_unsent(rig.store, "stdout", on_unsent, &found), RC_OK);
    assert_string_equal(found.text, "{\"n\":1}{\"n\":2}");
    assert_int_equal(rig.last_trouble, RC_OK);
    rig_fini(&rig);
}

static void memory_for_a_disk_that_takes_nothing_is_bounded(void **state)
{
    struct rig rig;
    static char json[60000];
    enum rc rc = RC_OK;
    int n = 0;

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    memset(json, 'x', sizeof(json));
    while (rc == RC_OK && n < 1000) {
        char id[33];
        (void)snprintf(id, sizeof(id), "%032d", n++);
        rc = store_put_event(rig.store,
                             &(struct store_event){.id = id, .json = span_of(json, sizeof(json))});
    }
    assert_int_equal(rc, RC_LIMIT);
    assert_true((size_t)n * sizeof(json) <= STORE_PENDING_MAX + (size_t)1024 * 1024);
    rig_fini(&rig);
}

/* A process that puts event n and position n together, and is killed at any time: afterwards there
 * is never a position without the events before it. */
static void child_writes_until_it_is_killed(const char *dir, int ready)
{
    struct rig rig = {.loop = NULL};

    (void)snprintf(rig.state, sizeof(rig.state), "%s/state", dir);
    if (loop_new(&rig.loop) != RC_OK) {
        _exit(1);
    }
    rig_open(&rig);
    struct found found = {.n = 0};
    if (store_each_position(rig.store, on_position, &found) != RC_OK) {
        _exit(1);
    }
    if (write(ready, "x", 1) != 1) {
        _exit(1);
    }
    for (int n = found.n > 0 ? (int)found.last.offset + 1 : 1;; n++) {
        put_event(&rig, n);
        put_position(&rig, 1, (uint64_t)n);
        rig_flush(&rig);
    }
}

static void a_kill_at_any_moment_loses_nothing(void **state)
{
    struct rig rig;
    uint64_t last = 0;

    (void)state;
    rig_init(&rig);
    rig_open(&rig);
    assert_int_equal(store_put_ack(rig.store, "stdout"), RC_OK);
    rig_flush(&rig);
    rig_close(&rig);
    for (int round = 0; round < 8; round++) {
        struct found positions = {.n = 0};
        static struct found events;
        int ready[2];
        char byte;
        pid_t pid;
        assert_int_equal(pipe(ready), 0);
        pid = fork();
        if (pid == 0) {
            child_writes_until_it_is_killed(rig.dir, ready[1]);
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        (void)usleep((useconds_t)(1000 + round * 1700)); /* any moment will do */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        (void)close(ready[0]);
        (void)close(ready[1]);
        memset(&events, 0, sizeof(events));
        rig_open(&rig);
        assert_int_equal(store_each_position(rig.store, on_position, &positions), RC_OK);
        assert_int_equal(store_each_unsent(rig.store, "stdout", on_unsent, &events), RC_OK);
        assert_int_equal(events.n, positions.n > 0 ? positions.last.offset : 0);
        assert_true(positions.last.offset >= last);
        last = positions.last.offset;
        rig_close(&rig);
    }
    assert_true(last > 0);
    rig_fini(&rig);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 40; n++) {
        struct rig rig;
        struct err err;
        enum rc rc;
        rig_init(&rig);
        mem_fail_after(n);
        rc = rig_try_open(&rig, &err);
        mem_fail_after(-1);
        if (rc == RC_OK) {
            mem_fail_after(n);
            rc = store_put_event(rig.store,
                                 &(struct store_event){.id = "x", .json = span_str("{}")});
            assert_true(rc == RC_OK || rc == RC_LIMIT || rc == RC_NOMEM);
            mem_fail_after(-1);
            rig_flush(&rig);
        } else {
            rig.store = NULL;
        }
        rig_fini(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back_after_a_restart),
        cmocka_unit_test(outbox_keeps_what_a_sink_has_not_acknowledged),
        cmocka_unit_test(an_event_that_is_kept_is_stored_once),
        cmocka_unit_test(outbox_is_bounded_and_says_what_it_dropped),
        cmocka_unit_test(a_second_agent_is_refused_with_the_firsts_pid),
        cmocka_unit_test(modes_are_private_and_open_directories_are_refused),
        cmocka_unit_test(damaged_state_is_put_aside),
        cmocka_unit_test(foreign_state_is_put_aside),
        cmocka_unit_test(link_as_state_is_not_followed),
        cmocka_unit_test(full_disk_is_survived_and_told_once),
        cmocka_unit_test(memory_for_a_disk_that_takes_nothing_is_bounded),
        cmocka_unit_test(a_kill_at_any_moment_loses_nothing),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
