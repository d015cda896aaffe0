/* SPDX-License-Identifier: Apache-2.0 */
/* The events that a client may push into its channel; each is one call of the database. */
#ifndef PUSH_EVENT_H
#define PUSH_EVENT_H

#include "database.h"
#include "flx_buffer.h"
#include "flx_form.h"
#include "flx_json_scan.h" /* flx_slice */
#include "flx_time.h"

/* Parameters of an event's own that a statement has at most. */
#define PUSH_EVENT_PARAMETERS 12

/* How long an answer may become, and what sync says of it to the stream. */
typedef struct push_page {
    size_t enough; /* bytes after which a list ends early, but not without one item */
    flx_time cursor;
    int has_more;
} push_page;

typedef struct push_event {
    const char *name;
    const flx_statement *statement;
    push_lane lane;
    /* what it takes from its payload */
    const flx_field *fields;
    int field_count;
    /* the reason where a required field is missing; NULL: "missing required parameters" */
    const char *missing;
    /* a field with a reason of its own if it breaks a rule; NULL: none has */
    const char *field;
    const char *invalid;
    /* whether the stream is told of it (push_subscription_syncing) */
    int is_sync;
    /* what no single field can tell: 0, or -1 and *fault; NULL: nothing */
    int (*check)(const flx_form *form, flx_fault *fault);
    /* fills in the statement's own parameters; origin is the channel's UUID as text */
    void (*fill)(const flx_form *form, const char *origin, const char **parameters);
    /* appends the response, one JSON object */
    void (*respond)(flx_buffer *response, const push_answer *answer, push_page *page);
} push_event;

/* The event of a name, as it stands in a frame (a JSON value); NULL if there is none. */
const push_event *push_event_find(flx_slice name);

/* event_send.c */
extern const push_event push_event_send_message;
extern const push_event push_event_send_private_message; /* as some clients call it */

/* event_sync.c */
extern const push_event push_event_sync;

/* event_read.c */
extern const push_event push_event_mark_read;

/* event_withdraw.c */
extern const push_event push_event_withdraw_message;

/* event_history.c */
extern const push_event push_event_get_conversation_history;

/* event_conversations.c */
extern const push_event push_event_create_conversation;
extern const push_event push_event_get_conversations;
extern const push_event push_event_update_conversation;

#endif
