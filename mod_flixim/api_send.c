/* SPDX-License-Identifier: Apache-2.0 */
/* POST /messages: a message to a user or a group, or a notice to many users. */
#include "api.h"
#include "private.h"

#include "apr_strings.h"

#include "call.h"
#include "fields.h"
#include "flx_render.h"
#include "flx_result.h"
#include "flx_uuid.h"
#include "reply.h"
#include "text.h"

const char *const flixim_message_types[] = { "system_notification", "system_announcement",
                                             "interaction", "private_message", NULL };

static const char *const content_types[] = { "text", "image",    "product", "order", "comment",
                                             "like", "favorite", "system",  NULL };

enum {
    SEND_CLIENT_ID,
    SEND_CONVERSATION,
    SEND_RECEIVER,
    SEND_RECEIVERS,
    SEND_TYPE,
    SEND_CONTENT_TYPE,
    SEND_CONTENT,
    SEND_REFERENCE,
    SEND_CLIENT_TIME,
    SEND_FIELDS
};

/* Receivers per request. */
#define MAX_RECEIVERS 1000

static const flx_field send_fields[SEND_FIELDS] = {
    [SEND_CLIENT_ID] = { .name = "client_message_id", .type = FLX_FIELD_UUID },
    [SEND_CONVERSATION] = { .name = "conversation_id", .type = FLX_FIELD_CONVERSATION_ID },
    [SEND_RECEIVER] = { .name = "receiver_id", .type = FLX_FIELD_UUID },
    [SEND_RECEIVERS] = { .name = "receiver_ids",
                         .type = FLX_FIELD_UUIDS,
                         .min = 1,
                         .max = MAX_RECEIVERS },
    [SEND_TYPE] = { .name = "message_type",
                    .type = FLX_FIELD_CHOICE,
                    .required = 1,
                    .choices = flixim_message_types },
    [SEND_CONTENT_TYPE] = { .name = "content_type",
                            .type = FLX_FIELD_CHOICE,
                            .required = 1,
                            .choices = content_types },
    [SEND_CONTENT] = { .name = "content", .type = FLX_FIELD_OBJECT, .required = 1 },
    [SEND_REFERENCE] = { .name = "reference_id", .type = FLX_FIELD_UUID },
    [SEND_CLIENT_TIME] = { .name = "client_timestamp", .type = FLX_FIELD_TIME },
};

/* The namespace of client ids that are made from a text; any constant would do. */
static const flx_uuid key_namespace = { { 0x5f, 0x1d, 0x6c, 0x0e, 0x8a, 0x43, 0x4b, 0x9f, 0x9d,
                                          0x27, 0x36, 0xe1, 0x40, 0xc8, 0x7b, 0x52 } };

/* Takes the header Idempotency-Key, if there is one, for the client id: a UUID is the id, another text
 * becomes one. */
static int take_key(flixim_request *request, flx_fault *fault)
{
    const char **client_id = &request->form.values[SEND_CLIENT_ID];
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

/* Whether the form has no good value for a field, and none that breaks a rule. */
static int is_absent(const flx_form *form, int field)
{
    for (int i = 0; i < form->fault_count; i++) {
        if (!strcmp(form->faults[i].field, send_fields[field].name)) {
            return 0;
        }
    }
    return !form->values[field];
}

static int check_message(flixim_request *request, flx_fault *fault)
{
    const flx_form *form = &request->form;

    if (is_absent(form, SEND_RECEIVERS)) {
        if (is_absent(form, SEND_RECEIVER) && is_absent(form, SEND_CONVERSATION)) {
            *fault = (flx_fault){ "receiver_id", "required" };
            return -1;
        }
    }
    else if (!is_absent(form, SEND_RECEIVER) || !is_absent(form, SEND_CONVERSATION)) {
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
        given[SEND_CLIENT_ID], given[SEND_CONVERSATION], given[SEND_RECEIVER],
        given[SEND_TYPE],      given[SEND_CONTENT_TYPE], given[SEND_CONTENT],
        given[SEND_REFERENCE], given[SEND_CLIENT_TIME],
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
    const char *client_id = given[SEND_CLIENT_ID];
    flx_uuid made_up;
    const char *parameters[] = {
        NULL,
        given[SEND_RECEIVERS],
        given[SEND_TYPE],
        given[SEND_CONTENT_TYPE],
        given[SEND_CONTENT],
        given[SEND_REFERENCE],
        given[SEND_CLIENT_TIME],
    };
    flixim_answer answer;

    if (!client_id) {
        flx_uuid_make(&made_up);
        client_id = flixim_text_of_uuid(p, &made_up);
    }
    parameters[0] = client_ids_of(p, client_id, given[SEND_RECEIVERS]);
    if (!flixim_call(request, &flx_statement_send_to_each, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    return reply_all(request, &answer);
}

static int create_message(flixim_request *request)
{
    return request->form.values[SEND_RECEIVERS] ? send_to_each(request) : send_one(request);
}

const flixim_operation flixim_api_create_message = {
    .function = create_message,
    .check = check_message,
    .body_fields = send_fields,
    .field_count = SEND_FIELDS,
};
