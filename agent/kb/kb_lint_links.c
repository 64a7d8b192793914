/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transition graph. An event shows what an entry leads to and came from, and only the entry at
 * hand is looked at for that, so a link that stands in one of two entries is only half there.
 */
#include "kb/kb_lint_internal.h"

static bool links_to(struct kb_link_list list, struct span id)
{
    for (size_t i = 0; i < list.n; i++) {
        if (span_eq(list.items[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* A link leads to an entry that is there, not to itself, has a reason, and leads back. */
static void check_links(const struct kb_lint *lint, const char *field, struct kb_link_list list,
                        size_t back)
{
    for (size_t i = 0; i < list.n; i++) {
        struct span id = list.items[i].id;
        struct kb_link_list before = {list.items, i};
        const struct kb_entry *other = kb_find(lint->kb, id);

        if (other == NULL) {
            kb_lint_fault(lint, field, "there is no entry %.*s", (int)id.len, id.ptr);
        } else if (other == lint->entry) {
            kb_lint_fault(lint, field, "links to itself");
        } else if (!links_to(
                       *(const struct kb_link_list *)(const void *)((const char *)other + back),
                       lint->entry->id)) {
            kb_lint_fault(lint, field, "%.*s does not link back", (int)id.len, id.ptr);
        }
        if (links_to(before, id)) {
            kb_lint_fault(lint, field, "%.*s stands twice", (int)id.len, id.ptr);
        }
        if (list.items[i].why.ptr == NULL) {
            kb_lint_fault(lint, field, "the link to %.*s does not say why", (int)id.len, id.ptr);
        }
    }
}

void kb_lint_links(const struct kb_lint *lint)
{
    const struct kb_entry *entry = lint->entry;

    check_links(lint, "transition_graph.leads_to", entry->leads_to,
                offsetof(struct kb_entry, preceded_by));
    check_links(lint, "transition_graph.preceded_by", entry->preceded_by,
                offsetof(struct kb_entry, leads_to));
    check_links(lint, "transition_graph.frequently_confused_with", entry->confused_with,
                offsetof(struct kb_entry, confused_with));
}
