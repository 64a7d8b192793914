/* SPDX-License-Identifier: Apache-2.0 */
/* uv_spawn behind a pointer; the struct lives until libuv's close callback. See process.h. */
#include "loop/process.h"

#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "loop/loop.h"

struct process {
    uv_process_t uv;
    process_exit_fn *on_exit;
    void *ctx;
    bool ended;
};

static void on_exit(uv_process_t *handle, int64_t status, int signum)
{
    struct process *process = handle->data;

    process->ended = true;
    process->on_exit(process->ctx, (int)status, signum);
}

static void on_close(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void close_pair(int fds[2])
{
    (void)close(fds[0]); /* pipes that nothing was written into */
    (void)close(fds[1]);
}

static int spawn(struct process *process, uv_loop_t *loop, const char *const *argv, int out,
                 int err)
{
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_INHERIT_FD, .data.fd = STDIN_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = out},
        {.flags = UV_INHERIT_FD, .data.fd = err},
    };
    union {
        const char *const *given;
        char **taken; /* libuv does not write into it */
    } args = {argv};
    uv_process_options_t opts = {
        .exit_cb = on_exit,
        .file = argv[0],
        .args = args.taken,
        .stdio_count = 3,
        .stdio = stdio,
    };

    process->uv.data = process;
    return uv_spawn(loop, &process->uv, &opts);
}

enum rc process_spawn(struct loop *loop, const char *const *argv, process_exit_fn *fn, void *ctx,
                      struct process **ret_process, int *ret_out, int *ret_err)
{
    struct process *process = mem_calloc(1, sizeof(*process));
    int out[2];
    int err[2];
    int status;

    if (process == NULL) {
        return RC_NOMEM;
    }
    process->on_exit = fn;
    process->ctx = ctx;
    if (pipe2(out, O_CLOEXEC) != 0) {
        mem_free(process);
        return RC_LIMIT;
    }
    if (pipe2(err, O_CLOEXEC) != 0) {
        close_pair(out);
        mem_free(process);
        return RC_LIMIT;
    }
    status = spawn(process, loop_uv(loop), argv, out[1], err[1]);
    if (status != 0) {
        close_pair(out);
        close_pair(err);
        uv_close((uv_handle_t *)&process->uv, on_close);
        return loop_rc(status);
    }
    (void)close(out[1]); /* the program's now */
    (void)close(err[1]);
    *ret_process = process;
    *ret_out = out[0];
    *ret_err = err[0];
    return RC_OK;
}

int process_pid(const struct process *process)
{
    return uv_process_get_pid(&process->uv);
}

void process_signal(struct process *process, int signum)
{
    if (!process->ended) {
        (void)uv_process_kill(&process->uv, signum); /* it may have ended this moment */
    }
}

struct process *process_free(struct process *process)
{
    if (process != NULL) {
        uv_close((uv_handle_t *)&process->uv, on_close);
    }
    return NULL;
}
