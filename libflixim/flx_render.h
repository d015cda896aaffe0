/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a result as the API's JSON objects, written straight into a buffer as they are read. */
#ifndef FLX_RENDER_H
#define FLX_RENDER_H

#include <libpq-fe.h>

#include "flx_buffer.h"
#include "flx_time.h"
#include "flx_uuid.h"

#define FLX_RENDER_FIELDS 16

/* An object's shape: which keys, in the seed's order, from which columns, in which form. */
typedef struct flx_shape flx_shape;

extern const flx_shape flx_shape_message;        /* the full Message; absent fields null */
extern const flx_shape flx_shape_message_status; /* id, status, updated_at */
extern const flx_shape flx_shape_unread_counts;
extern const flx_shape flx_shape_marked_count;
extern const flx_shape flx_shape_device;

/* A shape with the column numbers of one result: found once, used for each of its rows. */
typedef struct flx_rendering {
    const flx_shape *shape;
    const PGresult *result;
    int columns[FLX_RENDER_FIELDS];
} flx_rendering;

void flx_render_begin(flx_rendering *rendering, const flx_shape *shape, const PGresult *result);

/* Appends one row as an object. */
void flx_render_row(flx_buffer *buffer, const flx_rendering *rendering, int row);

/* Appends the rows from first on as an array, until the buffer holds enough bytes: a page may end
 * early, but not without one row. Returns the first row that is not in it, or the number of
 * rows. */
int flx_render_rows(flx_buffer *buffer, const flx_rendering *rendering, int first, size_t enough);

/* Appends a row of flixim.conversation_answer as the seed's pair: conversation, unread_count,
 * is_pinned, is_muted, last_read_message_id, and draft. */
void flx_render_conversation(flx_buffer *buffer, const PGresult *result, int row);

/* The same without the braces around it, for an object that has more. */
void flx_render_conversation_fields(flx_buffer *buffer, const PGresult *result, int row);

/* Appends a row of flixim.notification_settings_answer. */
void flx_render_notification_settings(flx_buffer *buffer, const PGresult *result, int row);

/* The column numbers of a result that consists of events (flixim.event_answer). */
typedef struct flx_event_rendering {
    flx_rendering head;
    flx_rendering message;
    flx_rendering status;
    flx_rendering tail;
    int event_type;
} flx_event_rendering;

void flx_render_events_begin(flx_event_rendering *rendering, const PGresult *result);

/* Appends one row, which is no head, as the seed's Event: the payload is the Message as it is now for
 * new_message, and message_id, conversation_id, status, updated_at for the other types. */
void flx_render_event(flx_buffer *buffer, const flx_event_rendering *rendering, int row);

/* What an event has beside the message that it is about: a target's own. */
typedef struct flx_event_view {
    flx_uuid event_id;
    const char *event_type;
    const char *status;  /* what the target sees of the message */
    flx_time updated_at; /* since when */
    flx_time event_timestamp;
    flx_uuid target_user_id;
} flx_event_view;

/* The same Event in three parts, of which the one in the middle is the same for all targets who are told the same, and the others
 * have always as many bytes. It reads event_type and status of the view, and the row's message columns (those of
 * flx_statement_fetch_messages) but for its status and updated_at. Of a message that was deleted {} is shown. */
#define FLX_EVENT_HEAD 44
#define FLX_EVENT_TAIL 129
void flx_render_event_head(char head[FLX_EVENT_HEAD], const flx_event_view *view);
void flx_render_event_shared(flx_buffer *buffer, const flx_event_rendering *rendering, int row,
                             const flx_event_view *view);
void flx_render_event_tail(char tail[FLX_EVENT_TAIL], const flx_event_view *view);

/* Appends the conversation of such a row alone, as an object. */
void flx_render_conversation_alone(flx_buffer *buffer, const PGresult *result, int row);

#endif
