/* SPDX-License-Identifier: Apache-2.0 */
/* See kb_text.h. */
#include "support/kb_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tmpdir.h"

static const char format[] =
    "{\"id\": \"%s\", \"signature\": \"Flux capacitor drained\",\n"
    "\"signature_zh\": \"磁通电容耗尽\",\n"
    "\"regex\": \"flux capacitor (?<code>\\\\d+) drained\",\n"
    "\"domain\": \"%.*s\", \"category\": \"resource_error\", \"subcategory\": null,\n"
    "\"root_cause\": \"The charge is gone.\", \"root_cause_type\": null,\n"
    "\"root_cause_zh\": \"电荷已耗尽。\", \"versions\": [], \"os_specific\": {},\n"
    "\"dead_ends\": [{\"action\": \"Shake it\", \"why_fails\": \"Nothing is loose.\"}],\n"
    "\"dead_ends_zh\": [\"摇晃无用。\"],\n"
    "\"workarounds\": [{\"action\": \"Charge it\", \"when\": \"code > 4\"}, "
    "{\"action\": \"Swap it\"}],\n"
    "\"workarounds_zh\": [\"充电。\", \"更换。\"],\n"
    "\"transition_graph\": {\"leads_to\": [], \"preceded_by\": [], "
    "\"frequently_confused_with\": []},\n"
    "\"official_doc_url\": null, \"official_doc_section\": null, \"error_code\": \"FLUX_88\",\n"
    "\"verification_tier\": \"source_confirmed\", \"confidence\": 0.9, "
    "\"fix_success_rate\": null,\n"
    "\"resolvable\": \"true\", \"first_seen\": null, \"last_confirmed\": null, "
    "\"last_updated\": null,\n"
    "\"evidence_count\": 1, \"tags\": [\"delorean\"], \"locale\": \"en\", \"aliases\": [],\n"
    "\"severity\": \"error\", \"scope\": \"gpu\", \"node_action\": \"none\", "
    "\"job_action\": \"restart\",\n"
    "\"role\": \"cause\",\n"
    "\"samples\": [\"flux capacitor 1 drained\", \"E: flux capacitor 22 drained\"],\n"
    "\"counter_samples\": [\"flux capacitor 1 charged\", \"flux capacitor drained\"],\n"
    "\"captures\": {\"code\": {\"kind\": \"code\", \"what\": \"which one\"}},\n"
    "\"sources\": [{\"url\": \"brown/emmett lab.c:88\", \"supports\": \"all\", "
    "\"checked\": \"2026-01-01\"}],\n"
    "\"retired_claims\": []}\n";

void kb_text_write(const char *dir, const char *id, const char *find, const char *replace)
{
    static char text[8192];
    static char changed[16384];
    char name[256];
    const char *at;
    int n;

    (void)snprintf(text, sizeof(text), format, id, (int)strcspn(id, "/"), id);
    (void)snprintf(name, sizeof(name), "%s.json", id);
    if (find == NULL) {
        tmpdir_write(dir, name, text, strlen(text));
        return;
    }
    at = strstr(text, find);
    if (at == NULL) {
        (void)fprintf(stderr, "the entry has no %s\n", find);
        exit(99);
    }
    n = snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, replace,
                 at + strlen(find));
    tmpdir_write(dir, name, changed, (size_t)n);
}
