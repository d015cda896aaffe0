/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that a user has: lists, sync, unread counts, and what becomes of one. */
#include "api.h"
#include "private.h"

#include "apr_strings.h"

#include "call.h"
#include "flx_fields.h"
#include "flx_render.h"
#include "flx_result.h"
#include "reply.h"

/* Answers with the rows of a result from FIRST on, an array of Messages. */
static int reply_messages(flixim_request *request, flixim_answer *answer, flx_outcome outcome,
                          int first)
{
    flx_rendering rendering;
    flx_buffer data;

    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_begin(&rendering, &flx_shape_message, answer->result);
    (void)flx_render_rows(&data, &rendering, first, FLIXIM_REPLY_PAGE);
    return flixim_call_reply(request, answer, outcome, &data);
}

/* Calls STATEMENT and answers with its one row in SHAPE. */
static int reply_row(flixim_request *request, const flx_statement *statement,
                     const char *const *parameters, flx_outcome outcome, const flx_shape *shape)
{
    flixim_answer answer;
    flx_rendering rendering;
    flx_buffer data;

    if (!flixim_call(request, statement, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_render_begin(&rendering, shape, answer.result);
    flx_render_row(&data, &rendering, 0);
    return flixim_call_reply(request, &answer, outcome, &data);
}

/* -- GET /messages ---------------------------------------------------------------------------------- */

static const char *const listed_statuses[] = { "unread", "read", "withdrawn", "deleted", NULL };

enum { LIST_LIMIT, LIST_OFFSET, LIST_TYPE, LIST_STATUS, LIST_BEFORE_ID, LIST_BEFORE, LIST_FIELDS };

static const flx_field list_fields[LIST_FIELDS] = {
    [LIST_LIMIT] = FLX_FIELDS_LIMIT,
    [LIST_OFFSET] = FLX_FIELDS_OFFSET,
    [LIST_TYPE] = { .name = "message_type",
                    .type = FLX_FIELD_CHOICE,
                    .choices = flx_fields_message_types },
    [LIST_STATUS] = { .name = "status", .type = FLX_FIELD_CHOICE, .choices = listed_statuses },
    [LIST_BEFORE_ID] = { .name = "before_id", .type = FLX_FIELD_UUID },
    [LIST_BEFORE] = { .name = "before", .type = FLX_FIELD_TIME },
};

static int list_messages(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = {
        given[LIST_LIMIT] ? given[LIST_LIMIT] : "50",
        given[LIST_OFFSET] ? given[LIST_OFFSET] : "0",
        given[LIST_TYPE],
        given[LIST_STATUS],
        given[LIST_BEFORE_ID],
        given[LIST_BEFORE],
    };
    flixim_answer answer;

    if (!flixim_call(request, &flx_statement_list_messages, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    return reply_messages(request, &answer, FLX_MESSAGES_LISTED, 1);
}

const flixim_operation flixim_api_list_messages = {
    .function = list_messages,
    .query_fields = list_fields,
    .field_count = LIST_FIELDS,
};

/* -- GET /messages/sync ----------------------------------------------------------------------------- */

enum { SYNC_CURSOR, SYNC_USER, SYNC_LIMIT, SYNC_FIELDS };

static const flx_field sync_fields[SYNC_FIELDS] = {
    [SYNC_CURSOR] = { .name = "last_sync_time", .type = FLX_FIELD_CURSOR },
    [SYNC_USER] = { .name = "user_id", .type = FLX_FIELD_UUID },
    [SYNC_LIMIT] = FLX_FIELDS_LIMIT,
};

static void add_time(flx_buffer *data, flx_time time)
{
    char text[FLX_TIME_TEXT];

    flx_time_write(time, text);
    flx_buffer_add_string(data, text, sizeof(text));
}

static void add_bool(flx_buffer *data, int value)
{
    flx_buffer_add_text(data, value ? "true" : "false");
}

/* Appends what a sync has found. Where the page ends early, so does the cursor: each message's
 * updated_at is the stamp of its last change, by which they are sorted. */
static void add_sync(flx_buffer *data, const PGresult *result)
{
    flx_rendering rendering;
    int row, is_cut;

    flx_buffer_add_text(data, "{\"messages\":");
    flx_render_begin(&rendering, &flx_shape_message, result);
    row = flx_render_rows(data, &rendering, 1, FLIXIM_REPLY_PAGE);
    is_cut = row < PQntuples(result);
    flx_buffer_add_text(data, ",\"sync_time\":");
    add_time(data, flx_value_time(is_cut ? flx_result_get(result, row - 1, "updated_at")
                                         : flx_result_get(result, 0, "cursor_at")));
    flx_buffer_add_text(data, ",\"has_more\":");
    add_bool(data, is_cut || flx_value_bool(flx_result_get(result, 0, "has_more")));
    flx_buffer_add_text(data, ",\"resync_required\":");
    add_bool(data, flx_value_bool(flx_result_get(result, 0, "resync_required")));
    flx_buffer_add_text(data, "}");
}

static int sync_messages(flixim_request *request)
{
    const char *const *given = request->form.values;
    const char *parameters[] = { given[SYNC_CURSOR], given[SYNC_LIMIT],
                                 request->r->header_only ? "false" : "true" };
    flixim_answer answer;
    flx_buffer data;

    /* Before the sync itself, which is noted as done. */
    if (given[SYNC_USER] && strcmp(given[SYNC_USER], request->caller.user_id) != 0) {
        return flixim_call_judge_token(request, &answer)
                   ? flixim_reply_error(request->r, FLX_FORBIDDEN, NULL, 0)
                   : flixim_call_refuse(request, &answer);
    }
    if (!flixim_call(request, &flx_statement_sync_messages, parameters, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    add_sync(&data, answer.result);
    return flixim_call_reply(request, &answer, FLX_MESSAGES_SYNCED, &data);
}

const flixim_operation flixim_api_sync_messages = {
    .function = sync_messages,
    .query_fields = sync_fields,
    .field_count = SYNC_FIELDS,
};

/* -- GET /messages/unread_count --------------------------------------------------------------------- */

static int get_unread_count(flixim_request *request)
{
    return reply_row(request, &flx_statement_unread_counts, NULL, FLX_UNREAD_COUNTED,
                     &flx_shape_unread_counts);
}

const flixim_operation flixim_api_get_unread_count = { .function = get_unread_count };

/* -- PUT /messages/batch_read, PUT /messages/read_all ----------------------------------------------- */

static const flx_field batch_fields[] = {
    { .name = "message_ids", .type = FLX_FIELD_UUIDS, .required = 1, .max = 1000 },
};

static int mark_read_batch(flixim_request *request)
{
    return reply_row(request, &flx_statement_mark_read_batch, request->form.values,
                     FLX_MESSAGES_READ, &flx_shape_marked_count);
}

const flixim_operation flixim_api_mark_read_batch = {
    .function = mark_read_batch,
    .body_fields = batch_fields,
    .field_count = 1,
};

static int read_all(flixim_request *request)
{
    return reply_row(request, &flx_statement_read_all, NULL, FLX_ALL_READ, &flx_shape_marked_count);
}

const flixim_operation flixim_api_read_all = { .function = read_all };

/* -- /messages/{id} --------------------------------------------------------------------------------- */

static int get_message(flixim_request *request)
{
    return reply_row(request, &flx_statement_get_message, &request->id, FLX_MESSAGE_FOUND,
                     &flx_shape_message);
}

const flixim_operation flixim_api_get_message = { .function = get_message };

static int delete_message(flixim_request *request)
{
    flixim_answer answer;

    if (!flixim_call(request, &flx_statement_delete_message, &request->id, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    return flixim_call_reply(request, &answer, FLX_MESSAGE_DELETED, NULL);
}

const flixim_operation flixim_api_delete_message = { .function = delete_message };

static int mark_read(flixim_request *request)
{
    return reply_row(request, &flx_statement_mark_read, &request->id, FLX_MESSAGE_READ,
                     &flx_shape_message_status);
}

const flixim_operation flixim_api_mark_read = { .function = mark_read };

static int withdraw_message(flixim_request *request)
{
    return reply_row(request, &flx_statement_withdraw_message, &request->id, FLX_MESSAGE_WITHDRAWN,
                     &flx_shape_message);
}

const flixim_operation flixim_api_withdraw_message = { .function = withdraw_message };
