/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: pod, namespace and node are the names that manifests usually give to the fields of the
 * downward API (Kubernetes: "Expose Pod Information to Containers Through Environment Variables");
 * RANK, WORLD_SIZE and TORCHELASTIC_RUN_ID are torchrun's ("Environment Variables" of
 * torch.distributed.run), which Kubeflow's PyTorchJob sets, too; JOB_COMPLETION_INDEX is an indexed
 * Job's; SLURM_* are srun's ("OUTPUT ENVIRONMENT VARIABLES" of srun(1)); OMPI_* are Open MPI's.
 */
#include "config/env_labels.h"

const struct env_label env_labels[] = {
    {"pod", "POD_NAME"},
    {"namespace", "POD_NAMESPACE"},
    {"node", "NODE_NAME"},
    {"node", "SLURMD_NODENAME"},
    {"job", "SLURM_JOB_ID"},
    {"job", "TORCHELASTIC_RUN_ID"},
    {"job", "RAY_JOB_ID"},
    {"job_name", "SLURM_JOB_NAME"},
    {"job_index", "JOB_COMPLETION_INDEX"},
    {"rank", "RANK"},
    {"rank", "SLURM_PROCID"},
    {"rank", "OMPI_COMM_WORLD_RANK"},
    {"world_size", "WORLD_SIZE"},
    {"world_size", "SLURM_NTASKS"},
    {"world_size", "OMPI_COMM_WORLD_SIZE"},
};

const size_t env_label_count = sizeof(env_labels) / sizeof(env_labels[0]);
