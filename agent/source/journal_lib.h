/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libsystemd, loaded when a journal is opened, so that the program runs where it is missing. The
 * prototypes are those of <systemd/sd-journal.h> (since version 245); answers below 0 are negative
 * errno values.
 */
#ifndef GPUERR_SOURCE_JOURNAL_LIB_H
#define GPUERR_SOURCE_JOURNAL_LIB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct sd_journal sd_journal;

struct journal_lib {
    void *handle;
    int (*open)(sd_journal **ret_journal, int flags);
    int (*open_directory)(sd_journal **ret_journal, const char *path, int flags);
    int (*open_namespace)(sd_journal **ret_journal, const char *name, int flags);
    void (*close)(sd_journal *journal);
    int (*next)(sd_journal *journal);
    int (*previous)(sd_journal *journal);
    int (*seek_head)(sd_journal *journal);
    int (*seek_tail)(sd_journal *journal);
    int (*seek_cursor)(sd_journal *journal, const char *cursor);
    int (*test_cursor)(sd_journal *journal, const char *cursor);
    int (*get_cursor)(sd_journal *journal, char **ret_cursor);
    int (*get_realtime_usec)(sd_journal *journal, uint64_t *ret_usec);
    int (*get_data)(sd_journal *journal, const char *field, const void **ret_data, size_t *ret_len);
    int (*set_data_threshold)(sd_journal *journal, size_t bytes);
    int (*add_match)(sd_journal *journal, const void *data, size_t len);
    int (*add_disjunction)(sd_journal *journal);
    int (*get_fd)(sd_journal *journal);
    int (*process)(sd_journal *journal);
};

/* Loads soname (as libsystemd.so.0). RC_UNSUPPORTED: it is missing or too old; err has what to
 * install. It stays loaded until the process ends. */
enum rc journal_lib_load(const char *soname, struct journal_lib *ret_lib,
                         struct err *err) GPUERR_MUSTCHECK;

#endif
