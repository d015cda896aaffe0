/* SPDX-License-Identifier: Apache-2.0 */
/* withdraw_message: a message is taken back. */
#include "event.h"

#include "flx_result.h"

static const flx_field fields[] = {
    { .name = "message_id", .type = FLX_FIELD_UUID, .required = 1 },
};

static void fill(const flx_form *form, const char *origin, const char **parameters)
{
    parameters[0] = form->values[0];
    parameters[1] = origin;
}

static void respond(flx_buffer *response, const push_answer *answer, push_page *page)
{
    flx_value status = flx_result_get(answer->result, 0, "status");

    (void)page;
    flx_buffer_add_text(response, "{\"status\":");
    flx_buffer_add_string(response, status.at, status.length);
    flx_buffer_add_text(response, "}");
}

const push_event push_event_withdraw_message = {
    .name = "withdraw_message",
    .statement = &flx_statement_withdraw_from,
    .lane = PUSH_LANE_WRITE,
    .fields = fields,
    .field_count = 1,
    .fill = fill,
    .respond = respond,
};
