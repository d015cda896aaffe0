/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the events that a client may push into its channel. */
#include "event.h"

#include <string.h>

static const push_event *const events[] = {
    &push_event_sync,
    &push_event_send_message,
    &push_event_send_private_message,
    &push_event_mark_read,
    &push_event_withdraw_message,
    &push_event_get_conversation_history,
    &push_event_create_conversation,
    &push_event_get_conversations,
    &push_event_update_conversation,
};

const push_event *push_event_find(flx_slice name)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        size_t length = strlen(events[i]->name);
        if (name.length == length + 2 && name.at[0] == '"' &&
            memcmp(name.at + 1, events[i]->name, length) == 0) {
            return events[i];
        }
    }
    return NULL;
}
