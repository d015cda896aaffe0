/* SPDX-License-Identifier: Apache-2.0 */
/* mark_read: everything unread in a conversation up to a message. */
#include "event.h"

#include "flx_result.h"

enum { READ_CONVERSATION, READ_UP_TO, READ_FIELDS };

static const flx_field fields[READ_FIELDS] = {
    [READ_CONVERSATION] = { .name = "conversation_id",
                            .type = FLX_FIELD_CONVERSATION_ID,
                            .required = 1 },
    [READ_UP_TO] = { .name = "last_read_message_id", .type = FLX_FIELD_UUID },
};

static void fill(const flx_form *form, const char *origin, const char **parameters)
{
    parameters[0] = form->values[READ_CONVERSATION];
    parameters[1] = form->values[READ_UP_TO];
    parameters[2] = origin;
}

static void respond(flx_buffer *response, const push_answer *answer, push_page *page)
{
    (void)page;
    flx_buffer_add_text(response, "{\"updated_count\":");
    flx_buffer_add_number(response,
                          flx_value_int(flx_result_get(answer->result, 0, "updated_count")));
    flx_buffer_add_text(response, "}");
}

const push_event push_event_mark_read = {
    .name = "mark_read",
    .statement = &flx_statement_mark_read_up_to,
    .lane = PUSH_LANE_WRITE,
    .fields = fields,
    .field_count = READ_FIELDS,
    .fill = fill,
    .respond = respond,
};
