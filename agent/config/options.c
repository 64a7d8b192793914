/* SPDX-License-Identifier: Apache-2.0 */
/* The table of settings. A new one is a row here, a member in config.h, and a reader of that
 * member. */
#include "config/options.h"

#include <string.h>

#include "config/config.h"

static const char *const from_values[] = {"end", "start", NULL};
static const char *const format_values[] = {"auto", "json", "text", NULL};
static const char *const color_values[] = {"auto", "always", "never", NULL};
static const char *const lang_values[] = {"en", "zh", NULL};
static const char *const severity_values[] = {"info", "warning", "error", "critical", NULL};
static const char *const level_values[] = {"error", "warning", "info", "debug", NULL};

#define AT(member) offsetof(struct config, member)

const struct config_option config_options[] = {
    {"follow", "inputs.follow", "PATTERN", "Inputs", "follow files; globs with ** (repeatable)",
     CONFIG_LIST, AT(follow), NULL},
    {"exclude", "inputs.exclude", "PATTERN", "Inputs", "leave out what matches (repeatable)",
     CONFIG_LIST, AT(exclude), NULL},
    {"stdin", "inputs.stdin", NULL, "Inputs", "read standard input until its end", CONFIG_FLAG,
     AT(follow_stdin), NULL},
    {"journal", "inputs.journal", "[=MATCH]", "Inputs",
     "follow the system journal; FIELD=value of it (repeatable)", CONFIG_LIST, AT(journal), NULL},
    {"journal-dir", "inputs.journal_dir", "DIR", "Inputs",
     "the journal's files, as a mounted /var/log/journal", CONFIG_TEXT, AT(journal_dir), NULL},
    {"journal-namespace", "inputs.journal_namespace", "NAME", "Inputs",
     "the journal of this namespace, see journalctl --namespace", CONFIG_TEXT,
     AT(journal_namespace), NULL},
    {"kmsg", "inputs.kmsg", "[=PATH]", "Inputs", "read the kernel's messages from /dev/kmsg",
     CONFIG_TEXT, AT(kmsg_path), NULL},
    {"journal-native", "inputs.journal_native", "SOCK", "Inputs",
     "listen for entries in journald's native protocol", CONFIG_TEXT, AT(journal_native), NULL},
    {"syslog", "inputs.syslog", "ADDR", "Inputs",
     "listen at a path, udp:HOST:PORT or tcp:HOST:PORT (repeatable)", CONFIG_LIST, AT(syslog),
     NULL},
    {"from", "inputs.from", "start|end", "Inputs",
     "where files that are already there are begun [end]", CONFIG_ENUM, AT(from), from_values},
    {"kb", "kb.paths", "DIR", "Knowledge", "add or override entries (repeatable)", CONFIG_LIST,
     AT(kb_paths), NULL},
    {"no-builtin-kb", "kb.builtin", NULL, "Knowledge", "start without the shipped entries",
     CONFIG_NOT_FLAG, AT(builtin_kb), NULL},
    {"strict", "kb.strict", NULL, "Knowledge", "a bad entry in --kb is an error, not a warning",
     CONFIG_FLAG, AT(strict), NULL},
    {"rules", "rules.file", "FILE", "Knowledge", "rule pack in place of the shipped one",
     CONFIG_TEXT, AT(rules_path), NULL},
    {"output", "output.path", "FILE", "Output", "append to a file (0600) instead of stdout",
     CONFIG_TEXT, AT(output_path), NULL},
    {"format", "output.format", "auto|json|text", "Output",
     "auto: text on a terminal, else JSON lines", CONFIG_ENUM, AT(format), format_values},
    {"color", "output.color", "auto|always|never", "Output",
     "colour of text; NO_COLOR turns it off", CONFIG_ENUM, AT(color), color_values},
    {"lang", "output.lang", "en|zh", "Output", "language of the advice [en]", CONFIG_ENUM, AT(lang),
     lang_values},
    {"min-severity", "output.min_severity", "NAME", "Output", "info, warning, error or critical",
     CONFIG_NAME, AT(min_severity), severity_values},
    {"min-confidence", "output.min_confidence", "0..1", "Output",
     "leave out less certain diagnoses", CONFIG_FRACTION, AT(min_confidence), NULL},
    {"repeat", "output.repeat", "TIME", "Output",
     "count repeats of a diagnosis for so long; 0: tell each [10m]", CONFIG_DURATION, AT(repeat_ms),
     NULL},
    {"label", "labels", "K=V", "Output", "put a label on every event (repeatable)", CONFIG_LABELS,
     AT(labels), NULL},
    {"state-dir", "state.dir", "DIR", "Output",
     "keep positions, events and incidents over restarts", CONFIG_TEXT, AT(state_dir), NULL},
    {"max-record-bytes", "limits.max_record_bytes", "SIZE", "Limits",
     "longer lines are cut there [64KiB]", CONFIG_SIZE, AT(max_record_bytes), NULL},
    {"shutdown-timeout", "limits.shutdown_timeout", "TIME", "Limits",
     "how long a stop may read to the end [10s]", CONFIG_DURATION, AT(shutdown_ms), NULL},
    {"log-level", "log.level", "NAME", "General",
     "error, warning, info or debug, on stderr [warning]", CONFIG_ENUM, AT(log_level),
     level_values},
};

const size_t config_option_count = sizeof(config_options) / sizeof(config_options[0]);

const struct config_option *config_option_find(const char *name)
{
    for (size_t i = 0; i < config_option_count; i++) {
        if (strcmp(config_options[i].name, name) == 0) {
            return &config_options[i];
        }
    }
    return NULL;
}
