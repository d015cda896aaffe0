/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a pushed event: written once, shared by all who send it. */
#ifndef PUSH_PAYLOAD_H
#define PUSH_PAYLOAD_H

#include "block.h"
#include "flx_render.h"

#define PUSH_PAYLOAD_PARTS 3

/* An Event as JSON, in parts that stand one behind the other; one reference of each is the owner's. */
typedef struct push_payload {
    int count;
    push_block *parts[PUSH_PAYLOAD_PARTS];
} push_payload;

/* The Event in a row. Returns 0, or -1 (logged) if it is too large, or there is no memory. */
int push_payload_make(push_payload *payload, const flx_event_rendering *rendering, int row)
    __attribute__((warn_unused_result));

/* What the events of all who are told the same of a message have in common: the message in a row of
 * flx_statement_fetch_messages, with the view's event_type and status. One reference, the caller's; NULL (logged) as above. */
push_block *push_payload_make_shared(const flx_event_rendering *rendering, int row,
                                     const flx_event_view *view)
    __attribute__((warn_unused_result));

/* An Event around it. A short one is copied together, of a long one the shared part is shared. */
int push_payload_make_around(push_payload *payload, push_block *shared, const flx_event_view *view)
    __attribute__((warn_unused_result));

/* Gives the references back. */
void push_payload_release(push_payload *payload);

#endif
