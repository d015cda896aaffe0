/* SPDX-License-Identifier: Apache-2.0 */
/* get_conversation_history: the messages of a conversation, newest first. */
#include "event.h"

#include "flx_fields.h"
#include "flx_render.h"

static void fill(const flx_form *form, const char *origin, const char **parameters)
{
    const char *const *given = form->values;

    (void)origin;
    parameters[0] = given[FLX_HISTORY_CONVERSATION];
    parameters[1] = given[FLX_HISTORY_LIMIT] != NULL ? given[FLX_HISTORY_LIMIT] : "20";
    parameters[2] = given[FLX_HISTORY_BEFORE];
    parameters[3] = given[FLX_HISTORY_BEFORE_ID];
}

static void respond(flx_buffer *response, const push_answer *answer, push_page *page)
{
    flx_rendering rendering;

    flx_buffer_add_text(response, "{\"messages\":");
    flx_render_begin(&rendering, &flx_shape_message, answer->result);
    (void)flx_render_rows(response, &rendering, 1, response->length + page->enough);
    flx_buffer_add_text(response, "}");
}

const push_event push_event_get_conversation_history = {
    .name = "get_conversation_history",
    .statement = &flx_statement_list_history,
    .lane = PUSH_LANE_READ,
    .fields = flx_fields_history,
    .field_count = FLX_HISTORY_FIELDS,
    .missing = "missing conversation_id",
    .fill = fill,
    .respond = respond,
};
