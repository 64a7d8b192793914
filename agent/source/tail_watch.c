/* SPDX-License-Identifier: Apache-2.0 */
/* uv_poll over inotify; a bounded number of events a turn, so that a storm of them lets the loop do
 * other things. See tail_watch.h. */
#include "source/tail_watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "loop/loop.h"

#define EVENT_BYTES 16384

struct tail_watch {
    uv_poll_t poll;
    int fd;
    tail_watch_fn *fn;
    void *ctx;
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct tail_watch *watch = poll->data;
    _Alignas(struct inotify_event) char bytes[EVENT_BYTES];
    ssize_t n = read(watch->fd, bytes, sizeof(bytes));

    (void)status; /* an error shows in read, too, and the next tick looks at everything in turn */
    (void)events;
    for (ssize_t at = 0; at < n;) {
        struct inotify_event event;
        memcpy(&event, bytes + at, sizeof(event));
        const char *name = event.len > 0 ? bytes + at + sizeof(event) : "";
        watch->fn(watch->ctx, (event.mask & IN_Q_OVERFLOW) != 0 ? -1 : event.wd, event.mask, name);
        at += (ssize_t)(sizeof(event) + event.len);
    }
}

enum rc tail_watch_new(struct loop *loop, tail_watch_fn *fn, void *ctx,
                       struct tail_watch **ret_watch)
{
    struct tail_watch *watch = mem_calloc(1, sizeof(*watch));
    int status;

    if (watch == NULL) {
        return RC_NOMEM;
    }
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        mem_free(watch);
        return errno == ENOMEM ? RC_NOMEM : RC_LIMIT;
    }
    watch->fn = fn;
    watch->ctx = ctx;
    watch->poll.data = watch;
    status = uv_poll_init(loop_uv(loop), &watch->poll, watch->fd);
    if (status != 0) {
        (void)close(watch->fd); /* holds nothing */
        mem_free(watch);
        return loop_rc(status);
    }
    (void)uv_poll_start(&watch->poll, UV_READABLE, on_readable); /* fails only while closing */
    *ret_watch = watch;
    return RC_OK;
}

int tail_watch_fd(const struct tail_watch *watch)
{
    return watch != NULL ? watch->fd : -1;
}

static void on_close(uv_handle_t *handle)
{
    mem_free(handle->data);
}

struct tail_watch *tail_watch_free(struct tail_watch *watch, bool keep_fd)
{
    if (watch != NULL) {
        (void)uv_poll_stop(&watch->poll); /* forgets the descriptor before it is closed */
        if (!keep_fd) {
            (void)close(watch->fd); /* holds nothing */
        }
        uv_close((uv_handle_t *)&watch->poll, on_close);
    }
    return NULL;
}
