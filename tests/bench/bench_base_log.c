/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_base_log MEBIBYTES [SEED [ERROR_EVERY]]: made-up log text of training jobs on stdout
 * (support/log_text.h), for benchmarks of whole programs and for the quiet test. ERROR_EVERY 0, the
 * default, writes a healthy log.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/log_text.h"

int main(int argc, char **argv)
{
    unsigned long long left = argc > 1 ? strtoull(argv[1], NULL, 10) * 1024 * 1024 : 0;
    struct log_text log;
    char line[1024];

    if (left == 0) {
        fprintf(stderr, "usage: %s MEBIBYTES [SEED [ERROR_EVERY]]\n", argv[0]);
        return 2;
    }
    log_text_init(&log, argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
                  argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0);
    while (left > 0) {
        size_t n = log_text_line(&log, line);
        if (fwrite(line, 1, n, stdout) != n) {
            return 1;
        }
        left -= n < left ? n : left;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
