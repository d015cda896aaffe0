/* SPDX-License-Identifier: Apache-2.0 */
/* The conversations of a user, the user's own settings of each, and the messages in it. */
#include "api.h"
#include "private.h"

#include "apr_strings.h"

#include "call.h"
#include "fields.h"
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

enum { LIST_LIMIT, LIST_OFFSET, LIST_FIELDS };

static const flx_field list_fields[LIST_FIELDS] = {
    [LIST_LIMIT] = FLIXIM_FIELD_LIMIT,
    [LIST_OFFSET] = FLIXIM_FIELD_OFFSET,
};

static int list_conversations(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = { given[LIST_LIMIT] ? given[LIST_LIMIT] : "20",
                                 given[LIST_OFFSET] ? given[LIST_OFFSET] : "0" };
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
    .query_fields = list_fields,
    .field_count = LIST_FIELDS,
};

static const char *const created_types[] = { "private", "group", NULL };

enum { CREATE_PARTICIPANTS, CREATE_TYPE, CREATE_FIELDS };

static const flx_field create_fields[CREATE_FIELDS] = {
    [CREATE_PARTICIPANTS] = { .name = "participant_ids",
                              .type = FLX_FIELD_UUIDS,
                              .required = 1,
                              .max = 500 },
    [CREATE_TYPE] = { .name = "type",
                      .type = FLX_FIELD_CHOICE,
                      .required = 1,
                      .choices = created_types },
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
    .body_fields = create_fields,
    .field_count = CREATE_FIELDS,
};

/* -- /conversations/{conversation_id} --------------------------------------------------------------- */

static int get_conversation(flixim_request *request)
{
    return reply_conversation(request, &flx_statement_get_conversation, &request->id,
                              FLX_CONVERSATION_FOUND);
}

const flixim_operation flixim_api_get_conversation = { .function = get_conversation };

enum { UPDATE_PINNED, UPDATE_MUTED, UPDATE_DRAFT, UPDATE_FIELDS };

static const flx_field update_fields[UPDATE_FIELDS] = {
    [UPDATE_PINNED] = { .name = "is_pinned", .type = FLX_FIELD_BOOL },
    [UPDATE_MUTED] = { .name = "is_muted", .type = FLX_FIELD_BOOL },
    [UPDATE_DRAFT] = { .name = "draft", .type = FLX_FIELD_TEXT, .max = 10000, .null_empties = 1 },
};

static int update_conversation(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = { request->id, given[UPDATE_PINNED], given[UPDATE_MUTED],
                                 given[UPDATE_DRAFT] };

    return reply_conversation(request, &flx_statement_update_conversation, parameters,
                              FLX_CONVERSATION_UPDATED);
}

const flixim_operation flixim_api_update_conversation = {
    .function = update_conversation,
    .body_fields = update_fields,
    .field_count = UPDATE_FIELDS,
};

/* -- /conversations/{conversation_id}/messages ------------------------------------------------------ */

enum { HISTORY_LIMIT, HISTORY_BEFORE, HISTORY_BEFORE_ID, HISTORY_FIELDS };

static const flx_field history_fields[HISTORY_FIELDS] = {
    [HISTORY_LIMIT] = FLIXIM_FIELD_LIMIT,
    [HISTORY_BEFORE] = { .name = "before", .type = FLX_FIELD_TIME },
    [HISTORY_BEFORE_ID] = { .name = "before_id", .type = FLX_FIELD_UUID },
};

static int list_history(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = { request->id, given[HISTORY_LIMIT] ? given[HISTORY_LIMIT] : "20",
                                 given[HISTORY_BEFORE], given[HISTORY_BEFORE_ID] };
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
    .query_fields = history_fields,
    .field_count = HISTORY_FIELDS,
};
