/* SPDX-License-Identifier: Apache-2.0 */
/* send_message: a message to a user or a group. */
#include "event.h"

#include <string.h>

#include "flx_fields.h"
#include "flx_result.h"

static int check(const flx_form *form, flx_fault *fault)
{
    if (flx_fields_is_absent(form, flx_fields_send, FLX_SEND_RECEIVER) &&
        flx_fields_is_absent(form, flx_fields_send, FLX_SEND_CONVERSATION)) {
        *fault = (flx_fault){ "conversation_id", "required" };
        return -1;
    }
    return 0;
}

static void fill(const flx_form *form, const char *origin, const char **parameters)
{
    memcpy(parameters, form->values, FLX_SEND_CHANNEL_FIELDS * sizeof *parameters);
    parameters[FLX_SEND_CHANNEL_FIELDS] = origin;
}

static void add_uuid(flx_buffer *response, flx_value value)
{
    flx_uuid uuid = flx_value_uuid(value);
    char text[FLX_UUID_TEXT];

    flx_uuid_write(&uuid, text);
    flx_buffer_add_string(response, text, sizeof text);
}

static void respond(flx_buffer *response, const push_answer *answer, push_page *page)
{
    const PGresult *result = answer->result;
    flx_value status = flx_result_get(result, 0, "status");
    char time[FLX_TIME_TEXT];

    (void)page;
    flx_buffer_add_text(response, "{\"client_message_id\":");
    add_uuid(response, flx_result_get(result, 0, "client_message_id"));
    flx_buffer_add_text(response, ",\"message_id\":");
    add_uuid(response, flx_result_get(result, 0, "id"));
    flx_buffer_add_text(response, ",\"server_timestamp\":");
    flx_time_write(flx_value_time(flx_result_get(result, 0, "server_timestamp")), time);
    flx_buffer_add_string(response, time, sizeof time);
    flx_buffer_add_text(response, ",\"status\":");
    flx_buffer_add_string(response, status.at, status.length);
    flx_buffer_add_text(response, "}");
}

#define SENDS                                                                                      \
    .statement = &flx_statement_send_from, .lane = PUSH_LANE_SEND, .fields = flx_fields_send,      \
    .field_count = FLX_SEND_CHANNEL_FIELDS, .check = check, .fill = fill, .respond = respond

const push_event push_event_send_message = { .name = "send_message", SENDS };
const push_event push_event_send_private_message = { .name = "send_private_message", SENDS };
