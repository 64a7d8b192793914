/* SPDX-License-Identifier: Apache-2.0 */
/* Looks the functions up by name; one that is missing makes the whole library too old. */
#include "source/journal_lib.h"

#include <dlfcn.h>
#include <string.h>

enum rc journal_lib_load(const char *soname, struct journal_lib *ret_lib, struct err *err)
{
    struct journal_lib lib = {.handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL)};
    const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"sd_journal_open", &lib.open},
        {"sd_journal_open_directory", &lib.open_directory},
        {"sd_journal_open_namespace", &lib.open_namespace},
        {"sd_journal_close", &lib.close},
        {"sd_journal_next", &lib.next},
        {"sd_journal_previous", &lib.previous},
        {"sd_journal_seek_head", &lib.seek_head},
        {"sd_journal_seek_tail", &lib.seek_tail},
        {"sd_journal_seek_cursor", &lib.seek_cursor},
        {"sd_journal_test_cursor", &lib.test_cursor},
        {"sd_journal_get_cursor", &lib.get_cursor},
        {"sd_journal_get_realtime_usec", &lib.get_realtime_usec},
        {"sd_journal_get_data", &lib.get_data},
        {"sd_journal_set_data_threshold", &lib.set_data_threshold},
        {"sd_journal_add_match", &lib.add_match},
        {"sd_journal_add_disjunction", &lib.add_disjunction},
        {"sd_journal_get_fd", &lib.get_fd},
        {"sd_journal_process", &lib.process},
    };

    if (lib.handle == NULL) {
        (void)err_set(err, RC_UNSUPPORTED, "the journal needs %s, which is not there", soname);
        err_hint(err, "install libsystemd0 (Debian, Ubuntu) or systemd-libs (Fedora, RHEL)");
        return RC_UNSUPPORTED;
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *function = dlsym(lib.handle, functions[i].name);
        if (function == NULL) {
            (void)err_set(err, RC_UNSUPPORTED, "%s has no %s", soname, functions[i].name);
            err_hint(err, "systemd 245 or later is needed");
            (void)dlclose(lib.handle);
            return RC_UNSUPPORTED;
        }
        memcpy(functions[i].to, &function, sizeof(function));
    }
    *ret_lib = lib;
    return RC_OK;
}
