/* SPDX-License-Identifier: Apache-2.0 */
/* The loop with its timers and signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>

#include "loop/loop.h"
#include "loop/signal.h"
#include "loop/timer.h"

struct counter {
    int n;
    int stop_at;
    struct timer *timer;
    int signum;
    struct loop *loop;
};

static void on_timer(void *ctx)
{
    struct counter *counter = ctx;

    if (++counter->n == counter->stop_at) {
        timer_stop(counter->timer);
    }
}

static void on_signal(void *ctx, int signum)
{
    struct counter *counter = ctx;

    counter->signum = signum;
    timer_stop(counter->timer);
}

static void raise_signal(void *ctx)
{
    (void)ctx;
    (void)raise(SIGUSR1);
}

static void timer_fires_until_it_is_stopped(void **state)
{
    struct counter counter = {.stop_at = 3};
    struct loop *loop;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_int_equal(timer_new(loop, on_timer, &counter, &counter.timer), RC_OK);
    assert_int_equal(loop_run(loop), RC_OK); /* not running: nothing to wait for */
    assert_int_equal(counter.n, 0);
    timer_start(counter.timer, 0, 1);
    assert_int_equal(loop_run(loop), RC_OK);
    assert_int_equal(counter.n, 3);
    timer_free(counter.timer);
    loop_free(loop);
}

static void timer_that_keeps_nothing_lets_the_loop_end(void **state)
{
    struct counter counter = {0};
    struct loop *loop;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_int_equal(timer_new(loop, on_timer, &counter, &counter.timer), RC_OK);
    timer_keep_loop(counter.timer, false);
    timer_start(counter.timer, 100000, 0);
    assert_int_equal(loop_run(loop), RC_OK);
    timer_free(counter.timer);
    loop_free(loop);
}

static void signal_is_a_call_on_the_loop(void **state)
{
    struct counter counter = {0};
    struct signal_watch *watch;
    struct loop *loop;
    struct timer *timer;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_int_equal(signal_watch_new(loop, SIGUSR1, on_signal, &counter, &watch), RC_OK);
    assert_int_equal(loop_run(loop), RC_OK); /* it alone keeps no loop */
    assert_int_equal(timer_new(loop, raise_signal, &counter, &timer), RC_OK);
    counter.timer = timer;
    timer_start(timer, 0, 1);
    assert_int_equal(loop_run(loop), RC_OK);
    assert_int_equal(counter.signum, SIGUSR1);
    signal_watch_free(watch);
    timer_free(timer);
    loop_free(loop);
}

static void signal_that_cannot_be_caught_is_refused(void **state)
{
    struct signal_watch *watch;
    struct loop *loop;

    (void)state;
    assert_int_equal(loop_new(&loop), RC_OK);
    assert_true(signal_watch_new(loop, SIGKILL, on_signal, NULL, &watch) != RC_OK);
    loop_free(loop);
}

static void status_of_libuv_becomes_rc(void **state)
{
    (void)state;
    assert_int_equal(loop_rc(0), RC_OK);
    assert_int_equal(loop_rc(-ENOENT), RC_NOT_FOUND);
    assert_int_equal(loop_rc(-ENOMEM), RC_NOMEM);
    assert_int_equal(loop_rc(-4095), RC_EOF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_fires_until_it_is_stopped),
        cmocka_unit_test(timer_that_keeps_nothing_lets_the_loop_end),
        cmocka_unit_test(signal_is_a_call_on_the_loop),
        cmocka_unit_test(signal_that_cannot_be_caught_is_refused),
        cmocka_unit_test(status_of_libuv_becomes_rc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
