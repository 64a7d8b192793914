/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `gpuerr-agent exec: python (pid 12) was killed by signal 9 (SIGKILL)`, and whether the kernel's
 * OOM killer was at work in the control group meanwhile: `memory.events` of version 2,
 * `memory.oom_control` of version 1 (Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst of the kernel).
 */
#include "pipeline/death.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_oom_kills(const char *path, uint64_t *ret_n)
{
    FILE *file = fopen(path, "re");
    char line[256];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "oom_kill ", 9) == 0) {
            *ret_n = strtoull(line + 9, NULL, 10);
            found = true;
        }
    }
    if (file != NULL) {
        (void)fclose(file); /* only read from */
    }
    return found;
}

uint64_t death_count_oom_kills(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[4096];
    char path[sizeof(line) + 64];
    uint64_t n = 0;
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) == 0) {
            (void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.events", line + 3);
            found = read_oom_kills(path, &n);
        } else if (strstr(line, ":memory:") != NULL) {
            (void)snprintf(path, sizeof(path), "/sys/fs/cgroup/memory%s/memory.oom_control",
                           strstr(line, ":memory:") + strlen(":memory:"));
            found = read_oom_kills(path, &n);
        }
    }
    if (file != NULL) {
        (void)fclose(file); /* only read from */
    }
    return n;
}

void death_write(const char *program, int pid, int status, int signum, uint64_t oom_kills,
                 struct buf *out)
{
    const char *name = signum != 0 ? sigabbrev_np(signum) : NULL;

    if (signum == 0 && status == 0) {
        return;
    }
    buf_printf(out, "gpuerr-agent exec: %s (pid %d) ", program, pid);
    if (signum != 0) {
        buf_printf(out, "was killed by signal %d (SIG%s)", signum, name != NULL ? name : "?");
    } else {
        buf_printf(out, "exited with status %d", status);
    }
    if (oom_kills > 0) {
        buf_printf(out,
                   "; the kernel killed %llu process%s of its control group for want of memory",
                   (unsigned long long)oom_kills, oom_kills == 1 ? "" : "es");
    }
}
