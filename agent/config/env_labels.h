/* SPDX-License-Identifier: Apache-2.0 */
/* Labels that the surroundings give without being asked: which pod, node, job and rank this is. The
 * variables are those that Kubernetes manifests, torchrun, Slurm, Open MPI and Ray set. */
#ifndef GPUERR_CONFIG_ENV_LABELS_H
#define GPUERR_CONFIG_ENV_LABELS_H

#include <stddef.h>

struct env_label {
    const char *label;
    const char *variable; /* the first of a label that is set gives it */
};

extern const struct env_label env_labels[];
extern const size_t env_label_count;

#endif
