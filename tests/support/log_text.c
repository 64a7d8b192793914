/* SPDX-License-Identifier: Apache-2.0 */
/* Templates with numbers filled in. See log_text.h. */
#include "support/log_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * In a template: %d small number, %D large number, %f fraction, %e scientific, %x hex address, %p
 * PCI address, %t ISO time, %r rank, %h host, %s step. The first number is the line's weight.
 */
struct template
{
    unsigned weight;
    const char *text;
};

static const struct template templates[] = {
    {260,
     " [%t] iteration %s/ 500000 | consumed samples: %D | consumed tokens: %D | elapsed time per "
     "iteration (ms): %f | learning rate: %e | global batch size: 2048 | lm loss: %e | loss "
     "scale: 1.0 | grad norm: %f | number of skipped iterations: 0 | number of nan iterations: "
     "0 |"},
    {120, "{'loss': %f, 'grad_norm': %f, 'learning_rate': %e, 'epoch': %f}"},
    {110, "[%t] [INFO] [logging.py:96:log_dist] [Rank %r] step=%s, skipped=0, lr=[%e], mom=[(0.9, "
          "0.95)]"},
    {80,
     "[%t,%d] [INFO] [timer.py:260:stop] epoch=0/micro_step=%s/global_step=%s, "
     "RunningAvgSamplesPerSec=%f, CurrSamplesPerSec=%f, MemAllocated=%fGB, MaxMemAllocated=%fGB"},
    {70, "Epoch %d: %d%|######    | %s/10000 [%d:%d<%d:%d, %fit/s, v_num=%d, train_loss=%f, "
         "train_acc=%f]"},
    {60, "INFO:trainer.loop:rank %r step %s loss %f ppl %f tok/s %D mem %f GiB mfu %f"},
    {60, "%h:%D:%D [%r] NCCL INFO Channel %d/%d : %d[%d] -> %d[%d] via P2P/CUMEM/read"},
    {40, "%h:%D:%D [%r] NCCL INFO Connected all rings, use ring PXN 0 GDR 1"},
    {30,
     "%h:%D:%D [%r] NCCL INFO comm %x rank %d nranks %d cudaDev %d nvmlDev %d busId %d commId %x "
     "- Init COMPLETE"},
    {20, "%h:%D:%D [%r] NCCL INFO NET/IB : Using [0]mlx5_%d:1/IB/SHARP [1]mlx5_%d:1/IB/SHARP [RO]; "
         "OOB eth0:10.0.%d.%d<0>"},
    {20, "%h:%D:%D [%r] NCCL INFO Trees [0] %d/-1/-1->%d->%d [1] %d/-1/-1->%d->%d"},
    {50, "[rank%r]: %t INFO checkpoint: saving distributed checkpoint to "
         "/checkpoints/run-%d/iter_%s/__%d_%d.distcp"},
    {30,
     "  successfully saved checkpoint from iteration %s to /checkpoints/run-%d [ t 1/%d, p 1/%d ]"},
    {30, "%t - INFO - datasets.arrow_dataset - Loading cached processed dataset at "
         "/data/cache/cache-%x.arrow"},
    {25,
     "/usr/lib/python3/dist-packages/torch/utils/data/dataloader.py:%d: UserWarning: This "
     "DataLoader will create %d worker processes in total. Our suggested max number of worker in "
     "current system is %d, which is smaller than what this DataLoader is going to create."},
    {20,
     "W%d %D torch/distributed/run.py:%d] Setting OMP_NUM_THREADS environment variable for each "
     "process to be 1 in default, to avoid your system being overloaded, please further tune the "
     "variable for optimal performance in your application as needed."},
    {15, "FutureWarning: `torch.cuda.amp.autocast(args...)` is deprecated. Please use "
         "`torch.amp.autocast('cuda', args...)` instead."},
    {15,
     "[Rank %r] (after %s iterations) memory (MB) | allocated: %f | max allocated: %f | reserved: "
     "%f | max reserved: %f"},
    {15, "I%d %D ProcessGroupNCCL.cpp:%d] [PG ID %d PG GUID 0 Rank %r] ProcessGroupNCCL "
         "initialization options: size: %d, global rank: %r, TIMEOUT(ms): 600000"},
    {15, "[%t] Evaluating: %d of %d batches, eval_loss=%f, exact_match=%f, error rate %f"},
    {12,
     "%t %h kernel: [%D.%d] nvidia-nvlink: Nvlink Core is being initialized, major device number "
     "%d"},
    {12, "%t %h kernel: [%D.%d] mlx5_core %p: Port module event: module %d, Cable plugged"},
    {10, "%t %h systemd[1]: Started Session %d of User train."},
    {10, "%t %h slurmstepd[%D]: task %r: running on %h, cpus %d"},
    {10, "%t %h nvidia-persistenced[%D]: device %p - persistence mode enabled."},
    {8,
     "%h: I%D %D torch/csrc/distributed/c10d/socket.cpp:%d] [c10d] The client socket has connected "
     "to [%h]:%d on [%h]:%d."},
    {8, "| %d  NVIDIA H100 80GB HBM3          On  | 00000000:%p Off |                    0 |"},
    {6, "wandb: Syncing step %s: train/loss %f, train/lr %e, system/gpu.%d.temp %d"},
    {6,
     "[%t] [WARNING] [engine.py:%d] gradient overflow is not expected with bf16, loss scale kept"},
    {5, "WARNING:root:Retrying request to shard %d after %f s (attempt %d of 5)"},
};

static const struct template errors[] = {
    {4, "NVRM: Xid (PCI:%p): %d, pid=%D, name=python3, Ch %d"},
    {3, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate %f GiB. GPU %d has a total "
        "capacity of 79.11 GiB of which %f GiB is free."},
    {2, "RuntimeError: CUDA error: an illegal memory access was encountered"},
    {2, "[rank%r]:[E%d %t ProcessGroupNCCL.cpp:%d] [PG ID 0 PG GUID 0 Rank %r] Watchdog caught "
        "collective operation timeout: WorkNCCL(SeqNum=%d, OpType=ALLREDUCE, NumelIn=%D, "
        "NumelOut=%D, Timeout(ms)=600000) ran for %D milliseconds before timing out."},
    {2,
     "%h:%D:%D [%r] misc/socket.cc:%d NCCL WARN socketProgress: Connection closed by remote peer "
     "%h<%d>"},
    {1, "ValueError: loss is nan at step %s"},
};

uint64_t log_text_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15U);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

void log_text_init(struct log_text *log, uint64_t seed, unsigned error_every)
{
    *log = (struct log_text){.random = seed, .error_every = error_every, .step = 1};
}

static unsigned below(struct log_text *log, unsigned n)
{
    return (unsigned)(log_text_random(&log->random) % n);
}

static const char *pick(struct log_text *log, const struct template *list, size_t n)
{
    unsigned total = 0;
    unsigned at;
    size_t i = 0;

    for (size_t k = 0; k < n; k++) {
        total += list[k].weight;
    }
    for (at = below(log, total); at >= list[i].weight; i++) {
        at -= list[i].weight;
    }
    return list[i].text;
}

static int fill_in(struct log_text *log, char kind, char *out, size_t size)
{
    switch (kind) {
    case 'd':
        return snprintf(out, size, "%u", below(log, 100));
    case 'D':
        return snprintf(out, size, "%u", below(log, 100000000));
    case 'f':
        return snprintf(out, size, "%u.%04u", below(log, 30), below(log, 10000));
    case 'e':
        return snprintf(out, size, "%u.%06uE-%02u", below(log, 9) + 1, below(log, 1000000),
                        below(log, 9));
    case 'x':
        return snprintf(out, size, "0x%08x%04x", below(log, 0xffffffffU), below(log, 0xffff));
    case 'p':
        return snprintf(out, size, "0000:%02x:00", below(log, 256));
    case 't':
        return snprintf(out, size, "2026-%02u-%02uT%02u:%02u:%02u.%03u", below(log, 12) + 1,
                        below(log, 28) + 1, below(log, 24), below(log, 60), below(log, 60),
                        below(log, 1000));
    case 'r':
        return snprintf(out, size, "%u", below(log, 1024));
    case 'h':
        return snprintf(out, size, "gpu-node-%03u", below(log, 128));
    case 's':
        return snprintf(out, size, "%u", log->step);
    default:
        return snprintf(out, size, "%%%c", kind);
    }
}

size_t log_text_line(struct log_text *log, char *out)
{
    bool failed = log->error_every > 0 && below(log, log->error_every) == 0;
    const char *text = failed ? pick(log, errors, sizeof(errors) / sizeof(errors[0]))
                              : pick(log, templates, sizeof(templates) / sizeof(templates[0]));
    size_t len = 0;

    log->step += below(log, 8) == 0;
    for (; *text != '\0'; text++) {
        if (*text == '%' && text[1] != '\0' && text[1] != '|') {
            len += (size_t)fill_in(log, *++text, out + len, 64);
        } else {
            out[len++] = *text;
        }
    }
    out[len++] = '\n';
    return len;
}

void log_text_fill(struct log_text *log, char *out, size_t size)
{
    char line[1024];
    size_t at = 0;

    while (at < size) {
        size_t len = log_text_line(log, line);
        len = len < size - at ? len : size - at;
        memcpy(out + at, line, len);
        at += len;
    }
}
