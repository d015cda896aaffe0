/* SPDX-License-Identifier: Apache-2.0 */
/* POST /messages: a message to a user or a group, or a notice to many users. */
#include "api.h"
#include "private.h"

#include "apr_strings.h"

#include "call.h"
#include "flx_fields.h"
#include "flx_render.h"
#include "flx_result.h"
#include "flx_uuid.h"
#include "reply.h"
#include "text.h"

/* The namespace of client ids that are made from a text; any constant would do. */
static const flx_uuid key_namespace = { { 0x5f, 0x1d, 0x6c, 0x0e, 0x8a, 0x43, 0x4b, 0x9f, 0x9d,
                                          0x27, 0x36, 0xe1, 0x40, 0xc8, 0x7b, 0x52 } };

/* Takes the header Idempotency-Key, if there is one, for the client id: a UUID is the id, another text
 * becomes one. */
static int take_key(flixim_request *request, flx_fault *fault)
{
    const char **client_id = &request->form.values[FLX_SEND_CLIENT_ID];
    const char *key = apr_table_get(request->r->headers_in, "Idempotency-Key");
    apr_size_t length = key ? strlen(key) : 0;
    flx_uuid uuid;
    const char *id;

    if (!key) {
        return 0;
    }
    /* Two headers come as one, with a comma between. */
    if (strchr(key, ',')) {
        *fault = (flx_fault){ "Idempotency-Key", "repeated" };
        return -1;
    }
    /* Some clients quote it, as the IETF's draft has it. */
    if (length >= 2 && key[0] == '"' && key[length - 1] == '"') {
        key++;
        length -= 2;
    }
    if (length < 1 || length > 255) {
        *fault = (flx_fault){ "Idempotency-Key", "too_long" };
        return -1;
    }
    if (flx_uuid_read(&uuid, key, length) != 0) {
        flx_uuid_from_name(&uuid, &key_namespace, key, length);
    }
    id = flixim_text_of_uuid(request->r->pool, &uuid);
    if (*client_id && strcmp(*client_id, id) != 0) {
        *fault = (flx_fault){ "client_message_id", "mismatch" };
        return -1;
    }
    *client_id = id;
    return 0;
}

static int is_absent(const flx_form *form, int field)
{
    return flx_fields_is_absent(form, flx_fields_send, field);
}

static int check_message(flixim_request *request, flx_fault *fault)
{
    const flx_form *form = &request->form;

    if (is_absent(form, FLX_SEND_RECEIVERS)) {
        if (is_absent(form, FLX_SEND_RECEIVER) && is_absent(form, FLX_SEND_CONVERSATION)) {
            *fault = (flx_fault){ "receiver_id", "required" };
            return -1;
        }
    }
    else if (!is_absent(form, FLX_SEND_RECEIVER) || !is_absent(form, FLX_SEND_CONVERSATION)) {
        *fault = (flx_fault){ "receiver_ids", "alone" };
        return -1;
    }
    return take_key(request, fault);
}

/* -- To one user or conversation -------------------------------------------------------------------- */

static int reply_created(flixim_request *request, flixim_answer *answer)
{
    flx_rendering rendering;
    flx_buffer data;
    flx_uuid id = flx_value_uuid(flx_result_get(answer->result, 0, "id"));

    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_begin(&rendering, &flx_shape_message, answer->result);
    flx_render_row(&data, &rendering, 0);
    if (answer->is_created) {
        apr_table_setn(request->r->headers_out, "Location",
                       apr_pstrcat(request->r->pool, request->location, "/messages/",
                                   flixim_text_of_uuid(request->r->pool, &id), NULL));
    }
    return flixim_call_reply(
        request, answer, answer->is_created ? FLX_MESSAGE_CREATED : FLX_MESSAGE_REPEATED, &data);
}

static int send_one(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = {
        given[FLX_SEND_CLIENT_ID], given[FLX_SEND_CONVERSATION], given[FLX_SEND_RECEIVER],
        given[FLX_SEND_TYPE],      given[FLX_SEND_CONTENT_TYPE], given[FLX_SEND_CONTENT],
        given[FLX_SEND_REFERENCE], given[FLX_SEND_CLIENT_TIME],
    };
    flixim_answer answer;

    if (!flixim_call(request, &flx_statement_send_message, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    return reply_created(request, &answer);
}

/* -- To many users ---------------------------------------------------------------------------------- */

/* An array literal with the client id of the message to each receiver: the version 5 UUID of the
 * request's id and the receiver. RECEIVERS is an array literal of UUIDs, too. */
static const char *client_ids_of(apr_pool_t *p, const char *client_id, const char *receivers)
{
    apr_size_t length = strlen(receivers);
    char *ids = apr_pstrmemdup(p, receivers, length);
    flx_uuid name_space, id;

    if (flx_uuid_read(&name_space, client_id, FLX_UUID_TEXT) != 0) {
        return NULL;
    }
    for (apr_size_t at = 1; at + FLX_UUID_TEXT < length; at += FLX_UUID_TEXT + 1) {
        flx_uuid_from_name(&id, &name_space, receivers + at, FLX_UUID_TEXT);
        flx_uuid_write(&id, ids + at);
    }
    return ids;
}

static int reply_all(flixim_request *request, flixim_answer *answer)
{
    flx_rendering rendering;
    flx_buffer data;
    int is_created = 0;

    for (int row = 0; row < PQntuples(answer->result); row++) {
        is_created |= flx_value_is(flx_result_get(answer->result, row, "outcome"), "created");
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_begin(&rendering, &flx_shape_message, answer->result);
    (void)flx_render_rows(&data, &rendering, 0, FLIXIM_REPLY_LIMIT);
    return flixim_call_reply(request, answer,
                             is_created ? FLX_MESSAGE_CREATED : FLX_MESSAGE_REPEATED, &data);
}

static int send_to_each(flixim_request *request)
{
    apr_pool_t *p = request->r->pool;
    const char *const *given = request->form.values;
    const char *client_id = given[FLX_SEND_CLIENT_ID];
    flx_uuid made_up;
    const char *parameters[] = {
        NULL,
        given[FLX_SEND_RECEIVERS],
        given[FLX_SEND_TYPE],
        given[FLX_SEND_CONTENT_TYPE],
        given[FLX_SEND_CONTENT],
        given[FLX_SEND_REFERENCE],
        given[FLX_SEND_CLIENT_TIME],
    };
    flixim_answer answer;

    if (!client_id) {
        flx_uuid_make(&made_up);
        client_id = flixim_text_of_uuid(p, &made_up);
    }
    parameters[0] = client_ids_of(p, client_id, given[FLX_SEND_RECEIVERS]);
    if (!flixim_call(request, &flx_statement_send_to_each, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    return reply_all(request, &answer);
}

static int create_message(flixim_request *request)
{
    return request->form.values[FLX_SEND_RECEIVERS] ? send_to_each(request) : send_one(request);
}

const flixim_operation flixim_api_create_message = {
    .function = create_message,
    .check = check_message,
    .body_fields = flx_fields_send,
    .field_count = FLX_SEND_FIELDS,
};
