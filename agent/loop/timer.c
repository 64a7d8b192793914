/* SPDX-License-Identifier: Apache-2.0 */
/* uv_timer_t behind a pointer; the struct lives until libuv's close callback. See timer.h. */
#include "loop/timer.h"

#include <uv.h>

#include "base/mem.h"
#include "loop/loop.h"

struct timer {
    uv_timer_t uv;
    void (*fn)(void *ctx);
    void *ctx;
};

enum rc timer_new(struct loop *loop, void (*fn)(void *ctx), void *ctx, struct timer **ret_timer)
{
    struct timer *timer = mem_calloc(1, sizeof(*timer));

    if (timer == NULL) {
        return RC_NOMEM;
    }
    (void)uv_timer_init(loop_uv(loop), &timer->uv); /* cannot fail: it only fills the struct */
    timer->uv.data = timer;
    timer->fn = fn;
    timer->ctx = ctx;
    *ret_timer = timer;
    return RC_OK;
}

static void on_close(uv_handle_t *handle)
{
    mem_free(handle->data);
}

struct timer *timer_free(struct timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->uv, on_close);
    }
    return NULL;
}

static void on_fire(uv_timer_t *handle)
{
    struct timer *timer = handle->data;

    timer->fn(timer->ctx);
}

void timer_start(struct timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    uv_update_time(timer->uv.loop); /* a long turn does not shorten the wait */
    (void)uv_timer_start(&timer->uv, on_fire, after_ms, repeat_ms); /* fails only while closing */
}

void timer_stop(struct timer *timer)
{
    (void)uv_timer_stop(&timer->uv); /* always 0 */
}

void timer_keep_loop(struct timer *timer, bool keep)
{
    if (keep) {
        uv_ref((uv_handle_t *)&timer->uv);
    } else {
        uv_unref((uv_handle_t *)&timer->uv);
    }
}
