/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a result as the API's JSON objects, written straight into a buffer as they are read. */
#include "flx_render.h"

#include <string.h>

#include "flx_result.h"

/* How a column's value is written. */
typedef enum form {
    FORM_STRING, /* text and enums */
    FORM_JSON,   /* JSON as it is stored */
    FORM_UUID,
    FORM_UUIDS,
    FORM_TIME,
    FORM_NUMBER,
    FORM_BOOL
} form;

struct flx_shape {
    int count;
    struct {
        const char *column;
        form form;
        const char *text; /* the key as it stands in the JSON, with the comma before it */
        size_t length;    /* of that */
    } fields[FLX_RENDER_FIELDS];
};

/* A page of fifty messages has 700 fields: each key is one piece. */
#define FIELD(key, form) FIELD_OF(key, key, form)
#define FIELD_OF(key, column, form)                                                                \
    {                                                                                              \
        column, form, ",\"" key "\":", sizeof(",\"" key "\":") - 1                                 \
    }

const flx_shape flx_shape_message = {
    14,
    { FIELD("id", FORM_UUID), FIELD("client_message_id", FORM_UUID),
      FIELD("conversation_id", FORM_STRING), FIELD("sender_id", FORM_UUID),
      FIELD("receiver_id", FORM_UUID), FIELD("content", FORM_JSON),
      FIELD("content_type", FORM_STRING), FIELD("message_type", FORM_STRING),
      FIELD("status", FORM_STRING), FIELD("reference_id", FORM_UUID),
      FIELD("server_timestamp", FORM_TIME), FIELD("client_timestamp", FORM_TIME),
      FIELD("inserted_at", FORM_TIME), FIELD("updated_at", FORM_TIME) }
};

const flx_shape flx_shape_message_status = {
    3, { FIELD("id", FORM_UUID), FIELD("status", FORM_STRING), FIELD("updated_at", FORM_TIME) }
};

const flx_shape flx_shape_unread_counts = {
    5,
    { FIELD("total", FORM_NUMBER), FIELD("system_notification", FORM_NUMBER),
      FIELD("system_announcement", FORM_NUMBER), FIELD("interaction", FORM_NUMBER),
      FIELD("private_message", FORM_NUMBER) }
};

const flx_shape flx_shape_marked_count = { 1, { FIELD("marked_count", FORM_NUMBER) } };

const flx_shape flx_shape_device = {
    10,
    { FIELD("id", FORM_UUID), FIELD("provider", FORM_STRING), FIELD("app_id", FORM_STRING),
      FIELD("token", FORM_STRING), FIELD("platform", FORM_STRING), FIELD("locale", FORM_STRING),
      FIELD("status", FORM_STRING), FIELD("disabled_reason", FORM_STRING),
      FIELD("inserted_at", FORM_TIME), FIELD("updated_at", FORM_TIME) }
};

static const flx_shape shape_quiet_hours = {
    3,
    { FIELD_OF("from", "quiet_from", FORM_STRING), FIELD_OF("until", "quiet_until", FORM_STRING),
      FIELD_OF("time_zone", "quiet_time_zone", FORM_STRING) }
};

static const flx_shape shape_message_types = {
    4,
    { FIELD("system_notification", FORM_BOOL), FIELD("system_announcement", FORM_BOOL),
      FIELD("interaction", FORM_BOOL), FIELD("private_message", FORM_BOOL) }
};

static const flx_shape shape_notifications = { 3,
                                               { FIELD("show_text", FORM_BOOL),
                                                 FIELD("web_push_public_key", FORM_STRING),
                                                 FIELD("updated_at", FORM_TIME) } };

static const flx_shape shape_conversation = {
    9,
    { FIELD("id", FORM_UUID), FIELD("conversation_id", FORM_STRING), FIELD("type", FORM_STRING),
      FIELD("participant_ids", FORM_UUIDS), FIELD("last_message_id", FORM_UUID),
      FIELD("last_message_content", FORM_STRING), FIELD("last_message_timestamp", FORM_TIME),
      FIELD("inserted_at", FORM_TIME), FIELD("updated_at", FORM_TIME) }
};

static const flx_shape shape_member = {
    5,
    { FIELD("unread_count", FORM_NUMBER), FIELD("is_pinned", FORM_BOOL),
      FIELD("is_muted", FORM_BOOL), FIELD("last_read_message_id", FORM_UUID),
      FIELD("draft", FORM_STRING) }
};

/* An Event around its payload: what stands before it, and what behind. */
static const flx_shape shape_event_head = {
    2, { FIELD_OF("id", "event_id", FORM_UUID), FIELD("event_type", FORM_STRING) }
};

static const flx_shape shape_event_tail = {
    2, { FIELD("event_timestamp", FORM_TIME), FIELD("target_user_id", FORM_UUID) }
};

/* What became of a message: the event's own status and time, not the message's of today. */
static const flx_shape shape_event_status = {
    4,
    { FIELD_OF("message_id", "id", FORM_UUID), FIELD("conversation_id", FORM_STRING),
      FIELD_OF("status", "event_status", FORM_STRING),
      FIELD_OF("updated_at", "event_timestamp", FORM_TIME) }
};

static void add_uuid(flx_buffer *buffer, flx_uuid uuid)
{
    char text[FLX_UUID_TEXT + 2];

    text[0] = '"';
    flx_uuid_write(&uuid, text + 1);
    text[FLX_UUID_TEXT + 1] = '"';
    flx_buffer_add(buffer, text, sizeof text);
}

static void add_uuids(flx_buffer *buffer, flx_value array)
{
    int count = flx_value_uuid_count(array), i;

    flx_buffer_add(buffer, "[", 1);
    for (i = 0; i < count; i++) {
        flx_buffer_add(buffer, ",", i > 0);
        add_uuid(buffer, flx_value_uuid_at(array, i));
    }
    flx_buffer_add(buffer, "]", 1);
}

static void add_time(flx_buffer *buffer, flx_time time)
{
    char text[FLX_TIME_TEXT + 2];

    text[0] = '"';
    flx_time_write(time, text + 1);
    text[FLX_TIME_TEXT + 1] = '"';
    flx_buffer_add(buffer, text, sizeof text);
}

static void add_value(flx_buffer *buffer, form as, flx_value value)
{
    if (value.at == NULL) {
        flx_buffer_add(buffer, "null", 4);
        return;
    }
    switch (as) {
    case FORM_STRING:
        flx_buffer_add_string(buffer, value.at, value.length);
        break;
    case FORM_JSON:
        flx_buffer_add(buffer, value.at, value.length);
        break;
    case FORM_UUID:
        add_uuid(buffer, flx_value_uuid(value));
        break;
    case FORM_UUIDS:
        add_uuids(buffer, value);
        break;
    case FORM_TIME:
        add_time(buffer, flx_value_time(value));
        break;
    case FORM_NUMBER:
        flx_buffer_add_number(buffer, flx_value_int(value));
        break;
    case FORM_BOOL:
        flx_buffer_add_text(buffer, flx_value_bool(value) ? "true" : "false");
        break;
    }
}

/* The fields of a row without the braces around them. */
static void add_fields(flx_buffer *buffer, const flx_rendering *rendering, int row)
{
    const flx_shape *shape = rendering->shape;
    int i;

    for (i = 0; i < shape->count; i++) {
        size_t comma = i == 0;

        flx_buffer_add(buffer, shape->fields[i].text + comma, shape->fields[i].length - comma);
        add_value(buffer, shape->fields[i].form,
                  flx_result_at(rendering->result, row, rendering->columns[i]));
    }
}

void flx_render_begin(flx_rendering *rendering, const flx_shape *shape, const PGresult *result)
{
    int i;

    rendering->shape = shape;
    rendering->result = result;
    for (i = 0; i < shape->count; i++) {
        rendering->columns[i] = PQfnumber(result, shape->fields[i].column);
    }
}

void flx_render_row(flx_buffer *buffer, const flx_rendering *rendering, int row)
{
    flx_buffer_add(buffer, "{", 1);
    add_fields(buffer, rendering, row);
    flx_buffer_add(buffer, "}", 1);
}

int flx_render_rows(flx_buffer *buffer, const flx_rendering *rendering, int first, size_t enough)
{
    int count = PQntuples(rendering->result), row;

    flx_buffer_add(buffer, "[", 1);
    for (row = first; row < count && (row == first || buffer->length < enough); row++) {
        flx_buffer_add(buffer, ",", row > first);
        flx_render_row(buffer, rendering, row);
    }
    flx_buffer_add(buffer, "]", 1);
    return row;
}

void flx_render_conversation_fields(flx_buffer *buffer, const PGresult *result, int row)
{
    flx_rendering conversation, member;

    flx_render_begin(&conversation, &shape_conversation, result);
    flx_render_begin(&member, &shape_member, result);
    flx_buffer_add_text(buffer, "\"conversation\":");
    flx_render_row(buffer, &conversation, row);
    flx_buffer_add(buffer, ",", 1);
    add_fields(buffer, &member, row);
}

void flx_render_conversation(flx_buffer *buffer, const PGresult *result, int row)
{
    flx_buffer_add(buffer, "{", 1);
    flx_render_conversation_fields(buffer, result, row);
    flx_buffer_add(buffer, "}", 1);
}

void flx_render_notification_settings(flx_buffer *buffer, const PGresult *result, int row)
{
    flx_rendering quiet_hours, message_types, notifications;

    flx_render_begin(&quiet_hours, &shape_quiet_hours, result);
    flx_render_begin(&message_types, &shape_message_types, result);
    flx_render_begin(&notifications, &shape_notifications, result);
    flx_buffer_add_text(buffer, "{\"quiet_hours\":");
    if (flx_result_get(result, row, "quiet_from").at != NULL) {
        flx_render_row(buffer, &quiet_hours, row);
    }
    else {
        flx_buffer_add_text(buffer, "null");
    }
    flx_buffer_add_text(buffer, ",\"message_types\":");
    flx_render_row(buffer, &message_types, row);
    flx_buffer_add(buffer, ",", 1);
    add_fields(buffer, &notifications, row);
    flx_buffer_add(buffer, "}", 1);
}

void flx_render_events_begin(flx_event_rendering *rendering, const PGresult *result)
{
    flx_render_begin(&rendering->head, &shape_event_head, result);
    flx_render_begin(&rendering->message, &flx_shape_message, result);
    flx_render_begin(&rendering->status, &shape_event_status, result);
    flx_render_begin(&rendering->tail, &shape_event_tail, result);
    rendering->event_type = PQfnumber(result, "event_type");
}

void flx_render_event(flx_buffer *buffer, const flx_event_rendering *rendering, int row)
{
    flx_value type = flx_result_at(rendering->head.result, row, rendering->event_type);

    flx_buffer_add(buffer, "{", 1);
    add_fields(buffer, &rendering->head, row);
    flx_buffer_add_text(buffer, ",\"payload\":");
    flx_render_row(
        buffer, flx_value_is(type, "new_message") ? &rendering->message : &rendering->status, row);
    flx_buffer_add(buffer, ",", 1);
    add_fields(buffer, &rendering->tail, row);
    flx_buffer_add(buffer, "}", 1);
}

void flx_render_event_head(char head[FLX_EVENT_HEAD], const flx_event_view *view)
{
    static const char open[] = "{\"id\":\"";
    char *at = head;

    memcpy(at, open, sizeof open - 1);
    at += sizeof open - 1;
    flx_uuid_write(&view->event_id, at);
    at[FLX_UUID_TEXT] = '"';
}

void flx_render_event_shared(flx_buffer *buffer, const flx_event_rendering *rendering, int row,
                             const flx_event_view *view)
{
    int is_new = strcmp(view->event_type, "new_message") == 0;
    const flx_rendering *message = is_new ? &rendering->message : &rendering->status;
    const flx_shape *shape = message->shape;
    int i;

    flx_buffer_add_text(buffer, ",\"event_type\":\"");
    flx_buffer_add_text(buffer, view->event_type);
    flx_buffer_add_text(buffer, "\",\"payload\":{");
    for (i = 0; i < shape->count; i++) {
        flx_value value = flx_result_at(message->result, row, message->columns[i]);
        const char *column = shape->fields[i].column;
        size_t comma = i == 0;

        flx_buffer_add(buffer, shape->fields[i].text + comma, shape->fields[i].length - comma);
        if (strcmp(column, "status") == 0 || strcmp(column, "event_status") == 0) {
            flx_buffer_add_string(buffer, view->status, strlen(view->status));
        }
        else if (strcmp(column, "content") == 0 && strcmp(view->status, "deleted") == 0) {
            flx_buffer_add_text(buffer, "{}");
        }
        else if (i <
                 shape->count - 1) { /* the last one is updated_at, with which the tail begins */
            add_value(buffer, shape->fields[i].form, value);
        }
    }
}

void flx_render_event_tail(char tail[FLX_EVENT_TAIL], const flx_event_view *view)
{
    static const char timestamp[] = "\"},\"event_timestamp\":\"",
                      target[] = "\",\"target_user_id\":\"";
    char *at = tail;

    *at++ = '"';
    flx_time_write(view->updated_at, at);
    at += FLX_TIME_TEXT;
    memcpy(at, timestamp, sizeof timestamp - 1);
    at += sizeof timestamp - 1;
    if (view->event_timestamp == view->updated_at) {
        memcpy(at, tail + 1, FLX_TIME_TEXT);
    }
    else {
        flx_time_write(view->event_timestamp, at);
    }
    at += FLX_TIME_TEXT;
    memcpy(at, target, sizeof target - 1);
    at += sizeof target - 1;
    flx_uuid_write(&view->target_user_id, at);
    at += FLX_UUID_TEXT;
    memcpy(at, "\"}", 2);
}

void flx_render_conversation_alone(flx_buffer *buffer, const PGresult *result, int row)
{
    flx_rendering conversation;

    flx_render_begin(&conversation, &shape_conversation, result);
    flx_render_row(buffer, &conversation, row);
}
