/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog and native entries: what is taken out lies in what came in, and frames make progress. */
#include <assert.h>
#include <stdint.h>

#include "source/native_entry.h"
#include "source/syslog_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span part, struct span whole)
{
    assert(part.ptr == NULL ||
           (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span whole = span_of((const char *)data, size);
    struct span rest = whole;
    struct syslog_line line = syslog_parse(whole);
    struct native_entry entry;
    struct span frame;
    size_t taken;

    check_inside(line.text, whole);
    check_inside(line.tag, whole);
    check_inside(line.host, whole);
    if (native_parse(whole, &entry) == RC_OK) {
        check_inside(entry.message, whole);
        check_inside(entry.identifier, whole);
    }
    while (syslog_take_frame(rest, &taken, &frame) == RC_OK) {
        assert(taken > 0 && taken <= rest.len);
        check_inside(frame, rest);
        rest = span_from(rest, taken);
    }
    return 0;
}
