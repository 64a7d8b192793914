/* SPDX-License-Identifier: Apache-2.0 */
/* One set, a scratch for each thread: codes are compiled once, under everybody's eyes. */
#include <pthread.h>
#include <stdio.h>

#include "match/match_source_internal.h"
#include "support/cmocka.h"
#include "support/lines.h"

#define THREADS  4
#define PATTERNS 40

static char regexes[PATTERNS][32];
static char text[PATTERNS * 32];

struct worker {
    pthread_t thread;
    struct match_set *set;
    size_t matches;
    enum rc rc;
};

static enum rc on_match(void *ctx, const struct record_batch *batch, size_t record,
                        const struct match_list *matches)
{
    (void)batch;
    (void)record;
    *(size_t *)ctx += matches->n;
    return RC_OK;
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct match_scratch *scratch = NULL;
    struct record_batch batch;

    lines_init(&batch, span_str(text));
    worker->rc = match_scratch_new(worker->set, &scratch);
    for (int i = 0; worker->rc == RC_OK && i < 20; i++) {
        worker->rc = match_run(scratch, &batch, on_match, &worker->matches);
    }
    match_scratch_free(scratch);
    lines_fini(&batch);
    match_set_unref(worker->set);
    return NULL;
}

static void threads_share_a_set(void **state)
{
    struct match_source sources[PATTERNS] = {0};
    struct match_opts opts = {0};
    struct worker workers[THREADS] = {0};
    struct match_set *set;
    size_t len = 0;

    (void)state;
    for (int i = 0; i < PATTERNS; i++) {
        (void)snprintf(regexes[i], sizeof(regexes[i]), "a long literal %d\\b", i);
        sources[i].id = sources[i].regex = span_str(regexes[i]);
        sources[i].trusted = true;
        len += (size_t)snprintf(text + len, sizeof(text) - len, "a long literal %d\n", i);
    }
    assert_int_equal(match_set_build_from(sources, PATTERNS, &opts, &set, NULL), RC_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i].set = match_set_ref(set);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    match_set_unref(set);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].rc, RC_OK);
        assert_int_equal(workers[i].matches, 20 * PATTERNS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
