/* SPDX-License-Identifier: Apache-2.0 */
/* What a user wants to be told on devices, and when not. */
#include "api.h"
#include "private.h"

#include "call.h"
#include "flx_render.h"
#include "reply.h"

/* Calls STATEMENT and answers with the settings that it gives. */
static int reply_settings(flixim_request *request, const flx_statement *statement,
                          const char *const *parameters, flx_outcome outcome)
{
    flixim_answer answer;
    flx_buffer data;

    if (!flixim_call(request, statement, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_notification_settings(&data, answer.result, 0);
    return flixim_call_reply(request, &answer, outcome, &data);
}

static int get_notification_settings(flixim_request *request)
{
    return reply_settings(request, &flx_statement_get_notification_settings, NULL,
                          FLX_NOTIFICATION_SETTINGS_FOUND);
}

const flixim_operation flixim_api_get_notification_settings = {
    .function = get_notification_settings,
};

/* As the statement has them. */
static const flx_field notification_fields[] = {
    { .name = "quiet_hours", .type = FLX_FIELD_OBJECT, .null_empties = 1 },
    { .name = "message_types", .type = FLX_FIELD_OBJECT },
    { .name = "show_text", .type = FLX_FIELD_BOOL },
};

static int update_notification_settings(flixim_request *request)
{
    return reply_settings(request, &flx_statement_update_notification_settings,
                          request->form.values, FLX_NOTIFICATION_SETTINGS_UPDATED);
}

const flixim_operation flixim_api_update_notification_settings = {
    .function = update_notification_settings,
    .body_fields = notification_fields,
    .field_count = 3,
};
