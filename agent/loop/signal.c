/* SPDX-License-Identifier: Apache-2.0 */
/* uv_signal_t behind a pointer; the struct lives until libuv's close callback. See signal.h. */
#include "loop/signal.h"

#include <uv.h>

#include "base/mem.h"
#include "loop/loop.h"

struct signal_watch {
    uv_signal_t uv;
    void (*fn)(void *ctx, int signum);
    void *ctx;
};

static void on_signal(uv_signal_t *handle, int signum)
{
    struct signal_watch *watch = handle->data;

    watch->fn(watch->ctx, signum);
}

static void on_close(uv_handle_t *handle)
{
    mem_free(handle->data);
}

struct signal_watch *signal_watch_free(struct signal_watch *watch)
{
    if (watch != NULL) {
        uv_close((uv_handle_t *)&watch->uv, on_close);
    }
    return NULL;
}

enum rc signal_watch_new(struct loop *loop, int signum, void (*fn)(void *ctx, int signum),
                         void *ctx, struct signal_watch **ret_watch)
{
    struct signal_watch *watch = mem_calloc(1, sizeof(*watch));
    int status;

    if (watch == NULL) {
        return RC_NOMEM;
    }
    watch->fn = fn;
    watch->ctx = ctx;
    status = uv_signal_init(loop_uv(loop), &watch->uv);
    if (status != 0) {
        mem_free(watch);
        return loop_rc(status);
    }
    watch->uv.data = watch;
    status = uv_signal_start(&watch->uv, on_signal, signum);
    if (status != 0) {
        signal_watch_free(watch);
        return loop_rc(status);
    }
    uv_unref((uv_handle_t *)&watch->uv);
    *ret_watch = watch;
    return RC_OK;
}
