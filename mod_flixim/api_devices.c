/* SPDX-License-Identifier: Apache-2.0 */
/* The devices on which a user is told of messages while no connection is there. Their tokens are never logged. */
#include "api.h"
#include "private.h"

#include "apr_strings.h"

#include "call.h"
#include "flx_render.h"
#include "flx_result.h"
#include "reply.h"
#include "text.h"

/* -- /devices --------------------------------------------------------------------------------------- */

static int list_devices(flixim_request *request)
{
    flixim_answer answer;
    flx_rendering rendering;
    flx_buffer data;

    if (!flixim_call(request, &flx_statement_list_devices, NULL, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_begin(&rendering, &flx_shape_device, answer.result);
    (void)flx_render_rows(&data, &rendering, 1, FLIXIM_REPLY_PAGE);
    return flixim_call_reply(request, &answer, FLX_DEVICES_LISTED, &data);
}

const flixim_operation flixim_api_list_devices = { .function = list_devices };

static const char *const providers[] = { "web_push", "apns", "fcm", "webhook", NULL };

/* As the statement has them. What a provider wants of its token or subscription is for the database to judge,
 * as contents are. */
enum {
    DEVICE_PROVIDER,
    DEVICE_TOKEN,
    DEVICE_SUBSCRIPTION,
    DEVICE_PLATFORM,
    DEVICE_LOCALE,
    DEVICE_APP,
    DEVICE_FIELDS
};

static const flx_field device_fields[DEVICE_FIELDS] = {
    [DEVICE_PROVIDER] = { .name = "provider",
                          .type = FLX_FIELD_CHOICE,
                          .required = 1,
                          .choices = providers },
    [DEVICE_TOKEN] = { .name = "token", .type = FLX_FIELD_TEXT, .max = 4096 },
    [DEVICE_SUBSCRIPTION] = { .name = "subscription", .type = FLX_FIELD_OBJECT },
    [DEVICE_PLATFORM] = { .name = "platform", .type = FLX_FIELD_TEXT, .max = 32 },
    [DEVICE_LOCALE] = { .name = "locale", .type = FLX_FIELD_TEXT, .max = 35 },
    [DEVICE_APP] = { .name = "app_id", .type = FLX_FIELD_TEXT, .max = 200 },
};

static int create_device(flixim_request *request)
{
    flixim_answer answer;
    flx_rendering rendering;
    flx_uuid id;
    flx_buffer data;

    if (!flixim_call(request, &flx_statement_add_device, request->form.values, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_begin(&rendering, &flx_shape_device, answer.result);
    flx_render_row(&data, &rendering, 0);
    if (answer.is_created) {
        id = flx_value_uuid(flx_result_get(answer.result, 0, "id"));
        apr_table_setn(request->r->headers_out, "Location",
                       apr_pstrcat(request->r->pool, request->location, "/devices/",
                                   flixim_text_of_uuid(request->r->pool, &id), NULL));
    }
    return flixim_call_reply(request, &answer,
                             answer.is_created ? FLX_DEVICE_CREATED : FLX_DEVICE_KNOWN, &data);
}

const flixim_operation flixim_api_create_device = {
    .function = create_device,
    .body_fields = device_fields,
    .field_count = DEVICE_FIELDS,
};

/* -- /devices/{device_id} --------------------------------------------------------------------------- */

static int delete_device(flixim_request *request)
{
    flixim_answer answer;

    if (!flixim_call(request, &flx_statement_delete_device, &request->id, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    return flixim_call_reply(request, &answer, FLX_DEVICE_DELETED, NULL);
}

const flixim_operation flixim_api_delete_device = { .function = delete_device };
