/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes a Phoenix socket with all that hangs on it: whatever a client says and whatever comes in between, every frame is well-formed, a ref is
 * answered once at most, and nothing is used that is gone. Transport, database, clock and stream are played here. Each byte of an
 * input is a step of one of them; some take the next bytes, too. */
#include "fuzz_clock.h"

#include <stdio.h>
#include <string.h>

#include "catch_up.h"
#include "database.h"
#include "flx_json_scan.h"
#include "flx_result.h"
#include "server.h"
#include "socket.h"
#include "tokens.h"
#include "user_limits.h"
#include "users.h"

#define CALLS  200
#define REFS   2000
#define USER_A "11111111-1111-4111-8111-111111111111"
#define USER_B "22222222-2222-4222-8222-222222222222"

struct push_call {
    push_answered *done;
    void *data;
    const flx_statement *statement;
};

static struct {
    push_settings settings;
    push_server server;
    push_transport transport;
    uint64_t sent;           /* messages */
    push_receiver *receiver; /* NULL: nobody is connected */
    int version;
    int is_held;
    int is_closed;
    size_t backlog;
    push_call *calls[CALLS];
    int call_count;
    flx_time stamp;
    int refs;
    unsigned char answered[REFS];
} it;

/* ---- tokens, of which there are opaque ones only, and the log ---- */

int push_tokens_verify(const struct push_tokens *tokens, const char *token, size_t length,
                       flx_claims *claims, const char **why)
{
    (void)tokens;
    (void)token;
    (void)length;
    (void)claims;
    *why = "none is good";
    return -1;
}

int64_t push_tokens_leeway(const struct push_tokens *tokens)
{
    (void)tokens;
    return 0;
}

flx_time push_tokens_now(void)
{
    return (flx_time)fuzz_clock.now;
}

void push_log(push_log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

/* ---- the database ---- */

int push_database_is_up(const struct push_database *database)
{
    (void)database;
    return 1;
}

push_call *push_database_call(struct push_database *database, push_lane which,
                              const flx_statement *statement, const char *const *caller,
                              const char *const *parameters, push_answered *done, void *data)
{
    push_call *call;
    static volatile size_t read;

    (void)database;
    must(which < PUSH_LANES && statement != NULL);
    if (it.call_count == CALLS) {
        return NULL;
    }
    for (int i = 0; caller != NULL && i < FLX_CALLER_PARAMETERS; i++) {
        read = read + (caller[i] != NULL ? strlen(caller[i]) : 0); /* it is all there */
    }
    (void)parameters;
    call = calloc(1, sizeof *call);
    must(call != NULL);
    *call = (push_call){ done, data, statement };
    it.calls[it.call_count++] = call;
    return call;
}

static push_call *take_call(int index)
{
    push_call *call = it.calls[index];

    memmove(&it.calls[index], &it.calls[index + 1],
            sizeof(push_call *) * (size_t)(--it.call_count - index));
    return call;
}

void push_call_forget(push_call *call)
{
    for (int i = 0; i < it.call_count; i++) {
        if (it.calls[i] == call) {
            free(take_call(i));
            return;
        }
    }
    must(0);
}

static void set(PGresult *result, int column, const void *bytes, size_t length)
{
    char copy[32];

    memcpy(copy, bytes, length);
    must(PQsetvalue(result, 0, column, copy, (int)length));
}

static void set_time(PGresult *result, int column, flx_time time)
{
    uint64_t us = (uint64_t)((time - FLX_TIME_PG_EPOCH) * 1000);
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(us >> (56 - 8 * i));
    }
    set(result, column, bytes, sizeof bytes);
}

/* A row that has what joins and syncs look for; to all others it is empty. */
static PGresult *make_result(unsigned variant)
{
    static const char *const names[] = { "user_id",  "expires_at",      "live_from", "cursor_at",
                                         "has_more", "conversation_id", "status" };
    PGresAttDesc columns[7];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    flx_uuid user;
    char has_more = (char)(variant & 1);

    must(result != NULL);
    must(flx_uuid_read(&user, variant & 2 && variant & 4 ? USER_B : USER_A, FLX_UUID_TEXT) == 0);
    memset(columns, 0, sizeof columns);
    for (int i = 0; i < 7; i++) {
        union {
            const char *text;
            char *name;
        } same = { .text = names[i] };
        columns[i].name = same.name;
        columns[i].format = 1;
    }
    must(PQsetResultAttrs(result, 7, columns));
    set(result, 0, user.bytes, sizeof user.bytes);
    if (variant & 8) {
        set_time(result, 1, (flx_time)fuzz_clock.now + 5000);
    }
    set_time(result, 2, it.stamp);
    set_time(result, 3, it.stamp);
    set(result, 4, &has_more, 1);
    set(result, 5, "interaction:1", 13);
    set(result, 6, "sent", 4);
    return result;
}

static void answer(uint8_t byte)
{
    static const flx_outcome refusals[] = { FLX_UNAVAILABLE, FLX_INVALID_TOKEN, FLX_FORBIDDEN,
                                            FLX_INTERNAL };
    push_answer said = { .refusal = refusals[byte >> 4 & 3] };
    PGresult *result = NULL;
    push_call *call;

    if (it.call_count == 0) {
        return;
    }
    call = take_call((byte >> 6) % it.call_count);
    if ((byte & 3) != 3) {
        result = make_result(byte >> 2);
        said.result = result;
    }
    call->done(call->data, &said);
    free(call);
    PQclear(result);
}

/* ---- the transport ---- */

/* Notes the ref of a reply: none is answered twice. */
static void note_ref(flx_slice ref)
{
    long number;

    if (ref.length > 2 && ref.at[0] == '"' && ref.at[1] == 'r') {
        number = strtol(ref.at + 2, NULL, 10); /* up to the quote */
        must(number < 0 || number >= REFS || !it.answered[number]);
        if (number >= 0 && number < REFS) {
            it.answered[number] = 1;
        }
    }
}

static void check_text(const char *text, size_t length)
{
    static const char *const names[] = { "event", "ref", "topic", "payload" };
    flx_slice rest = { text, length }, values[5] = { { NULL, 0 } };
    int count = 0;

    must(flx_json_scan(text, length, NULL, NULL, NULL) == FLX_JSON_FINE);
    if (it.version == 1) {
        must(flx_json_pick(text, length, names, values, 4) == FLX_JSON_FINE);
        must(values[0].at && values[1].at && values[2].at && values[3].at);
        if (flx_json_key_is((flx_slice){ values[0].at + 1, values[0].length - 2 }, "phx_reply")) {
            note_ref(values[1]);
        }
        return;
    }
    must(text[0] == '[');
    while (count < 5 && flx_json_item(&rest, &values[count]) == 1) {
        count++;
    }
    must(count == 5);
    must(values[4].at[0] == '{');
    if (values[3].length == 11 && memcmp(values[3].at, "\"phx_reply\"", 11) == 0) {
        note_ref(values[1]);
    }
}

static void send_message(push_transport *transport, int is_binary, push_block *const *blocks,
                         int count)
{
    flx_buffer text;

    must(transport == &it.transport && it.receiver != NULL && !it.is_closed && !is_binary);
    it.sent++;
    flx_buffer_init(&text, 1 << 24);
    for (int i = 0; i < count; i++) {
        flx_buffer_add(&text, blocks[i]->bytes, blocks[i]->length);
        push_block_release(blocks[i]);
    }
    must(!flx_buffer_failed(&text));
    check_text(text.at, text.length);
    flx_buffer_free(&text);
}

static void close_transport(push_transport *transport, unsigned code)
{
    must(transport == &it.transport && it.receiver != NULL && !it.is_closed);
    must(code == 1001 || code == 1002 || code == 1008 || code == 1011);
    it.is_closed = 1;
}

static void hold(push_transport *transport)
{
    (void)transport;
    must(it.receiver != NULL && !it.is_closed && !it.is_held);
    it.is_held = 1;
}

static void release(push_transport *transport)
{
    (void)transport;
    must(it.receiver != NULL && !it.is_closed && it.is_held);
    it.is_held = 0;
}

static size_t backlog(const push_transport *transport)
{
    (void)transport;
    must(it.receiver != NULL);
    return it.backlog;
}

/* A client that is heard from with every message. */
static uint64_t progress(const push_transport *transport, push_stage stage)
{
    (void)stage;
    must(transport == &it.transport && it.receiver != NULL);
    return it.sent;
}

static const push_transport_functions functions = { send_message, close_transport, hold, release,
                                                    backlog,      progress,        NULL };

/* Nobody asks who is online. */
void push_presence_changed(struct push_presence *presence,
                           const struct push_subscription *subscription)
{
    must(presence == NULL && subscription != NULL);
}

void push_presence_missed(struct push_presence *presence,
                          const struct push_subscription *subscription, flx_time position)
{
    must(presence == NULL && subscription != NULL && position <= subscription->position);
}

static void disconnect(void)
{
    push_receiver *receiver = it.receiver;

    if (receiver != NULL) {
        receiver->functions->ended(receiver);
        it.receiver = NULL;
    }
}

static void connect_client(uint8_t byte)
{
    flx_connect connect = { .version = 1 + (byte & 1) };
    push_identity *identity = NULL;
    flx_outcome refusal;

    if (it.receiver != NULL) {
        return;
    }
    if (byte & 2) {
        identity =
            push_identity_read(&it.server, (flx_slice){ "token-of-the-connect", 20 }, &refusal);
        must(identity != NULL);
        identity->has_user = 1;
        must(flx_uuid_read(&identity->user_id, byte & 4 ? USER_B : USER_A, FLX_UUID_TEXT) == 0);
    }
    it.transport.functions = &functions;
    it.is_held = 0;
    it.is_closed = 0;
    it.version = connect.version;
    it.receiver = push_socket_open(&it.server, &it.transport, &connect, identity);
    must(it.receiver != NULL);
}

static void say(int is_binary, const char *bytes, size_t length)
{
    char *copy;

    if (it.receiver == NULL || it.is_held || it.is_closed) {
        return;
    }
    copy = malloc(length + (length == 0)); /* of just this size */
    must(copy != NULL);
    memcpy(copy, bytes, length);
    it.receiver->functions->message(it.receiver, is_binary, copy, length);
    free(copy);
}

/* One of the messages that clients send. */
static void say_well(uint8_t byte)
{
    static const char *const events[] = {
        "phx_join",
        "phx_join",
        "phx_leave",
        "sync",
        "send_message",
        "mark_read",
        "heartbeat",
        "get_conversations",
        "withdraw_message",
        "unknown",
        "phx_join",
        "sync",
        "update_conversation",
        "create_conversation",
        "get_conversation_history",
        "phx_leave",
    };
    static const char *const payloads[] = {
        "{}",
        "{\"token\":\"one\"}",
        "{\"last_sync_timestamp\":\"2026-01-01T00:00:00Z\"}",
        "{\"message_id\":\"" USER_A "\",\"message_ids\":[\"" USER_A
        "\"],\"conversation_id\":\"private:" USER_B "\",\"receiver_id\":\"" USER_B
        "\",\"content\":{\"text\":\"hello\"},\"message_type\":\"text\",\"type\":\"private\","
        "\"client_message_id\":\"c\",\"token\":\"two\",\"is_muted\":true}",
    };
    const char *event = events[byte & 15], *payload = payloads[byte >> 4 & 3],
               *join_ref = byte & 64 ? "null" : "\"j\"";
    const char *topic = strcmp(event, "heartbeat") == 0 ? "phoenix"
                        : byte & 128                    ? "user:" USER_B
                                                        : "user:" USER_A;
    char text[1200];

    if (it.version == 1) {
        snprintf(
            text, sizeof text,
            "{\"topic\":\"%s\",\"event\":\"%s\",\"payload\":%s,\"ref\":\"r%d\",\"join_ref\":%s}",
            topic, event, payload, it.refs, join_ref);
    }
    else {
        snprintf(text, sizeof text, "[%s,\"r%d\",\"%s\",\"%s\",%s]", join_ref, it.refs, topic,
                 event, payload);
    }
    it.refs += it.refs < REFS;
    say(0, text, strlen(text));
}

/* ---- the stream ---- */

static void stream(uint8_t byte)
{
    static const char text[] = "{\"type\":\"new_message\",\"payload\":{}}";
    push_block *block = push_block_make(text, sizeof text - 1);
    push_payload payload = { .count = 1, .parts = { block } };
    flx_uuid user;

    must(block != NULL);
    must(flx_uuid_read(&user, byte & 1 ? USER_B : USER_A, FLX_UUID_TEXT) == 0);
    it.stamp++;
    if (push_subscriptions_note(it.server.users, &user, it.stamp, NULL)) {
        push_subscriptions_deliver(it.server.users, &user, it.stamp, NULL, &payload);
    }
    if (byte & 2) {
        push_subscriptions_judge(it.server.users, &user);
    }
    if ((byte & 12) == 12) {
        push_subscriptions_restart_all(it.server.users);
    }
    else if (byte & 4) {
        push_subscriptions_catch_up_all(it.server.users);
    }
    push_block_release(block);
}

/* ---- a run ---- */

static void begin(void)
{
    memset(&it, 0, sizeof it);
    it.settings.connections_per_user = 2;
    it.settings.hold_time = 500;
    it.settings.queue_size = 4 << 20;
    it.settings.joins_per_second = 20;
    it.settings.pushes_per_second = 50;
    it.settings.push_burst = 200;
    it.server.settings = &it.settings;
    it.server.database = (struct push_database *)(void *)&it; /* never looked into */
    fuzz_clock_begin();
    it.stamp = INT64_C(1700000000000);
    it.server.limits = push_limits_make(&it.server);
    it.server.users = push_users_make(&it.server);
    it.server.reaches = push_reaches_make(&it.server);
    it.server.sockets = push_sockets_make(&it.server);
    must(it.server.reaches != NULL);
    must(it.server.limits != NULL && it.server.users != NULL && it.server.sockets != NULL);
}

static void end(void)
{
    for (int i = 0; i < 50 && it.call_count > 0; i++) {
        answer(0);
        fuzz_clock_pass(100);
    }
    disconnect();
    must(it.call_count == 0);
    must(it.server.metrics.channels == 0);
    push_sockets_free(it.server.sockets);
    push_users_free(it.server.users);
    push_reaches_free(it.server.reaches);
    push_limits_free(it.server.limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t lengths[] = { 1, 60, 600, 61000 };
    size_t at = 0;

    begin();
    while (at < size) {
        uint8_t byte = data[at++], next = at < size ? data[at] : 0;
        switch (byte & 7) {
        case 0:
            connect_client(byte >> 3);
            break;
        case 1:
        case 2:
            say_well(next);
            at++;
            break;
        case 3:
        case 4:
            answer(next);
            at++;
            break;
        case 5:
            stream(byte >> 3);
            break;
        case 6:
            fuzz_clock_pass(lengths[byte >> 3 & 3]);
            it.backlog = byte & 128 ? 300000 : 0;
            break;
        default:
            if (byte & 8) {
                disconnect();
            }
            else {
                size_t length = next < size - at ? next : size - at;
                say(byte >> 7, (const char *)data + at, length);
                at += length;
            }
        }
    }
    end();
    return 0;
}
