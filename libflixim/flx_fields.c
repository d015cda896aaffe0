/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of the operations that REST and channel both have. */
#include "flx_fields.h"

#include <string.h>

/* Receivers of one request, and members of one group. */
#define MAX_RECEIVERS    1000
#define MAX_PARTICIPANTS 500

#define CONVERSATION_FIELD                                                                         \
    {                                                                                              \
        .name = "conversation_id", .type = FLX_FIELD_CONVERSATION_ID, .required = 1                \
    }

const char *const flx_fields_message_types[] = { "system_notification", "system_announcement",
                                                 "interaction", "private_message", NULL };

static const char *const content_types[] = { "text", "image",    "product", "order", "comment",
                                             "like", "favorite", "system",  NULL };

static const char *const created_types[] = { "private", "group", NULL };

const flx_field flx_fields_send[FLX_SEND_FIELDS] = {
    [FLX_SEND_CLIENT_ID] = { .name = "client_message_id", .type = FLX_FIELD_UUID },
    [FLX_SEND_CONVERSATION] = { .name = "conversation_id", .type = FLX_FIELD_CONVERSATION_ID },
    [FLX_SEND_RECEIVER] = { .name = "receiver_id", .type = FLX_FIELD_UUID },
    [FLX_SEND_TYPE] = { .name = "message_type",
                        .type = FLX_FIELD_CHOICE,
                        .required = 1,
                        .choices = flx_fields_message_types },
    [FLX_SEND_CONTENT_TYPE] = { .name = "content_type",
                                .type = FLX_FIELD_CHOICE,
                                .required = 1,
                                .choices = content_types },
    [FLX_SEND_CONTENT] = { .name = "content", .type = FLX_FIELD_OBJECT, .required = 1 },
    [FLX_SEND_REFERENCE] = { .name = "reference_id", .type = FLX_FIELD_UUID },
    [FLX_SEND_CLIENT_TIME] = { .name = "client_timestamp", .type = FLX_FIELD_TIME },
    [FLX_SEND_RECEIVERS] = { .name = "receiver_ids",
                             .type = FLX_FIELD_UUIDS,
                             .min = 1,
                             .max = MAX_RECEIVERS },
};

const flx_field flx_fields_conversations[FLX_CONVERSATIONS_FIELDS] = {
    [FLX_CONVERSATIONS_LIMIT] = FLX_FIELDS_LIMIT,
    [FLX_CONVERSATIONS_OFFSET] = FLX_FIELDS_OFFSET,
};

const flx_field flx_fields_create[FLX_CREATE_FIELDS] = {
    [FLX_CREATE_PARTICIPANTS] = { .name = "participant_ids",
                                  .type = FLX_FIELD_UUIDS,
                                  .required = 1,
                                  .max = MAX_PARTICIPANTS },
    [FLX_CREATE_TYPE] = { .name = "type",
                          .type = FLX_FIELD_CHOICE,
                          .required = 1,
                          .choices = created_types },
};

const flx_field flx_fields_update[FLX_UPDATE_FIELDS] = {
    [FLX_UPDATE_PINNED] = { .name = "is_pinned", .type = FLX_FIELD_BOOL },
    [FLX_UPDATE_MUTED] = { .name = "is_muted", .type = FLX_FIELD_BOOL },
    [FLX_UPDATE_DRAFT] = { .name = "draft",
                           .type = FLX_FIELD_TEXT,
                           .max = 10000,
                           .null_empties = 1 },
    [FLX_UPDATE_CONVERSATION] = CONVERSATION_FIELD,
};

const flx_field flx_fields_history[FLX_HISTORY_FIELDS] = {
    [FLX_HISTORY_LIMIT] = FLX_FIELDS_LIMIT,
    [FLX_HISTORY_BEFORE] = { .name = "before", .type = FLX_FIELD_TIME },
    [FLX_HISTORY_BEFORE_ID] = { .name = "before_id", .type = FLX_FIELD_UUID },
    [FLX_HISTORY_CONVERSATION] = CONVERSATION_FIELD,
};

int flx_fields_is_absent(const flx_form *form, const flx_field *fields, int field)
{
    for (int i = 0; i < form->fault_count; i++) {
        if (strcmp(form->faults[i].field, fields[field].name) == 0) {
            return 0;
        }
    }
    return form->values[field] == NULL;
}
