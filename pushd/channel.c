/* SPDX-License-Identifier: Apache-2.0 */
/* A channel: one topic that a socket has joined, and what the event stream pushes into it. */
#include "channel.h"

#include <stdlib.h>
#include <string.h>

#include "pushes.h"
#include "reply.h"
#include "server.h"

/* How long a revocation waits to be judged again while the database is away. */
#define JUDGE_AGAIN 1000

static push_channel *channel_of(push_subscription *subscription)
{
    return (push_channel *)subscription;
}

/* -- What the client calls it ------------------------------------------------------------------------ */

flx_slice push_channel_topic(const push_channel *channel, char text[PUSH_TOPIC_LENGTH])
{
    static const char prefix[] = "\"user:";
    size_t length = sizeof prefix - 1;

    memcpy(text, prefix, length);
    flx_uuid_write(&channel->subscription.user_id, text + length);
    text[PUSH_TOPIC_LENGTH - 1] = '"';
    return (flx_slice){ text, PUSH_TOPIC_LENGTH };
}

flx_slice push_channel_stored(const push_channel *channel)
{
    return (flx_slice){ channel->refs, channel->join_ref_length };
}

flx_slice push_channel_shown(const push_channel *channel)
{
    flx_slice stored = push_channel_stored(channel);

    return push_slice_is(stored, PUSH_NULL)
               ? (flx_slice){ channel->refs + channel->join_ref_length, channel->ref_length }
               : stored;
}

push_channel *push_channel_find(const push_socket *socket, flx_slice topic)
{
    char text[PUSH_TOPIC_LENGTH];
    push_channel *channel;

    for (channel = socket->channels; channel != NULL; channel = channel->next) {
        if (push_slice_is(push_channel_topic(channel, text), topic)) {
            return channel;
        }
    }
    return NULL;
}

/* -- What the stream calls --------------------------------------------------------------------------- */

/* Makes what stands around each event's payload. */
static int frame_events(push_channel *channel)
{
    push_socket *socket = channel->socket;
    char topic[PUSH_TOPIC_LENGTH];
    push_frame frame = { .join_ref = push_channel_shown(channel),
                         .ref = PUSH_NULL,
                         .topic = push_channel_topic(channel, topic),
                         .event = PUSH_SLICE("\"event\"") };
    flx_buffer head, tail;

    flx_buffer_init(&head, 2 * PUSH_REF_LENGTH + 256);
    flx_buffer_init(&tail, 256);
    push_serializer_begin(&head, socket->version, &frame);
    push_serializer_end(&tail, socket->version, &frame);
    if (!flx_buffer_failed(&head) && !flx_buffer_failed(&tail)) {
        channel->head = push_block_make(head.at, head.length);
        channel->tail = socket->version == 1 ? push_block_make(tail.at, tail.length)
                                             : push_block_share(socket->server->sockets->end);
    }
    flx_buffer_free(&head);
    flx_buffer_free(&tail);
    if (channel->head == NULL || channel->tail == NULL) {
        push_block_release(channel->head);
        push_block_release(channel->tail);
        channel->head = channel->tail = NULL;
        return -1;
    }
    return 0;
}

static void push_event_payload(push_subscription *subscription, const push_payload *payload)
{
    push_channel *channel = channel_of(subscription);
    push_transport *transport = channel->socket->transport;
    push_block *blocks[PUSH_PAYLOAD_PARTS + 2];
    int count = 0, i;

    if (channel->socket->is_closing) {
        return;
    }
    if (channel->head == NULL && frame_events(channel) != 0) {
        /* The client comes back, and syncs what it has missed. */
        push_log(PUSH_LOG_ERROR, "FLX1103: no memory for an event");
        push_socket_give_up(channel->socket);
        return;
    }
    blocks[count++] = push_block_share(channel->head);
    for (i = 0; i < payload->count; i++) {
        blocks[count++] = push_block_share(payload->parts[i]);
    }
    blocks[count++] = push_block_share(channel->tail);
    transport->functions->send(transport, 0, blocks, count);
}

static size_t backlog(const push_subscription *subscription)
{
    const push_channel *channel = (const push_channel *)subscription;
    push_transport *transport = channel->socket->transport;

    return transport->functions->backlog(transport);
}

static push_transport *transport_of(const push_subscription *subscription)
{
    return ((const push_channel *)subscription)->socket->transport;
}

/* A token does not count any more: by itself, or because it was revoked. */
static void end_of_token(push_socket *socket, const push_identity *identity)
{
    push_metrics *metrics = &socket->server->metrics;

    if (push_identity_time_left(identity) == 0) {
        metrics->closed_expired_total++;
        push_socket_close(socket, 1008);
    }
    else {
        metrics->closed_revoked_total++;
        push_socket_close(socket, 1001);
    }
}

static void judge_later(push_channel *channel)
{
    channel->must_judge = 1;
    push_deadline_set(channel->socket->server->sockets->deadlines, &channel->deadline, JUDGE_AGAIN);
}

static void ask_about(push_channel *channel, const push_identity *identity, push_answered *done)
{
    channel->judging =
        push_database_call(channel->socket->server->database, PUSH_LANE_READ,
                           &flx_statement_connect, identity->caller, NULL, done, channel);
    if (channel->judging == NULL) {
        judge_later(channel);
    }
}

/* Whether a token counts. If it does not the socket is closed; if nobody knows it is judged again. */
static int counts(push_channel *channel, const push_identity *identity, const push_answer *answer)
{
    channel->judging = NULL;
    if (answer->result != NULL) {
        return 1;
    }
    if (answer->refusal == FLX_INVALID_TOKEN) {
        end_of_token(channel->socket, identity);
    }
    else {
        judge_later(channel);
    }
    return 0;
}

static void connect_judged(void *data, const push_answer *answer)
{
    push_channel *channel = data;

    if (counts(channel, channel->socket->identity, answer) && channel->must_judge) {
        push_channel_judge(channel);
    }
}

/* Where the connection was opened with another token that one has to count as well. */
static void judged(void *data, const push_answer *answer)
{
    push_channel *channel = data;
    const push_identity *first = channel->socket->identity;

    if (!counts(channel, channel->identity, answer)) {
        return;
    }
    if (first != NULL && first != channel->identity) {
        ask_about(channel, first, connect_judged);
    }
    else if (channel->must_judge) {
        push_channel_judge(channel);
    }
}

/* A revocation while another is being judged may be newer than what that one sees. */
void push_channel_judge(push_channel *channel)
{
    if (!channel->is_joined || channel->judging != NULL) {
        channel->must_judge = 1;
        return;
    }
    channel->must_judge = 0;
    ask_about(channel, channel->identity, judged);
}

void push_channel_crash(push_channel *channel)
{
    char topic[PUSH_TOPIC_LENGTH];

    push_reply_crashed(channel->socket, push_channel_stored(channel),
                       push_channel_topic(channel, topic));
    push_channel_end(channel);
}

static void judge(push_subscription *subscription)
{
    push_channel_judge(channel_of(subscription));
}

static void restart(push_subscription *subscription)
{
    push_channel *channel = channel_of(subscription);

    /* One that is being joined has its reply first. */
    if (!channel->is_joined) {
        channel->must_restart = 1;
        return;
    }
    push_channel_crash(channel);
}

static const push_subscriber subscriber = {
    .push = push_event_payload,
    .backlog = backlog,
    .transport = transport_of,
    .judge = judge,
    .restart = restart,
};

/* -- Life -------------------------------------------------------------------------------------------- */

push_channel *push_channel_make(push_socket *socket, const push_frame *join,
                                const flx_uuid *user_id, push_identity *identity)
{
    push_channel *channel = calloc(1, sizeof *channel);
    char *refs = malloc(join->join_ref.length + join->ref.length);

    if (channel == NULL || refs == NULL) {
        free(channel);
        free(refs);
        push_identity_release(identity);
        return NULL;
    }
    memcpy(refs, join->join_ref.at, join->join_ref.length);
    memcpy(refs + join->join_ref.length, join->ref.at, join->ref.length);
    channel->refs = refs;
    channel->join_ref_length = (unsigned short)join->join_ref.length;
    channel->ref_length = (unsigned short)join->ref.length;
    channel->socket = socket;
    channel->identity = identity;
    channel->subscription.subscriber = &subscriber;
    channel->subscription.server = socket->server;
    channel->subscription.user_id = *user_id;
    flx_uuid_make(&channel->subscription.origin);
    channel->subscription.caller = identity->caller;
    channel->next = socket->channels;
    socket->channels = channel;
    socket->channel_count++;
    return channel;
}

void push_channel_end(push_channel *channel)
{
    push_socket *socket = channel->socket;
    push_channel **link = &socket->channels;

    while (*link != channel) {
        link = &(*link)->next;
    }
    *link = channel->next;
    socket->channel_count--;
    if (channel->call != NULL) {
        push_call_forget(channel->call);
    }
    if (channel->judging != NULL) {
        push_call_forget(channel->judging);
    }
    if (channel->is_subscribed) {
        push_unsubscribe(&channel->subscription);
    }
    push_deadline_clear(socket->server->sockets->deadlines, &channel->deadline);
    if (channel->is_joined) {
        push_socket_count_joined(socket, -1);
    }
    if (channel->is_holding) {
        push_socket_release(socket);
    }
    push_pushes_forget(channel);
    push_identity_release(channel->identity);
    push_block_release(channel->head);
    push_block_release(channel->tail);
    free(channel->replaced);
    free(channel->refs);
    free(channel);
}

static void token_may_have_ended(push_deadline *deadline)
{
    push_channel *channel = (push_channel *)((char *)deadline - offsetof(push_channel, deadline));

    if (push_identity_time_left(channel->identity) == 0) {
        end_of_token(channel->socket, channel->identity);
        return;
    }
    push_channel_watch(channel);
    if (channel->must_judge) {
        push_channel_judge(channel);
    }
}

void push_channel_watch(push_channel *channel)
{
    channel->deadline.reached = token_may_have_ended;
    push_deadline_set(channel->socket->server->sockets->deadlines, &channel->deadline,
                      push_identity_time_left(channel->identity));
}
