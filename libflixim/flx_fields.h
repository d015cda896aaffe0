/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of the operations that REST and channel both have, as tables for flx_form. */
#ifndef FLX_FIELDS_H
#define FLX_FIELDS_H

#include <stdint.h>

#include "flx_form.h"

/* limit, before it falls to the operation's default, and offset. */
#define FLX_FIELDS_LIMIT                                                                           \
    {                                                                                              \
        .name = "limit", .type = FLX_FIELD_NUMBER, .min = 1, .max = 200                            \
    }
#define FLX_FIELDS_OFFSET                                                                          \
    {                                                                                              \
        .name = "offset", .type = FLX_FIELD_NUMBER, .min = 0, .max = INT32_MAX                     \
    }

/* The labels of flixim.message_type; ends with NULL. */
extern const char *const flx_fields_message_types[];

/* Sending. The channel knows no receiver_ids: its table ends before them. */
enum {
    FLX_SEND_CLIENT_ID,
    FLX_SEND_CONVERSATION,
    FLX_SEND_RECEIVER,
    FLX_SEND_TYPE,
    FLX_SEND_CONTENT_TYPE,
    FLX_SEND_CONTENT,
    FLX_SEND_REFERENCE,
    FLX_SEND_CLIENT_TIME,
    FLX_SEND_CHANNEL_FIELDS,
    FLX_SEND_RECEIVERS = FLX_SEND_CHANNEL_FIELDS,
    FLX_SEND_FIELDS
};
extern const flx_field flx_fields_send[FLX_SEND_FIELDS];

/* Whether a form that was read by a table has no good value for one of its fields, and none that breaks a
 * rule. */
int flx_fields_is_absent(const flx_form *form, const flx_field *fields, int field);

/* The conversations of a user. */
enum { FLX_CONVERSATIONS_LIMIT, FLX_CONVERSATIONS_OFFSET, FLX_CONVERSATIONS_FIELDS };
extern const flx_field flx_fields_conversations[FLX_CONVERSATIONS_FIELDS];

/* Creating a conversation. */
enum { FLX_CREATE_PARTICIPANTS, FLX_CREATE_TYPE, FLX_CREATE_FIELDS };
extern const flx_field flx_fields_create[FLX_CREATE_FIELDS];

/* Below, the conversation's id stands in the path of a REST request, whose table ends before it. */

/* A user's own settings of a conversation. */
enum {
    FLX_UPDATE_PINNED,
    FLX_UPDATE_MUTED,
    FLX_UPDATE_DRAFT,
    FLX_UPDATE_REST_FIELDS,
    FLX_UPDATE_CONVERSATION = FLX_UPDATE_REST_FIELDS,
    FLX_UPDATE_FIELDS
};
extern const flx_field flx_fields_update[FLX_UPDATE_FIELDS];

/* The messages of a conversation. */
enum {
    FLX_HISTORY_LIMIT,
    FLX_HISTORY_BEFORE,
    FLX_HISTORY_BEFORE_ID,
    FLX_HISTORY_REST_FIELDS,
    FLX_HISTORY_CONVERSATION = FLX_HISTORY_REST_FIELDS,
    FLX_HISTORY_FIELDS
};
extern const flx_field flx_fields_history[FLX_HISTORY_FIELDS];

#endif
