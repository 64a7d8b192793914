/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes agent/match/rarity_table.c: how common sequences of four bytes are in the log text of
 * support/log_text.h (64 MiB, seed 1, one failure in 5,000 lines).
 *
 *   build/default/tests/bench/make_rarity_table > agent/match/rarity_table.c
 *
 * A sequence is folded and hashed exactly as the matcher does it (rarity_internal.h); the table
 * holds, for each hash, the base-two logarithm of how often one of its sequences begins in 2^24
 * bytes of text, rounded up, 0 for never.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "match/rarity_internal.h"
#include "support/log_text.h"

#define TEXT_BYTES ((size_t)64 << 20)

int main(void)
{
    static uint64_t counts[RARITY_ENTRIES];
    char *text = malloc(TEXT_BYTES);
    struct log_text log;

    if (text == NULL) {
        return 1;
    }
    log_text_init(&log, 1, 5000);
    log_text_fill(&log, text, TEXT_BYTES);
    for (size_t i = 0; i + 4 <= TEXT_BYTES; i++) {
        counts[rarity_hash(gram_of(text + i))]++;
    }
    printf("/* SPDX-License-Identifier: Apache-2.0 */\n"
           "/* Made by tests/bench/make_rarity_table.c; see there. */\n"
           "#include \"match/rarity_internal.h\"\n\n"
           "/* clang-format off */\nconst uint8_t rarity_table[RARITY_ENTRIES] = {\n");
    for (size_t i = 0; i < RARITY_ENTRIES; i++) {
        uint64_t in_16_mib = (counts[i] + 3) / 4;
        unsigned log2 = 0;
        while (in_16_mib > 0) {
            in_16_mib >>= 1;
            log2++;
        }
        printf("%u,%s", log2, i % 40 == 39 ? "\n" : "");
    }
    printf("};\n");
    free(text);
    return 0;
}
