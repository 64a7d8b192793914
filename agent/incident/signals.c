/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that are no failures. Progress after the last line of a job's incident says that the job
 * survived it: the number has to advance twice, since one more step may have been on its way. A
 * boot ends what a node's hardware and driver had.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "incident/incident_internal.h"

#define ADVANCES_WANTED 2
#define REASON_BYTES    160

static double parse_iteration(const struct capture_list *captures)
{
    char number[32];

    for (size_t i = 0; i < captures->n; i++) {
        struct span value = captures->items[i].value;
        if (span_eq_str(captures->items[i].name, "iteration") && value.len < sizeof(number)) {
            memcpy(number, value.ptr, value.len);
            number[value.len] = '\0';
            return strtod(number, NULL);
        }
    }
    return -1;
}

/* The last that was heard of what is wrong in a job, or with its node. */
static int64_t last_fault_ns(const struct incidents *incidents, struct span scope)
{
    int64_t last_ns = CLOCK_NONE;

    for (const struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if ((fault->scope.len == 0 || span_eq(fault->scope, scope)) && !fault->over) {
            int64_t ns = fault->timed ? fault->last_ns : fault->last_arrived_ns;
            last_ns = ns > last_ns ? ns : last_ns;
        }
    }
    return last_ns;
}

static void end(struct fault *fault, struct span reason)
{
    fault->over = true;
    if (fault->over_reason.ptr == NULL) {
        fault->over_reason = incidents_keep(reason);
    }
}

/* Whether the job's going on says anything about it: not about what only asks for a later repair.
 */
static bool is_survived(const struct fault *fault)
{
    return fault->severity <= SEVERITY_ERROR || fault->ranks.n > 0;
}

static void take_progress(struct incidents *incidents, struct span scope, double iteration,
                          int64_t when_ns)
{
    struct census *census = census_find(incidents, scope);
    int64_t fault_ns = last_fault_ns(incidents, scope);
    char reason[REASON_BYTES];
    int len;

    if (census == NULL || fault_ns == CLOCK_NONE || iteration < 0) {
        return;
    }
    if (when_ns != CLOCK_NONE && when_ns <= fault_ns + incidents->timing.skew_ns) {
        census->advances = 0;
        census->iteration = iteration;
        return;
    }
    if (iteration <= census->iteration && census->advances > 0) {
        return; /* another rank's line of the same step */
    }
    census->iteration = iteration;
    if (++census->advances <= ADVANCES_WANTED) {
        return;
    }
    len = snprintf(reason, sizeof(reason), "training goes on: iteration %.6g", iteration);
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if ((fault->scope.len == 0 || span_eq(fault->scope, scope)) && is_survived(fault)) {
            end(fault, span_of(reason, (size_t)len));
        }
    }
}

static bool is_of_node(const struct fault *fault)
{
    return span_eq_str(fault->entry->scope, "gpu") || span_eq_str(fault->entry->scope, "node") ||
           span_eq_str(fault->entry->scope, "driver");
}

static void take_boot(struct incidents *incidents, struct span host, int64_t when_ns)
{
    for (struct fault *fault = incidents->faults; fault != NULL; fault = fault->next) {
        if (is_of_node(fault) && span_eq(fault->host, host) &&
            (!fault->timed || when_ns == CLOCK_NONE || fault->last_ns < when_ns)) {
            end(fault, span_str("the node was started anew"));
        }
    }
}

void signals_take(struct incidents *incidents, const struct rules_signal *signal, struct span scope,
                  struct span host, const struct capture_list *captures, int64_t when_ns)
{
    switch (signal->means) {
    case SIGNAL_PROGRESS:
        take_progress(incidents, scope, parse_iteration(captures), when_ns);
        break;
    case SIGNAL_BOOT:
        take_boot(incidents, host, when_ns);
        break;
    }
}
