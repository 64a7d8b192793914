/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a regex to PCRE2's code, at its first use: most of a KB is never needed, and a thousand JIT
 * compilations would cost start-up half a second. A code is published with one atomic store, so
 * that the threads that share a set take the lock only while something is being compiled.
 *
 * Each pattern has two codes. The swift one is used on short texts. The guarded one has an
 * automatic callout before every item, in which guard.c counts steps and looks at the clock: on
 * long texts a backtracking pattern could otherwise run for minutes without passing any of the
 * places where PCRE2's machine code counts against its match limit. It costs about twice the time.
 *
 * Where the system forbids memory that is writable and executable PCRE2 refuses machine code, and
 * the same code is interpreted: same matches, slower.
 */
#include "match/match_internal.h"

#define OPTIONS (PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C)

static enum rc compile(const struct match_set *set, struct span regex, uint32_t options,
                       struct err *err, pcre2_code **ret_code)
{
    int error;
    PCRE2_SIZE offset;
    PCRE2_UCHAR message[128];
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex.ptr, regex.len, OPTIONS | options, &error,
                                     &offset, set->compile);

    if (code != NULL) {
        *ret_code = code;
        return RC_OK;
    }
    if (error == PCRE2_ERROR_HEAP_FAILED) {
        return RC_NOMEM;
    }
    (void)pcre2_get_error_message(error, message, sizeof(message));
    (void)err_set(err, RC_INVALID, "%s at byte %zu", (const char *)message, offset);
    err_field(err, "regex");
    return RC_INVALID;
}

enum rc regex_code_check(const struct match_set *set, struct span regex, struct err *err)
{
    pcre2_code *code = NULL;
    enum rc rc = compile(set, regex, 0, err, &code);

    pcre2_code_free(code);
    return rc;
}

static enum rc prepare(struct match_scratch *scratch, struct match_pattern *pattern, bool guarded,
                       pcre2_code **ret_code)
{
    struct match_set *set = scratch->set;
    _Atomic(pcre2_code *) *place = guarded ? &pattern->guarded : &pattern->swift;
    pcre2_code *code;
    enum rc rc = RC_OK;

    (void)pthread_mutex_lock(&set->compiling);
    code = atomic_load_explicit(place, memory_order_relaxed);
    if (code == NULL) {
        rc = compile(set, pattern->regex, guarded ? PCRE2_AUTO_CALLOUT : 0, NULL, &code);
        if (rc == RC_OK) {
            if (set->opts.no_jit || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0) {
                scratch->stats.interpreted++;
            }
            atomic_store_explicit(place, code, memory_order_release);
        }
    }
    (void)pthread_mutex_unlock(&set->compiling);
    guard_restart_clock(&scratch->guard);
    *ret_code = code;
    return rc;
}

enum rc regex_code_get(struct match_scratch *scratch, size_t number, bool guarded,
                       pcre2_code **ret_code)
{
    struct match_pattern *pattern = &scratch->set->patterns[number];
    pcre2_code *code =
        atomic_load_explicit(guarded ? &pattern->guarded : &pattern->swift, memory_order_acquire);

    if (code == NULL) {
        return prepare(scratch, pattern, guarded, ret_code);
    }
    *ret_code = code;
    return RC_OK;
}
