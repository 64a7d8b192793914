/* SPDX-License-Identifier: Apache-2.0 */
/* See pattern_gen.h. */
#include "support/pattern_gen.h"

#include <stdint.h>
#include <stdio.h>

#include "support/log_text.h"

static const char *const who[] = {
    "cudnn",
    "cublasLt",
    "ncclInternalError",
    "NET/IB",
    "NET/Socket",
    "ProcessGroupNCCL",
    "CUDACachingAllocator",
    "nvidia-modprobe",
    "fabricmanager",
    "mlx5_core",
    "torch.distributed",
    "deepspeed.runtime",
    "TensorRT",
    "flash_attn",
    "xformers",
    "triton.compiler",
    "safetensors",
    "pyarrow.lib",
    "S3 client",
    "lustre client",
    "nvme0n1",
    "slurmstepd",
    "kubelet",
    "pmix",
    "ucx",
    "checkpoint writer",
    "tokenizer",
    "dataloader worker",
    "watchdog thread",
    "rdma_cm",
};
static const char *const what[] = {
    "failed to allocate",    "could not open",        "timed out waiting for",
    "returned corrupted",    "refused connection to", "cannot map",
    "lost heartbeat of",     "rejected unsupported",  "detected mismatch in",
    "aborted while reading", "exceeded quota of",     "unexpected end of",
    "not enough memory for", "invalid handle for",    "permission denied on",
    "checksum error in",     "illegal state of",      "retry limit reached for",
    "version conflict with", "hung task in",
};
static const char *const object[] = {
    "workspace",        "completion queue", "shared memory segment",
    "collective",       "memory region",    "peer process",
    "device context",   "kernel image",     "plugin library",
    "optimizer shard",  "manifest",         "parameter group",
    "pinned buffer",    "socket",           "gradient bucket",
    "page table",       "tensor shape",     "stream capture",
    "rendezvous store", "file descriptor",  "queue pair",
};
static const char *const tail[] = {
    ": status [0-9]+",
    " \\(error [0-9]+\\)",
    ", rank [0-9]+ of [0-9]+",
    "",
    " [^,]{1,40}, giving up",
    " on device [0-9]+",
    ": (EAGAIN|EIO|ENOSPC)",
    " after [0-9.]+ (s|ms)",
    "( again)?",
};

#define PICK(list, n) (list)[(n) % (sizeof(list) / sizeof((list)[0]))]

void pattern_gen(unsigned i, char *out, size_t size)
{
    uint64_t state = i;
    uint64_t r = log_text_random(&state);
    const char *a = PICK(who, r & 0xffff);
    const char *b = PICK(what, r >> 16 & 0xffff);
    const char *c = PICK(object, r >> 32 & 0xffff);
    const char *d = PICK(tail, r >> 48);

    if (i % 50 == 48) {
        (void)snprintf(out, size, "err=[0-9]+ code=%03u", i % 1000);
    } else if (i % 6 == 5) {
        (void)snprintf(out, size, "NVRM: Xid \\((PCI:)?[0-9a-fA-F:.]+\\): %u,", i / 6);
    } else if (i % 6 == 4) {
        (void)snprintf(out, size, "(%s|%s)[^,]{0,40} %s the %s %u", a, PICK(who, r >> 8 & 0xff), b,
                       c, i);
    } else {
        (void)snprintf(out, size, "%s: %s %s%s #%u", a, b, c, d, i);
    }
}
