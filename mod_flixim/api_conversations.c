/* SPDX-License-Identifier: Apache-2.0 */
/* The conversations of a user, the user's own settings of each, and the messages in it. */
#include "api.h"
#include "private.h"

#include "apr_strings.h"

#include "call.h"
#include "flx_fields.h"
#include "flx_render.h"
#include "flx_result.h"
#include "reply.h"

/* Calls STATEMENT and answers with its one conversation. */
static int reply_conversation(flixim_request *request, const flx_statement *statement,
                              const char *const *parameters, flx_outcome outcome)
{
    flixim_answer answer;
    flx_buffer data;

    if (!flixim_call(request, statement, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_conversation(&data, answer.result, 0);
    return flixim_call_reply(request, &answer, outcome, &data);
}

/* -- /conversations --------------------------------------------------------------------------------- */

static int list_conversations(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = {
        given[FLX_CONVERSATIONS_LIMIT] ? given[FLX_CONVERSATIONS_LIMIT] : "20",
        given[FLX_CONVERSATIONS_OFFSET] ? given[FLX_CONVERSATIONS_OFFSET] : "0"
    };
    flixim_answer answer;
    flx_buffer data;

    if (!flixim_call(request, &flx_statement_list_conversations, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_buffer_add_text(&data, "[");
    for (int row = 1; row < PQntuples(answer.result); row++) {
        flx_buffer_add(&data, ",", row > 1);
        flx_render_conversation(&data, answer.result, row);
    }
    flx_buffer_add_text(&data, "]");
    return flixim_call_reply(request, &answer, FLX_CONVERSATIONS_LISTED, &data);
}

const flixim_operation flixim_api_list_conversations = {
    .function = list_conversations,
    .query_fields = flx_fields_conversations,
    .field_count = FLX_CONVERSATIONS_FIELDS,
};

/* The answer of the channel's create_conversation and the pair of the other operations in one. */
static int create_conversation(flixim_request *request)
{
    flixim_answer answer;
    flx_value name;
    flx_buffer data;

    if (!flixim_call(request, &flx_statement_create_conversation, request->form.values, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    name = flx_result_get(answer.result, 0, "conversation_id");
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_buffer_add_text(&data, "{\"conversation_id\":");
    flx_buffer_add_string(&data, name.at, name.length);
    flx_buffer_add_text(&data, ",");
    flx_render_conversation_fields(&data, answer.result, 0);
    flx_buffer_add_text(&data, "}");
    if (answer.is_created) {
        apr_table_setn(request->r->headers_out, "Location",
                       apr_pstrcat(request->r->pool, request->location, "/conversations/",
                                   apr_pstrmemdup(request->r->pool, name.at, name.length), NULL));
    }
    return flixim_call_reply(request, &answer,
                             answer.is_created ? FLX_CONVERSATION_CREATED : FLX_CONVERSATION_KNOWN,
                             &data);
}

const flixim_operation flixim_api_create_conversation = {
    .function = create_conversation,
    .body_fields = flx_fields_create,
    .field_count = FLX_CREATE_FIELDS,
};

/* -- /conversations/{conversation_id} --------------------------------------------------------------- */

static int get_conversation(flixim_request *request)
{
    return reply_conversation(request, &flx_statement_get_conversation, &request->id,
                              FLX_CONVERSATION_FOUND);
}

const flixim_operation flixim_api_get_conversation = { .function = get_conversation };

static int update_conversation(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = { request->id, given[FLX_UPDATE_PINNED], given[FLX_UPDATE_MUTED],
                                 given[FLX_UPDATE_DRAFT] };

    return reply_conversation(request, &flx_statement_update_conversation, parameters,
                              FLX_CONVERSATION_UPDATED);
}

const flixim_operation flixim_api_update_conversation = {
    .function = update_conversation,
    .body_fields = flx_fields_update,
    .field_count = FLX_UPDATE_REST_FIELDS,
};

/* -- /conversations/{conversation_id}/messages ------------------------------------------------------ */

static int list_history(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = { request->id,
                                 given[FLX_HISTORY_LIMIT] ? given[FLX_HISTORY_LIMIT] : "20",
                                 given[FLX_HISTORY_BEFORE], given[FLX_HISTORY_BEFORE_ID] };
    flixim_answer answer;
    flx_rendering rendering;
    flx_buffer data;

    if (!flixim_call(request, &flx_statement_list_history, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_begin(&rendering, &flx_shape_message, answer.result);
    (void)flx_render_rows(&data, &rendering, 1, FLIXIM_REPLY_PAGE);
    return flixim_call_reply(request, &answer, FLX_HISTORY_LISTED, &data);
}

const flixim_operation flixim_api_list_history = {
    .function = list_history,
    .query_fields = flx_fields_history,
    .field_count = FLX_HISTORY_REST_FIELDS,
};
