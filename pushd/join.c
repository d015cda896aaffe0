/* SPDX-License-Identifier: Apache-2.0 */
/* How a client joins its channel. */
#include "join.h"

#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "flx_result.h"
#include "flx_token.h"
#include "user_limits.h"
#include "pushes.h"
#include "reply.h"
#include "server.h"

#define TOPIC_PREFIX "\"user:"

/* Whether a topic is any of ours: user:*, and nothing in it that clients stumble over, which split a frame at
 * commas. What would have to be escaped is, and has a backslash. */
static int is_routable(flx_slice topic)
{
    size_t prefix = sizeof TOPIC_PREFIX - 1;

    return topic.length > prefix && memcmp(topic.at, TOPIC_PREFIX, prefix) == 0 &&
           memchr(topic.at, ',', topic.length) == NULL &&
           memchr(topic.at, '\\', topic.length) == NULL;
}

/* Whose a topic is, if it names a user in the canonical spelling: 0, or -1. */
static int read_topic(flx_slice topic, flx_uuid *user_id)
{
    size_t prefix = sizeof TOPIC_PREFIX - 1;
    char text[FLX_UUID_TEXT];

    if (topic.length != PUSH_TOPIC_LENGTH ||
        flx_uuid_read(user_id, topic.at + prefix, FLX_UUID_TEXT) != 0) {
        return -1;
    }
    flx_uuid_write(user_id, text);
    return memcmp(text, topic.at + prefix, FLX_UUID_TEXT) == 0 ? 0 : -1;
}

/* -- Before the database ----------------------------------------------------------------------------- */

/* The token in a join's payload. Returns 1 if there is one, 0 if there is none, -1 with *refusal if it can be no token's,
 * or there is no memory; *memory is to be freed. */
static int find_token(const push_frame *frame, char **memory, flx_slice *token,
                      flx_outcome *refusal)
{
    static const char *const names[] = { "token" };
    flx_slice value;

    *memory = NULL;
    *refusal = FLX_INVALID_TOKEN;
    if (frame->is_binary ||
        flx_json_pick(frame->payload.at, frame->payload.length, names, &value, 1) !=
            FLX_JSON_FINE ||
        value.at == NULL || push_slice_is(value, PUSH_NULL)) {
        return 0;
    }
    if (value.at[0] != '"' || value.length > (size_t)FLX_TOKEN_LENGTH * 6) {
        return -1;
    }
    *memory = malloc(value.length);
    if (*memory == NULL) {
        *refusal = FLX_INTERNAL;
        return -1;
    }
    if (flx_json_text(value, *memory, value.length, &token->length) != 0) {
        return -1;
    }
    token->at = *memory;
    return 1;
}

/* Who joins: by the token of the join if it has one, else by that of the connect. A reference, or NULL with *refusal. */
static push_identity *identify(push_socket *socket, const push_frame *frame, flx_outcome *refusal)
{
    push_identity *identity = NULL;
    flx_slice token;
    char *memory;
    int found = find_token(frame, &memory, &token, refusal);

    if (socket->identity != NULL && push_identity_time_left(socket->identity) == 0) {
        *refusal = FLX_INVALID_TOKEN;
        found = -1;
    }
    if (found > 0) {
        identity = push_identity_read(socket->server, token, refusal);
    }
    else if (found == 0 && socket->identity != NULL) {
        identity = push_identity_share(socket->identity);
    }
    else if (found == 0) {
        *refusal = FLX_UNAUTHORIZED;
    }
    free(memory);
    if (identity != NULL && socket->identity != NULL && identity != socket->identity &&
        push_identity_is_same(identity, socket->identity)) {
        push_identity_release(identity);
        identity = push_identity_share(socket->identity);
    }
    return identity;
}

static int is_of(const push_identity *identity, const flx_uuid *user_id)
{
    return !identity->has_user || memcmp(&identity->user_id, user_id, sizeof *user_id) == 0;
}

static void refuse(push_socket *socket, const push_address *to, flx_outcome refusal)
{
    push_refusal without = { .code = flx_outcome_code(FLX_UNAUTHORIZED) };
    flx_buffer reason;

    socket->server->metrics.joins_refused_total++;
    if (refusal == FLX_INVALID_TOKEN) {
        push_socket_rest(socket);
    }
    if (refusal != FLX_UNAUTHORIZED) {
        push_reply_outcome(socket, to, refusal);
        return;
    }
    /* The topic without its quotes; a routable one has nothing that is escaped. */
    flx_buffer_init(&reason, to->topic.length + 64);
    flx_buffer_add_text(&reason, "Invalid Join Attempt, channel: ");
    flx_buffer_add(&reason, to->topic.at + 1, to->topic.length - 2);
    flx_buffer_add(&reason, "", 1);
    without.reason = flx_buffer_failed(&reason) ? "Invalid Join Attempt" : reason.at;
    push_reply_error(socket, to, &without);
    flx_buffer_free(&reason);
}

/* -- With the database ------------------------------------------------------------------------------- */

/* The instance that was replaced says good-bye behind the answer to the new join. */
static void close_replaced(push_socket *socket, flx_slice topic, const char *join_ref)
{
    if (join_ref != NULL && !socket->is_closing) {
        push_reply_closed(socket, (flx_slice){ join_ref, strlen(join_ref) }, topic);
    }
}

static push_address address_of(const push_channel *channel, char topic[PUSH_TOPIC_LENGTH])
{
    push_address to = { .join_ref = push_channel_stored(channel),
                        .ref = { channel->refs + channel->join_ref_length, channel->ref_length },
                        .topic = push_channel_topic(channel, topic) };

    return to;
}

static void refuse_channel(push_channel *channel, const push_refusal *too_many, flx_outcome refusal)
{
    push_socket *socket = channel->socket;
    char topic[PUSH_TOPIC_LENGTH];
    push_address to = address_of(channel, topic);

    if (too_many != NULL) {
        socket->server->metrics.joins_refused_total++;
        push_reply_error(socket, &to, too_many);
    }
    else {
        refuse(socket, &to, refusal);
    }
    close_replaced(socket, to.topic, channel->replaced);
    if (!socket->is_closing) {
        push_channel_end(channel);
        push_socket_release(socket);
    }
}

/* Counts the user, unless the connect has. */
static int count_user(push_channel *channel)
{
    push_identity *identity = channel->identity;
    const push_identity *first = channel->socket->identity;

    if (identity->is_counted ||
        (first != NULL && first->is_counted &&
         memcmp(&first->user_id, &channel->subscription.user_id, sizeof first->user_id) == 0)) {
        return 0;
    }
    if (push_limits_add_socket(channel->socket->server->limits, &identity->user_id) != 0) {
        return -1;
    }
    identity->is_counted = 1;
    return 0;
}

static void accept_join(push_channel *channel, flx_time live_from)
{
    push_socket *socket = channel->socket;
    char topic[PUSH_TOPIC_LENGTH], time[FLX_TIME_TEXT];
    push_address to = address_of(channel, topic);
    flx_buffer buffer;

    channel->is_joined = 1;
    push_socket_count_joined(socket, 1);
    socket->server->metrics.joins_total++;
    push_reply_begin(&buffer, socket, &to);
    flx_buffer_add_text(&buffer, "{\"last_sync_timestamp\":");
    flx_time_write(live_from, time);
    flx_buffer_add_string(&buffer, time, sizeof time);
    flx_buffer_add_text(&buffer, "}");
    push_reply_end(&buffer, socket, &to);
    close_replaced(socket, to.topic, channel->replaced);
    if (socket->is_closing) {
        return;
    }
    free(channel->replaced);
    channel->replaced = NULL;
    push_channel_watch(channel);
    push_subscription_joined(&channel->subscription, live_from);
    if (channel->must_restart) {
        push_channel_crash(channel);
    }
    else if (channel->must_judge) {
        /* Its token was revoked while the database looked at it. */
        channel->must_judge = 0;
        push_channel_judge(channel);
    }
    push_socket_release(socket);
}

static void authenticated(void *data, const push_answer *answer)
{
    static const push_refusal too_many = { .reason = "too many connections",
                                           .code = "too_many_connections" };
    push_channel *channel = data;
    push_identity *identity = channel->identity;
    flx_value expires_at;

    channel->call = NULL;
    if (answer->result == NULL) {
        refuse_channel(channel, NULL, answer->refusal);
        return;
    }
    if (!identity->is_jwt) {
        identity->has_user = 1;
        identity->user_id = flx_value_uuid(flx_result_get(answer->result, 0, "user_id"));
        expires_at = flx_result_get(answer->result, 0, "expires_at");
        if (expires_at.at != NULL) {
            identity->expires_at = flx_value_time(expires_at);
        }
    }
    if (!is_of(identity, &channel->subscription.user_id)) {
        refuse_channel(channel, NULL, FLX_FORBIDDEN);
        return;
    }
    if (count_user(channel) != 0) {
        refuse_channel(channel, &too_many, FLX_RATE_LIMITED);
        return;
    }
    accept_join(channel, flx_value_time(flx_result_get(answer->result, 0, "live_from")));
}

/* Subscribes first, so that nothing falls between the database's word and the stream. */
static void ask(push_channel *channel)
{
    push_server *server = channel->socket->server;

    if (push_subscribe(&channel->subscription) != 0) {
        refuse_channel(channel, NULL, FLX_INTERNAL);
        return;
    }
    channel->is_subscribed = 1;
    channel->call = push_database_call(server->database, PUSH_LANE_WRITE, &flx_statement_join,
                                       channel->identity->caller, NULL, authenticated, channel);
    if (channel->call == NULL) {
        refuse_channel(channel, NULL, FLX_INTERNAL);
    }
}

static void connect_judged(void *data, const push_answer *answer)
{
    push_channel *channel = data;

    channel->call = NULL;
    if (answer->result == NULL) {
        refuse_channel(channel, NULL, answer->refusal);
        return;
    }
    ask(channel);
}

/* With two tokens both must count: that of the connect may have been revoked since. */
static void judge_both(push_channel *channel)
{
    push_server *server = channel->socket->server;
    const push_identity *first = channel->socket->identity;

    if (first == NULL || first == channel->identity) {
        ask(channel);
        return;
    }
    channel->call = push_database_call(server->database, PUSH_LANE_READ, &flx_statement_connect,
                                       first->caller, NULL, connect_judged, channel);
    if (channel->call == NULL) {
        refuse_channel(channel, NULL, FLX_INTERNAL);
    }
}

static void turn_has_come(push_deadline *deadline)
{
    judge_both((push_channel *)((char *)deadline - offsetof(push_channel, deadline)));
}

static void begin(push_channel *channel)
{
    push_server *server = channel->socket->server;
    uint64_t delay;

    push_socket_hold(channel->socket);
    if (push_limits_take_join(server->limits, &delay) != 0) {
        refuse_channel(channel, NULL, FLX_UNAVAILABLE);
        return;
    }
    if (delay == 0) {
        judge_both(channel);
        return;
    }
    channel->deadline.reached = turn_has_come;
    push_deadline_set(server->sockets->deadlines, &channel->deadline, delay);
}

/* -- The join ---------------------------------------------------------------------------------------- */

/* Ends the channel that a join replaces. Returns the join_ref with which it is to be closed, from the heap, or NULL: in
 * version 1 without a join_ref the client could not tell its phx_close from one for the new instance. */
static char *replace(push_channel *old)
{
    int version = old->socket->version;
    flx_slice stored = push_channel_stored(old);
    char *join_ref = NULL;

    if (push_pushes_leave_now(old)) {
        return NULL;
    }
    if (version != 1 || !push_slice_is(stored, PUSH_NULL)) {
        join_ref = strndup(stored.at, stored.length);
    }
    push_channel_end(old);
    return join_ref;
}

/* Judges what can be judged here, and makes the channel. NULL with *refusal. */
static push_channel *judge(push_socket *socket, const push_frame *frame, flx_outcome *refusal)
{
    push_identity *identity;
    push_channel *channel;
    flx_uuid user_id;

    if (frame->payload.length > PUSH_PAYLOAD_LENGTH) {
        *refusal = FLX_TOO_LARGE;
        return NULL;
    }
    identity = identify(socket, frame, refusal);
    if (identity == NULL) {
        return NULL;
    }
    if (read_topic(frame->topic, &user_id) != 0 || !is_of(identity, &user_id) ||
        (socket->identity != NULL && !is_of(socket->identity, &user_id))) {
        push_identity_release(identity);
        *refusal = FLX_FORBIDDEN;
        return NULL;
    }
    channel = push_channel_make(socket, frame, &user_id, identity);
    *refusal = FLX_INTERNAL;
    return channel;
}

void push_join(push_socket *socket, const push_frame *frame)
{
    static const push_refusal too_many = { .reason = "too many channels joined" };
    push_channel *old = push_channel_find(socket, frame->topic), *channel;
    flx_outcome refusal = FLX_INTERNAL;
    char *replaced = NULL;

    if (!is_routable(frame->topic)) {
        push_reply_unmatched(socket, frame);
        return;
    }
    if (old != NULL) {
        replaced = replace(old);
    }
    /* One that replaces another is not one more. */
    else if (socket->channel_count >= PUSH_SOCKET_CHANNELS) {
        socket->server->metrics.channels_refused_total++;
        push_reply_error(socket, frame, &too_many);
        return;
    }
    channel = judge(socket, frame, &refusal);
    if (channel == NULL) {
        refuse(socket, frame, refusal);
        close_replaced(socket, frame->topic, replaced);
        free(replaced);
        return;
    }
    channel->replaced = replaced;
    begin(channel);
}
