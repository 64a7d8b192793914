/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A uv_loop_t in a struct of ours, so that rooms above pass loops around without uv.h. Closing a
 * libuv handle is asynchronous: loop_free lets the callbacks of handles that are already closing
 * run, and then nothing may be left. See loop.h.
 */
#include "loop/loop.h"

#include <assert.h>
#include <uv.h>

#include "base/mem.h"

/* A closing signal handle may wait for a signal under way; more turns than this mean that somebody
 * forgot to close a handle. */
#define CLOSING_TURNS_MAX 16

struct loop {
    uv_loop_t uv;
};

enum rc loop_new(struct loop **ret_loop)
{
    struct loop *loop = mem_calloc(1, sizeof(*loop));
    int status;

    if (loop == NULL) {
        return RC_NOMEM;
    }
    status = uv_loop_init(&loop->uv);
    if (status != 0) {
        mem_free(loop);
        return loop_rc(status);
    }
    *ret_loop = loop;
    return RC_OK;
}

struct loop *loop_free(struct loop *loop)
{
    int status = UV_EBUSY;

    if (loop == NULL) {
        return NULL;
    }
    for (int i = 0; i < CLOSING_TURNS_MAX && status == UV_EBUSY; i++) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
        status = uv_loop_close(&loop->uv);
    }
    assert(status == 0);
    return mem_free(loop);
}

enum rc loop_run(struct loop *loop)
{
    return loop_rc(uv_run(&loop->uv, UV_RUN_DEFAULT));
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

enum rc loop_rc(int status)
{
    if (status >= 0) {
        return RC_OK;
    }
    if (status == UV_EOF) {
        return RC_EOF;
    }
    return rc_from_errno(-status); /* on Unix libuv's codes are errno values, negated */
}
