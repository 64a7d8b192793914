/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the scans once for each match set. See prefilter_internal.h. */
#include "match/prefilter_internal.h"

const struct prefilter *prefilter_choose(void)
{
#if defined(__x86_64__)
    if (prefilter_avx2.sample != NULL && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
        return &prefilter_avx2;
    }
#endif
    /* Every arm64 processor has NEON. */
    return prefilter_neon.sample != NULL ? &prefilter_neon : &prefilter_scalar;
}
