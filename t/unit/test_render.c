/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in PostgreSQL's binary form become the API's objects: made with libpq's own means,
 * without a server. */
#include "unit.h"

#include <arpa/inet.h>

#include "flx_json_scan.h"
#include "flx_render.h"
#include "flx_result.h"
#include "flx_time.h"

typedef struct cell {
    char *column; /* not const: libpq takes neither so */
    char *bytes;  /* NULL: an SQL null */
    int length;
} cell;

/* A result of one row. */
static PGresult *make_result(const cell *cells, int count)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc *columns = calloc((size_t)count, sizeof *columns);
    int i;

    assert_non_null(result);
    assert_non_null(columns);
    for (i = 0; i < count; i++) {
        columns[i].name = cells[i].column;
        columns[i].format = 1;
    }
    assert_true(PQsetResultAttrs(result, count, columns));
    for (i = 0; i < count; i++) {
        assert_true(PQsetvalue(result, 0, i, cells[i].bytes,
                               cells[i].bytes == NULL ? -1 : cells[i].length));
    }
    free(columns);
    return result;
}

/* A timestamptz, in microseconds since 2000. */
static void put_time(char bytes[8], int64_t us)
{
    int i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (char)(uint64_t)((uint64_t)us >> (56 - 8 * i));
    }
}

static void assert_renders(const flx_buffer *buffer, const char *text)
{
    assert_false(flx_buffer_failed(buffer));
    assert_int_equal(buffer->length, strlen(text));
    assert_memory_equal(buffer->at, text, buffer->length);
    assert_int_equal(flx_json_scan(buffer->at, buffer->length, NULL, NULL, NULL), FLX_JSON_FINE);
}

static void renders_a_message_with_all_its_keys(void **state)
{
    static char id[16] = "\x01\x89\x0a\x5d\xac\x96\x77\x4b\xbc\xce\xb3\x02\x09\x9a\x80\x57";
    char at[8];
    const cell cells[] = {
        { "status", "unread", 6 },
        { "id", id, 16 },
        { "content", "{ \"text\": \"\xE4\xBD\xA0\" }", 17 },
        { "content_type", "text", 4 },
        { "receiver_id", NULL, 0 },
        { "server_timestamp", at, 8 },
        { "conversation_id", "group:\"x\"", 9 },
    };
    PGresult *result;
    flx_rendering rendering;
    flx_buffer buffer;

    (void)state;
    /* 2025-04-10T10:30:00.123999Z */
    put_time(at, (INT64_C(1744281000123) - FLX_TIME_PG_EPOCH) * 1000 + 999);
    result = make_result(cells, (int)(sizeof cells / sizeof cells[0]));
    flx_buffer_init(&buffer, 10000);
    flx_render_begin(&rendering, &flx_shape_message, result);
    (void)flx_render_rows(&buffer, &rendering, 0, 1000000);
    assert_renders(
        &buffer, "[{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"client_message_id\":null,"
                 "\"conversation_id\":\"group:\\\"x\\\"\",\"sender_id\":null,\"receiver_id\":null,"
                 "\"content\":{ \"text\": \"\xE4\xBD\xA0\" "
                 "},\"content_type\":\"text\",\"message_type\":null,\"status\":\"unread\","
                 "\"reference_id\":null,\"server_timestamp\":\"2025-04-10T10:30:00.123Z\",\"client_"
                 "timestamp\":null,"
                 "\"inserted_at\":null,\"updated_at\":null}]");
    flx_buffer_free(&buffer);
    (void)flx_render_rows(&buffer, &rendering, 1, 1000000);
    assert_renders(&buffer, "[]");
    flx_buffer_free(&buffer);
    PQclear(result);
}

/* PostgreSQL's infinities, and what lies beyond the years that can be written, become the nearest that
 * can; an instant before 2000 is rounded down as one after it. */
static void keeps_instants_within_bounds(void **state)
{
    static const struct {
        int64_t us;
        flx_time time;
    } cases[] = {
        { INT64_MIN, FLX_TIME_MIN },
        { INT64_MAX, FLX_TIME_MAX },
        { INT64_C(-63000000000000000), FLX_TIME_MIN + INT64_C(82281600000) },
        { -1, FLX_TIME_PG_EPOCH - 1 },
        { -1000, FLX_TIME_PG_EPOCH - 1 },
        { -1001, FLX_TIME_PG_EPOCH - 2 },
        { 999, FLX_TIME_PG_EPOCH },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[8];
        flx_value value = { bytes, sizeof bytes };
        put_time(bytes, cases[i].us);
        assert_true(flx_value_time(value) == cases[i].time);
    }
}

static void renders_a_conversation_as_the_seeds_pair(void **state)
{
    static char two[60] =
        "\0\0\0\1\0\0\0\0\0\0\x0b\x86\0\0\0\2\0\0\0\1"
        "\0\0\0\x10\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
        "\0\0\0\x10\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22";
    static const cell cells[] = {
        { "participant_ids", two, 60 },    { "type", "private", 7 },
        { "unread_count", "\0\0\0\5", 4 }, { "is_pinned", "\1", 1 },
        { "is_muted", "\0", 1 },           { "last_message_content", "\xE4\xBD\xA0", 3 },
    };
    PGresult *result = make_result(cells, (int)(sizeof cells / sizeof cells[0]));
    flx_buffer buffer;

    (void)state;
    flx_buffer_init(&buffer, 10000);
    flx_render_conversation(&buffer, result, 0);
    assert_renders(&buffer,
                   "{\"conversation\":{\"id\":null,\"conversation_id\":null,\"type\":\"private\","
                   "\"participant_ids\":[\"11111111-1111-1111-1111-111111111111\",\"22222222-2222-"
                   "2222-2222-222222222222\"],"
                   "\"last_message_id\":null,\"last_message_content\":\"\xE4\xBD\xA0\",\"last_"
                   "message_timestamp\":null,"
                   "\"inserted_at\":null,\"updated_at\":null},\"unread_count\":5,\"is_pinned\":"
                   "true,\"is_muted\":false,"
                   "\"last_read_message_id\":null,\"draft\":null}");
    flx_buffer_free(&buffer);
    PQclear(result);
}

/* The event's status and time are its own; a new message is as it is now. */
static void renders_events(void **state)
{
    static char id[16] = "\x01\x89\x0a\x5d\xac\x96\x77\x4b\xbc\xce\xb3\x02\x09\x9a\x80\x57";
    char at[8];
    const cell cells[] = {
        { "event_id", id, 16 },
        { "event_type", "message_recalled", 16 },
        { "event_timestamp", at, 8 },
        { "target_user_id", NULL, 0 },
        { "event_status", "withdrawn", 9 },
        { "id", id, 16 },
        { "conversation_id", "group:x", 7 },
        { "status", "read", 4 },
    };
    cell message[8];
    PGresult *result;
    flx_event_rendering rendering;
    flx_buffer buffer;

    (void)state;
    put_time(at, (INT64_C(1744281000123) - FLX_TIME_PG_EPOCH) * 1000);
    result = make_result(cells, 8);
    flx_buffer_init(&buffer, 10000);
    flx_render_events_begin(&rendering, result);
    flx_render_event(&buffer, &rendering, 0);
    assert_renders(&buffer, "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"event_type\":"
                            "\"message_recalled\",\"payload\":{\"message_id\":"
                            "\"01890a5d-ac96-774b-bcce-b302099a8057\",\"conversation_id\":"
                            "\"group:x\",\"status\":\"withdrawn\",\"updated_at\":"
                            "\"2025-04-10T10:30:00.123Z\"},\"event_timestamp\":"
                            "\"2025-04-10T10:30:00.123Z\",\"target_user_id\":null}");
    flx_buffer_free(&buffer);
    PQclear(result);

    memcpy(message, cells, sizeof cells);
    message[1].bytes = "new_message";
    message[1].length = 11;
    result = make_result(message, 8);
    flx_render_events_begin(&rendering, result);
    flx_render_event(&buffer, &rendering, 0);
    assert_renders(&buffer, "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"event_type\":"
                            "\"new_message\",\"payload\":{\"id\":"
                            "\"01890a5d-ac96-774b-bcce-b302099a8057\",\"client_message_id\":null,"
                            "\"conversation_id\":\"group:x\",\"sender_id\":null,\"receiver_id\":"
                            "null,\"content\":null,\"content_type\":null,\"message_type\":null,"
                            "\"status\":\"read\",\"reference_id\":null,\"server_timestamp\":null,"
                            "\"client_timestamp\":null,\"inserted_at\":null,\"updated_at\":null},"
                            "\"event_timestamp\":\"2025-04-10T10:30:00.123Z\","
                            "\"target_user_id\":null}");
    flx_buffer_free(&buffer);
    PQclear(result);
}

static void render_parts(flx_buffer *buffer, const PGresult *result, const flx_event_view *view)
{
    char head[FLX_EVENT_HEAD], tail[FLX_EVENT_TAIL];
    flx_event_rendering rendering;

    flx_buffer_init(buffer, 10000);
    flx_render_events_begin(&rendering, result);
    flx_render_event_head(head, view);
    flx_render_event_tail(tail, view);
    flx_buffer_add(buffer, head, sizeof head);
    flx_render_event_shared(buffer, &rendering, 0, view);
    flx_buffer_add(buffer, tail, sizeof tail);
}

/* Ends with NUL. */
static void render_whole(flx_buffer *buffer, const PGresult *result)
{
    flx_event_rendering rendering;

    flx_buffer_init(buffer, 10000);
    flx_render_events_begin(&rendering, result);
    flx_render_event(buffer, &rendering, 0);
    flx_buffer_add(buffer, "", 1);
}

/* An Event in three parts is the one in a row; the message's own status and updated_at are not looked at. */
static void renders_events_in_parts(void **state)
{
    static struct {
        char *type, *status, *content, *shown;
    } cases[] = { { "new_message", "unread", "{\"text\":\"x\"}", "{\"text\":\"x\"}" },
                  { "new_message", "deleted", "{\"text\":\"x\"}", "{}" },
                  { "message_status_update", "read", "", "" },
                  { "message_recalled", "withdrawn", "", "" } };
    static char id[16] = "\x01\x89\x0a\x5d\xac\x96\x77\x4b\xbc\xce\xb3\x02\x09\x9a\x80\x57";
    const flx_time time = INT64_C(1744281000123);
    flx_event_view view = { .updated_at = time, .event_timestamp = time };
    char at[8];
    size_t i;

    (void)state;
    put_time(at, (time - FLX_TIME_PG_EPOCH) * 1000);
    memcpy(view.event_id.bytes, id, sizeof id);
    view.target_user_id = view.event_id;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = (int)strlen(cases[i].status);
        cell row[] = { { "event_id", id, 16 },
                       { "event_type", cases[i].type, (int)strlen(cases[i].type) },
                       { "event_timestamp", at, 8 },
                       { "target_user_id", id, 16 },
                       { "event_status", cases[i].status, status },
                       { "status", cases[i].status, status },
                       { "updated_at", at, 8 },
                       { "id", id, 16 },
                       { "conversation_id", "group:x", 7 },
                       { "content", cases[i].shown, (int)strlen(cases[i].shown) } };
        cell message[] = { { "status", "withdrawn", 9 },
                           { "id", id, 16 },
                           { "conversation_id", "group:x", 7 },
                           { "content", cases[i].content, (int)strlen(cases[i].content) } };
        PGresult *rows = make_result(row, 10), *messages = make_result(message, 4);
        flx_buffer whole, parts;

        view.event_type = cases[i].type;
        view.status = cases[i].status;
        render_whole(&whole, rows);
        render_parts(&parts, messages, &view);
        assert_renders(&parts, whole.at);
        flx_buffer_free(&whole);
        flx_buffer_free(&parts);
        PQclear(rows);
        PQclear(messages);
    }
}

static void renders_notification_settings(void **state)
{
    static char yes[1] = "\1", no[1] = "\0";
    static const struct {
        char *from;
        const char *text;
    } cases[] = {
        { "22:00",
          "{\"quiet_hours\":{\"from\":\"22:00\",\"until\":\"08:00\",\"time_zone\":\"UTC\"},"
          "\"message_types\":{\"system_notification\":true,\"system_announcement\":false,"
          "\"interaction\":true,\"private_message\":true},"
          "\"show_text\":false,\"web_push_public_key\":null,\"updated_at\":null}" },
        { NULL, "{\"quiet_hours\":null,"
                "\"message_types\":{\"system_notification\":true,\"system_announcement\":false,"
                "\"interaction\":true,\"private_message\":true},"
                "\"show_text\":false,\"web_push_public_key\":null,\"updated_at\":null}" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const cell row[] = {
            { "quiet_from", cases[i].from, 5 }, { "quiet_until", "08:00", 5 },
            { "quiet_time_zone", "UTC", 3 },    { "system_notification", yes, 1 },
            { "system_announcement", no, 1 },   { "interaction", yes, 1 },
            { "private_message", yes, 1 },      { "show_text", no, 1 },
        };
        PGresult *result = make_result(row, 8);
        flx_buffer buffer;

        flx_buffer_init(&buffer, 10000);
        flx_render_notification_settings(&buffer, result, 0);
        assert_renders(&buffer, cases[i].text);
        flx_buffer_free(&buffer);
        PQclear(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_a_message_with_all_its_keys),
        cmocka_unit_test(keeps_instants_within_bounds),
        cmocka_unit_test(renders_a_conversation_as_the_seeds_pair),
        cmocka_unit_test(renders_events),
        cmocka_unit_test(renders_events_in_parts),
        cmocka_unit_test(renders_notification_settings),
    };

    return unit_run("render", tests, sizeof tests / sizeof tests[0]);
}
