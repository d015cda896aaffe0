/* SPDX-License-Identifier: Apache-2.0 */
/* From rows of the stream to events: each message fetched once, each of its targets told what the stream says of it. The session
 * and the subscriptions are played here. */
/* With pushd: delivery.c notices.c payload.c block.c */
#include "unit.h"

#include <arpa/inet.h>

#include "delivery.h"
#include "flx_json_scan.h"
#include "log.h"
#include "notices.h"
#include "server.h"
#include "session.h"
#include "subscription.h"

#define COLUMNS 7
#define FIELDS  4

/* A fetch. */
typedef struct call {
    push_session_done *done;
    void *data;
    char ids[32 * 1024];
    char are_whole[2048];
} call;

static struct {
    push_server server;
    push_settings settings;
    /* what was told to whom, in order: "b pushed <event>\n", "b behind\n" */
    char told[300000];
    size_t length;
    call under_way[4];
    int calls;
    int is_down;
    const push_session_owner *owner;
    void *owner_data;
} it;

static void tell(const flx_uuid *user, const char *what)
{
    it.length += (size_t)snprintf(it.told + it.length, sizeof it.told - it.length, "%c %s",
                                  user->bytes[0], what);
    assert_true(it.length < sizeof it.told);
}

/* Nobody's connection caused it, or the one that is asked for here is another. */
int push_subscriptions_note(struct push_users *users, const flx_uuid *user_id, flx_time stamp,
                            const flx_uuid *origin)
{
    (void)users;
    (void)stamp;
    return user_id->bytes[0] != 'z' && origin == NULL;
}

void push_subscriptions_deliver(struct push_users *users, const flx_uuid *user_id, flx_time stamp,
                                const flx_uuid *origin, const push_payload *payload)
{
    char whole[8192];
    size_t length = 0;
    int i;

    (void)users;
    (void)origin;
    assert_true(stamp > 0);
    for (i = 0; i < payload->count; i++) {
        assert_true(length + payload->parts[i]->length < sizeof whole);
        memcpy(whole + length, payload->parts[i]->bytes, payload->parts[i]->length);
        length += payload->parts[i]->length;
    }
    assert_int_equal(flx_json_scan(whole, length, NULL, NULL, NULL), FLX_JSON_FINE);
    whole[length] = '\0';
    tell(user_id, payload->count == 1 ? "pushed " : "pushed in parts ");
    it.length += (size_t)snprintf(it.told + it.length, sizeof it.told - it.length, "%s\n", whole);
}

void push_subscriptions_fall_behind(struct push_users *users, const flx_uuid *user_id)
{
    (void)users;
    tell(user_id, "behind\n");
}

void push_subscriptions_judge(struct push_users *users, const flx_uuid *user_id)
{
    (void)users;
    tell(user_id, "judged\n");
}

push_session *push_session_open(push_server *server, const push_session_owner *owner, void *data,
                                push_canceller *canceller)
{
    (void)server;
    (void)canceller;
    it.owner = owner;
    it.owner_data = data;
    return (push_session *)(void *)&it; /* never looked into */
}

void push_session_close(push_session *session, void (*closed)(void *data), void *data)
{
    (void)session;
    (void)closed;
    (void)data;
}

void push_session_hurry(push_session *session)
{
    (void)session;
}

uint64_t push_session_deadline(const push_server *server, const flx_statement *statement)
{
    (void)server;
    (void)statement;
    return 0;
}

int push_session_send(push_session *session, const flx_statement *statement,
                      const char *const *values, uint64_t deadline, push_session_done *done,
                      void *data)
{
    call *made;

    (void)session;
    (void)deadline;
    assert_ptr_equal(statement, &flx_statement_fetch_messages);
    if (it.is_down) {
        return -1;
    }
    made = &it.under_way[it.calls];
    made->done = done;
    made->data = data;
    snprintf(made->ids, sizeof made->ids, "%s", values[0]);
    snprintf(made->are_whole, sizeof made->are_whole, "%s", values[1]);
    it.calls++;
    return 0;
}

void push_log(push_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

/* ---- results ---- */

static PGresult *begin_result(const char *const *names, int count)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[16];
    int i;

    assert_non_null(result);
    memset(columns, 0, sizeof columns);
    for (i = 0; i < count; i++) {
        union {
            const char *text;
            char *name;
        } same = { .text = names[i] };
        columns[i].name = same.name;
        columns[i].format = 1;
    }
    assert_true(PQsetResultAttrs(result, count, columns));
    return result;
}

static void put(PGresult *result, int row, int column, const void *bytes, size_t length)
{
    char copy[8192];

    if (bytes == NULL) {
        assert_true(PQsetvalue(result, row, column, NULL, -1));
        return;
    }
    memcpy(copy, bytes, length);
    assert_true(PQsetvalue(result, row, column, copy, (int)length));
}

static void put_text(PGresult *result, int row, int column, const char *text)
{
    put(result, row, column, text, text != NULL ? strlen(text) : 0);
}

/* A UUID of one letter; 0 is null. */
static void put_uuid(PGresult *result, int row, int column, char letter)
{
    char bytes[FLX_UUID_BYTES];

    memset(bytes, letter, sizeof bytes);
    put(result, row, column, letter != 0 ? bytes : NULL, sizeof bytes);
}

/* A read of the stream: its head is row 0. */
static PGresult *begin_read(void)
{
    static const char *const names[COLUMNS] = { "target_user_id", "stamp",      "event_id",
                                                "event_type",     "message_id", "status",
                                                "origin" };
    PGresult *result = begin_result(names, COLUMNS);

    put(result, 0, 0, NULL, 0);
    return result;
}

static void add_row(PGresult *result, char user, const char *type, char message, const char *status)
{
    int row = PQntuples(result);
    uint64_t us = (uint64_t)row * 1000;
    char stamp[8];
    int i;

    for (i = 0; i < 8; i++) {
        stamp[i] = (char)(us >> (56 - 8 * i));
    }
    put_uuid(result, row, 0, user);
    put(result, row, 1, stamp, sizeof stamp);
    put_uuid(result, row, 2, 'e');
    put_text(result, row, 3, type);
    put_uuid(result, row, 4, message);
    put_text(result, row, 5, status);
}

static void take(push_delivery *delivery, PGresult *read)
{
    push_delivery_take(delivery, read);
    PQclear(read);
}

/* Messages as they are fetched: a letter each, in lower case, or in upper case if it was withdrawn. */
static PGresult *messages(const char *letters, const char *content)
{
    static const char *const names[FIELDS] = { "id", "conversation_id", "content", "status" };
    PGresult *result = begin_result(names, FIELDS);
    int row;

    for (row = 0; letters[row] != '\0'; row++) {
        int is_withdrawn = letters[row] < 'a';
        put_uuid(result, row, 0, (char)(letters[row] | 0x20));
        put_text(result, row, 1, "group:x");
        put_text(result, row, 2, is_withdrawn ? "{}" : content);
        put_text(result, row, 3, is_withdrawn ? "withdrawn" : NULL);
    }
    return result;
}

/* Answers the first call under way. */
static void answer(push_session_end end, PGresult *result)
{
    call first = it.under_way[0];

    assert_true(it.calls > 0);
    it.calls--;
    memmove(it.under_way, it.under_way + 1, sizeof it.under_way - sizeof it.under_way[0]);
    first.done(first.data, end, result);
    PQclear(result);
}

/* What was told since the last look, with a short name for what is long. */
static void told(const char *wanted)
{
    static const char *const cuts[] = { "{\"id\":\"65656565-6565-6565-6565-656565656565\",",
                                        "\"client_message_id\":null,",
                                        "\"sender_id\":null,\"receiver_id\":null,",
                                        "\"content_type\":null,\"message_type\":null,",
                                        "\"reference_id\":null,\"server_timestamp\":null,",
                                        "\"client_timestamp\":null,\"inserted_at\":null,",
                                        "2000-01-01T00:00:00" };
    size_t i;

    for (i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        size_t length = strlen(cuts[i]);
        char *at;
        while ((at = strstr(it.told, cuts[i])) != NULL) {
            memmove(at, at + length, strlen(at + length) + 1);
        }
    }
    assert_string_equal(it.told, wanted);
    it.told[0] = '\0';
    it.length = 0;
}

static push_delivery *begin(void)
{
    push_delivery *delivery;

    memset(&it, 0, sizeof it);
    it.server.settings = &it.settings;
    delivery = push_delivery_open(&it.server, NULL);
    assert_non_null(delivery);
    return delivery;
}

#define ID(x)      x x x x "-" x x "-" x x "-" x x "-" x x x x x x
#define ID_A       ID("61")
#define ID_B       ID("62")
#define ID_M       ID("6d")
#define ID_N       ID("6e")
#define OPEN(type) "\"event_type\":\"" type "\",\"payload\":{"
#define NEW(id, content, status, at)                                                               \
    OPEN("new_message")                                                                            \
    "\"id\":\"" id "\",\"conversation_id\":\"group:x\",\"content\":" content                       \
    ",\"status\":\"" status "\",\"updated_at\":\"" at "\"},"
#define WHEN(at, user) "\"event_timestamp\":\"" at "\",\"target_user_id\":\"" user "\"}\n"

static void fetches_a_message_once_for_all(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();

    (void)state;
    add_row(read, 'a', "new_message", 'm', "sent");
    add_row(read, 'b', "new_message", 'm', "unread");
    add_row(read, 'a', "message_status_update", 'n', "read");
    add_row(read, 'z', "new_message", 'o', "unread"); /* nobody here */
    add_row(read, 'b', "session_revoked", 0, NULL);
    take(delivery, read);
    told("b judged\n");
    assert_int_equal(it.calls, 1);
    assert_string_equal(it.under_way[0].ids, "{" ID_M "," ID_N "}");
    assert_string_equal(it.under_way[0].are_whole, "{t,f}");
    answer(PUSH_SESSION_DONE, messages("mn", "{\"text\":\"x\"}"));
    told("a pushed " NEW(ID_M, "{\"text\":\"x\"}", "sent", ".001Z")
             WHEN(".001Z", ID_A) "b pushed " NEW(ID_M, "{\"text\":\"x\"}", "unread", ".002Z")
                 WHEN(".002Z", ID_B) "a pushed " OPEN(
                     "message_status_update") "\"message_id\":\"" ID_N
                                              "\",\"conversation_id\":\"group:x\","
                                              "\"status\":\"read\",\"updated_at\":\".003Z\"}," WHEN(
                                                  ".003Z", ID_A));
    push_delivery_close(delivery, NULL, NULL);
}

static void shares_what_is_long(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();
    char filler[3000], content[4000], wanted[5000];

    (void)state;
    memset(filler, 'x', sizeof filler);
    filler[sizeof filler - 1] = '\0';
    snprintf(content, sizeof content, "{\"text\":\"%s\"}", filler);
    add_row(read, 'b', "new_message", 'm', "unread");
    take(delivery, read);
    answer(PUSH_SESSION_DONE, messages("m", content));
    snprintf(wanted, sizeof wanted,
             "b pushed in parts " NEW(ID_M, "%s", "unread", ".001Z") WHEN(".001Z", ID_B), content);
    told(wanted);
    push_delivery_close(delivery, NULL, NULL);
}

/* A new message is told of as the read found it, for each of its viewers. */
static void tells_a_new_message_as_it_is_now(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();

    (void)state;
    add_row(read, 'a', "new_message", 'm', "sent");
    add_row(read, 'b', "new_message", 'm', "unread");
    add_row(read, 'b', "message_status_update", 'n', "read");    /* another message */
    add_row(read, 'b', "message_status_update", 'm', "deleted"); /* for this viewer alone */
    add_row(read, 'a', "message_recalled", 'm', "withdrawn");
    add_row(read, 'b', "message_recalled", 'm', "withdrawn"); /* deleted it stays */
    take(delivery, read);
    answer(PUSH_SESSION_DONE, messages("Mn", "{\"text\":\"x\"}"));
    it.told[strstr(it.told, "b pushed {\"id\":\"" ID("65") "\",\"event_type\":\"message_status") -
            it.told] = '\0';
    told("a pushed " NEW(ID_M, "{}", "withdrawn", ".005Z") WHEN(".001Z", ID_A) "b pushed " NEW(
        ID_M, "{}", "deleted", ".004Z") WHEN(".002Z", ID_B));
    push_delivery_close(delivery, NULL, NULL);
}

/* Since when a viewer sees it as withdrawn the stream says later: until then only sync knows. */
static void never_mixes_then_and_now(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();

    (void)state;
    add_row(read, 'a', "new_message", 'm', "sent");
    add_row(read, 'b', "new_message", 'm', "unread");
    add_row(read, 'b', "message_status_update", 'm', "deleted");
    take(delivery, read);
    answer(PUSH_SESSION_DONE, messages("M", "{}"));
    told("a behind\n"
         "b pushed " NEW(ID_M, "{}", "deleted", ".003Z") WHEN(".002Z", ID_B) "b pushed " OPEN(
             "message_status_update") "\"message_id\":\"" ID_M "\",\"conversation_id\":\"group:x\","
                                      "\"status\":\"deleted\",\"updated_at\":\".003Z\"}," WHEN(
                                          ".003Z", ID_B));
    push_delivery_close(delivery, NULL, NULL);
}

static void leaves_to_sync_what_it_does_not_know(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();

    (void)state;
    add_row(read, 'a', "new_message", 'm', NULL); /* of an older schema */
    add_row(read, 'b', "message_sung", 'm', "sung");
    take(delivery, read);
    assert_int_equal(it.calls, 0);
    told("a behind\nb behind\n");
    push_delivery_close(delivery, NULL, NULL);
}

static void falls_behind_where_nothing_is_fetched(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();

    (void)state;
    add_row(read, 'a', "new_message", 'm', "unread");
    take(delivery, read);
    answer(PUSH_SESSION_NOT_DONE, NULL);
    told("a behind\n");

    read = begin_read();
    add_row(read, 'a', "new_message", 'm', "unread");
    take(delivery, read);
    answer(PUSH_SESSION_DONE, messages("", "{}"));
    told("a behind\n");

    it.is_down = 1;
    read = begin_read();
    add_row(read, 'b', "new_message", 'm', "unread");
    take(delivery, read);
    told("b behind\n");
    push_delivery_close(delivery, NULL, NULL);
}

/* Two calls at a time; what waits is told what the stream says meanwhile, and is lost with the session. */
static void keeps_the_order_of_what_waits(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();
    int i;

    (void)state;
    for (i = 0; i < 2 * PUSH_NOTICES_MOST; i++) {
        add_row(read, 'a', "new_message", 'm', "unread");
    }
    add_row(read, 'b', "new_message", 'm', "unread");
    take(delivery, read);
    assert_int_equal(it.calls, 2);
    read = begin_read();
    add_row(read, 'b', "message_recalled", 'm', "withdrawn");
    take(delivery, read);
    answer(PUSH_SESSION_NOT_DONE, NULL);
    assert_int_equal(it.calls, 2);
    answer(PUSH_SESSION_NOT_DONE, NULL);
    assert_int_equal(it.length, (size_t)2 * PUSH_NOTICES_MOST * strlen("a behind\n"));
    it.told[0] = '\0';
    it.length = 0;
    answer(PUSH_SESSION_DONE, messages("M", "{}"));
    told("b pushed " NEW(ID_M, "{}", "withdrawn", ".001Z")
             WHEN("2000-01-01T00:00:01.001Z", ID_B) "b pushed " OPEN(
                 "message_recalled") "\"message_id\":\"" ID_M "\",\"conversation_id\":\"group:x\","
                                     "\"status\":\"withdrawn\",\"updated_at\":\".001Z\"}," WHEN(
                                         ".001Z", ID_B));

    read = begin_read();
    for (i = 0; i < 2 * PUSH_NOTICES_MOST; i++) {
        add_row(read, 'a', "new_message", 'm', "unread");
    }
    add_row(read, 'b', "new_message", 'm', "unread");
    take(delivery, read);
    it.owner->down(it.owner_data);
    told("b behind\n");
    answer(PUSH_SESSION_LOST, NULL);
    answer(PUSH_SESSION_LOST, NULL);
    push_delivery_close(delivery, NULL, NULL);
}

/* Messages are as many as a call takes. */
static void splits_what_is_many(void **state)
{
    push_delivery *delivery = begin();
    PGresult *read = begin_read();
    char id[FLX_UUID_BYTES] = "";
    int i;

    (void)state;
    for (i = 0; i <= PUSH_NOTICES_MESSAGES; i++) {
        add_row(read, 'a', "new_message", 'm', "unread");
        id[0] = (char)i;
        id[FLX_UUID_BYTES - 2] = (char)(i >> 8);
        put(read, i + 1, 4, id, sizeof id); /* all in one bucket */
    }
    take(delivery, read);
    assert_int_equal(it.calls, 2);
    assert_int_equal(strlen(it.under_way[0].ids),
                     (size_t)PUSH_NOTICES_MESSAGES * (FLX_UUID_TEXT + 1) + 1);
    assert_int_equal(strlen(it.under_way[1].ids), FLX_UUID_TEXT + 2);
    answer(PUSH_SESSION_LOST, NULL);
    answer(PUSH_SESSION_LOST, NULL);
    push_delivery_close(delivery, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetches_a_message_once_for_all),
        cmocka_unit_test(shares_what_is_long),
        cmocka_unit_test(tells_a_new_message_as_it_is_now),
        cmocka_unit_test(never_mixes_then_and_now),
        cmocka_unit_test(leaves_to_sync_what_it_does_not_know),
        cmocka_unit_test(falls_behind_where_nothing_is_fetched),
        cmocka_unit_test(keeps_the_order_of_what_waits),
        cmocka_unit_test(splits_what_is_many),
    };

    return unit_run("delivery", tests, sizeof tests / sizeof tests[0]);
}
