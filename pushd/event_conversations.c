/* SPDX-License-Identifier: Apache-2.0 */
/* create_conversation, get_conversations and update_conversation. */
#include "event.h"

#include <string.h>

#include "flx_fields.h"
#include "flx_render.h"
#include "flx_result.h"

/* -- create_conversation ----------------------------------------------------------------------------- */

static void fill_create(const flx_form *form, const char *origin, const char **parameters)
{
    (void)origin;
    memcpy(parameters, form->values, FLX_CREATE_FIELDS * sizeof *parameters);
}

static void respond_create(flx_buffer *response, const push_answer *answer, push_page *page)
{
    flx_value id = flx_result_get(answer->result, 0, "conversation_id");

    (void)page;
    flx_buffer_add_text(response, "{\"conversation_id\":");
    flx_buffer_add_string(response, id.at, id.length);
    flx_buffer_add_text(response, ",\"conversation\":");
    flx_render_conversation_alone(response, answer->result, 0);
    flx_buffer_add_text(response, ",\"already_exists\":");
    flx_buffer_add_text(response, answer->is_created ? "false}" : "true}");
}

const push_event push_event_create_conversation = {
    .name = "create_conversation",
    .statement = &flx_statement_create_conversation,
    .lane = PUSH_LANE_WRITE,
    .fields = flx_fields_create,
    .field_count = FLX_CREATE_FIELDS,
    .field = "type",
    .invalid = "invalid conversation type",
    .fill = fill_create,
    .respond = respond_create,
};

/* -- get_conversations ------------------------------------------------------------------------------- */

static void fill_list(const flx_form *form, const char *origin, const char **parameters)
{
    const char *limit = form->values[FLX_CONVERSATIONS_LIMIT];
    const char *offset = form->values[FLX_CONVERSATIONS_OFFSET];

    (void)origin;
    parameters[0] = limit != NULL ? limit : "20";
    parameters[1] = offset != NULL ? offset : "0";
}

static void respond_list(flx_buffer *response, const push_answer *answer, push_page *page)
{
    int count = PQntuples(answer->result);
    size_t end = response->length + page->enough;

    flx_buffer_add_text(response, "{\"conversations\":[");
    for (int row = 1; row < count && (row == 1 || response->length < end); row++) {
        flx_buffer_add(response, ",", row > 1);
        flx_render_conversation(response, answer->result, row);
    }
    flx_buffer_add_text(response, "]}");
}

const push_event push_event_get_conversations = {
    .name = "get_conversations",
    .statement = &flx_statement_list_conversations,
    .lane = PUSH_LANE_READ,
    .fields = flx_fields_conversations,
    .field_count = FLX_CONVERSATIONS_FIELDS,
    .fill = fill_list,
    .respond = respond_list,
};

/* -- update_conversation ----------------------------------------------------------------------------- */

static void fill_update(const flx_form *form, const char *origin, const char **parameters)
{
    (void)origin;
    parameters[0] = form->values[FLX_UPDATE_CONVERSATION];
    parameters[1] = form->values[FLX_UPDATE_PINNED];
    parameters[2] = form->values[FLX_UPDATE_MUTED];
    parameters[3] = form->values[FLX_UPDATE_DRAFT];
}

static void respond_update(flx_buffer *response, const push_answer *answer, push_page *page)
{
    (void)page;
    flx_render_conversation(response, answer->result, 0);
}

const push_event push_event_update_conversation = {
    .name = "update_conversation",
    .statement = &flx_statement_update_conversation,
    .lane = PUSH_LANE_WRITE,
    .fields = flx_fields_update,
    .field_count = FLX_UPDATE_FIELDS,
    .fill = fill_update,
    .respond = respond_update,
};
