/* SPDX-License-Identifier: Apache-2.0 */
/* sync: the events after a cursor, oldest first. */
#include "event.h"

#include "flx_render.h"
#include "flx_result.h"

static const flx_field fields[] = {
    { .name = "last_sync_timestamp", .type = FLX_FIELD_CURSOR },
};

static void fill(const flx_form *form, const char *origin, const char **parameters)
{
    (void)origin;
    parameters[0] = form->values[0];
    /* as many as a page of the schema may have */
    parameters[1] = NULL;
}

/* Where the page ends early, so does the cursor: events are sorted by their stamps. */
static void respond(flx_buffer *response, const push_answer *answer, push_page *page)
{
    const PGresult *result = answer->result;
    int count = PQntuples(result), row;
    size_t start = response->length;
    flx_event_rendering rendering;
    char time[FLX_TIME_TEXT];

    page->cursor = flx_value_time(flx_result_get(result, 0, "cursor_at"));
    page->has_more = flx_value_bool(flx_result_get(result, 0, "has_more"));
    flx_buffer_add_text(response, "{\"events\":[");
    flx_render_events_begin(&rendering, result);
    for (row = 1; row < count && (row == 1 || response->length - start < page->enough); row++) {
        flx_buffer_add(response, ",", row > 1);
        flx_render_event(response, &rendering, row);
    }
    if (row < count) {
        page->cursor = flx_value_time(flx_result_get(result, row - 1, "event_timestamp"));
        page->has_more = 1;
    }
    flx_buffer_add_text(response, "],\"new_last_sync_timestamp\":");
    flx_time_write(page->cursor, time);
    flx_buffer_add_string(response, time, sizeof time);
    flx_buffer_add_text(response, ",\"has_more\":");
    flx_buffer_add_text(response, page->has_more ? "true" : "false");
    if (flx_value_bool(flx_result_get(result, 0, "resync_required"))) {
        flx_buffer_add_text(response, ",\"resync_required\":true");
    }
    flx_buffer_add_text(response, "}");
}

const push_event push_event_sync = {
    .name = "sync",
    .statement = &flx_statement_sync_events,
    .lane = PUSH_LANE_READ,
    .fields = fields,
    .field_count = 1,
    .field = "last_sync_timestamp",
    .invalid = "invalid last_sync_timestamp",
    .is_sync = 1,
    .fill = fill,
    .respond = respond,
};
