/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's socket: which message goes to which channel (phoenix-channels.md 3.2), and when all ends. */
#include "socket.h"

#include <stdlib.h>

#include "channel.h"
#include "join.h"
#include "pushes.h"
#include "reply.h"
#include "server.h"

/* Milliseconds within which something must be joined. */
#define JOIN_TIME 60000

/* Milliseconds to rest after a token that was refused. */
#define REST_TIME 50

struct push_sockets *push_sockets_make(push_server *server)
{
    struct push_sockets *sockets = calloc(1, sizeof *sockets);

    if (sockets == NULL) {
        return NULL;
    }
    sockets->deadlines = push_deadlines_make(server->loop);
    sockets->end = push_block_make("]", 1);
    if (sockets->deadlines == NULL || sockets->end == NULL) {
        push_sockets_free(sockets);
        return NULL;
    }
    return sockets;
}

void push_sockets_free(struct push_sockets *sockets)
{
    if (sockets != NULL) {
        push_deadlines_free(sockets->deadlines);
        push_block_release(sockets->end);
        free(sockets);
    }
}

static push_socket *socket_of(push_receiver *receiver)
{
    return (push_socket *)receiver;
}

/* -- Its end ----------------------------------------------------------------------------------------- */

static void end_channels(push_socket *socket)
{
    while (socket->channels != NULL) {
        push_channel_end(socket->channels);
    }
    push_deadline_clear(socket->server->sockets->deadlines, &socket->deadline);
    push_deadline_clear(socket->server->sockets->deadlines, &socket->rest);
}

void push_socket_close(push_socket *socket, unsigned code)
{
    if (socket->is_closing) {
        return;
    }
    socket->is_closing = 1;
    end_channels(socket);
    socket->transport->functions->close(socket->transport, code);
}

void push_socket_give_up(push_socket *socket)
{
    if (!socket->is_closing) {
        socket->is_closing = 1;
        socket->transport->functions->close(socket->transport, 1011);
    }
}

static void ended(push_receiver *receiver)
{
    push_socket *socket = socket_of(receiver);

    /* From here on the transport is not to be called any more. */
    socket->is_closing = 1;
    end_channels(socket);
    push_identity_release(socket->identity);
    free(socket);
}

static void watch(push_socket *socket);

/* Nobody has said yet who that is, or does not any more. */
static int is_stranger(const push_socket *socket)
{
    return socket->identity == NULL && socket->joined_count == 0;
}

static void look(push_deadline *deadline)
{
    push_socket *socket = (push_socket *)((char *)deadline - offsetof(push_socket, deadline));
    push_server *server = socket->server;

    if (socket->identity != NULL && push_identity_time_left(socket->identity) == 0) {
        server->metrics.closed_expired_total++;
        push_socket_close(socket, 1008);
    }
    else if (is_stranger(socket) && uv_now(server->loop) - socket->alone_since >= JOIN_TIME) {
        server->metrics.closed_idle_total++;
        push_socket_close(socket, 1002);
    }
    else {
        watch(socket);
    }
}

/* Waits for the end of the connect's token, and with a stranger for the end of patience. */
static void watch(push_socket *socket)
{
    push_deadlines *deadlines = socket->server->sockets->deadlines;
    uint64_t alone = uv_now(socket->server->loop) - socket->alone_since;
    uint64_t left = UINT64_MAX;

    if (socket->identity != NULL) {
        left = push_identity_time_left(socket->identity);
    }
    if (is_stranger(socket)) {
        uint64_t patience = alone < JOIN_TIME ? JOIN_TIME - alone : 0;
        left = patience < left ? patience : left;
    }
    if (left == UINT64_MAX) {
        push_deadline_clear(deadlines, &socket->deadline);
        return;
    }
    push_deadline_set(deadlines, &socket->deadline, left);
}

void push_socket_count_joined(push_socket *socket, int change)
{
    socket->joined_count = (unsigned char)(socket->joined_count + change);
    socket->server->metrics.channels += change;
    if (change > 0) {
        socket->transport->largest = 0; /* and stays so: it has shown who it is */
    }
    if (socket->joined_count == 0) {
        socket->alone_since = uv_now(socket->server->loop);
    }
    if (!socket->is_closing) {
        watch(socket);
    }
}

/* -- What goes out ----------------------------------------------------------------------------------- */

void push_socket_send(push_socket *socket, flx_buffer *buffer)
{
    push_block *block = NULL;

    if (socket->is_closing) {
        flx_buffer_free(buffer);
        return;
    }
    if (!flx_buffer_failed(buffer)) {
        block = push_block_make(buffer->at, buffer->length);
    }
    flx_buffer_free(buffer);
    if (block == NULL) {
        push_log(PUSH_LOG_ERROR, "FLX1104: no memory for an answer");
        push_socket_give_up(socket);
        return;
    }
    socket->transport->functions->send(socket->transport, 0, &block, 1);
}

void push_socket_hold(push_socket *socket)
{
    if (socket->holds++ == 0 && !socket->is_closing) {
        socket->transport->functions->hold(socket->transport);
    }
}

void push_socket_release(push_socket *socket)
{
    if (--socket->holds == 0 && !socket->is_closing) {
        socket->transport->functions->release(socket->transport);
    }
}

static void rested(push_deadline *deadline)
{
    push_socket_release((push_socket *)((char *)deadline - offsetof(push_socket, rest)));
}

void push_socket_rest(push_socket *socket)
{
    if (socket->is_closing || push_deadline_is_set(&socket->rest)) {
        return;
    }
    push_deadline_set(socket->server->sockets->deadlines, &socket->rest, REST_TIME);
    /* without memory it goes on at once */
    if (push_deadline_is_set(&socket->rest)) {
        push_socket_hold(socket);
    }
}

/* -- What comes in ----------------------------------------------------------------------------------- */

static void dispatch(push_socket *socket, const push_frame *frame)
{
    push_channel *channel;

    if (push_slice_is(frame->topic, PUSH_SLICE("\"phoenix\"")) &&
        push_slice_is(frame->event, PUSH_SLICE("\"heartbeat\""))) {
        push_address to = *frame;
        to.join_ref = PUSH_NULL;
        push_reply_ok(socket, &to);
        return;
    }
    if (push_slice_is(frame->event, PUSH_SLICE("\"phx_join\""))) {
        push_join(socket, frame);
        return;
    }
    channel = push_channel_find(socket, frame->topic);
    if (channel == NULL) {
        if (push_slice_is(frame->event, PUSH_SLICE("\"phx_leave\""))) {
            push_reply_ok(socket, frame);
        }
        else {
            push_reply_unmatched(socket, frame);
        }
        return;
    }
    /* One that belongs to an instance that is gone is dropped. */
    if (push_slice_is(frame->join_ref, PUSH_NULL) ||
        push_slice_is(frame->join_ref, push_channel_stored(channel))) {
        push_pushes_take(channel, frame);
    }
}

static void message(push_receiver *receiver, int is_binary, const char *bytes, size_t length)
{
    push_socket *socket = socket_of(receiver);
    push_frame frame;

    /* On the way down nothing new is begun: the client gets no answer but the close, and says it again. */
    if (socket->is_closing || socket->server->is_draining) {
        return;
    }
    if (push_serializer_read(&frame, socket->version, is_binary, bytes, length) != 0) {
        socket->server->metrics.closed_undecodable_total++;
        push_socket_close(socket, 1011);
        return;
    }
    dispatch(socket, &frame);
    push_serializer_free(&frame);
}

static const push_receiver_functions functions = { .message = message, .ended = ended };

push_receiver *push_socket_open(push_server *server, push_transport *transport,
                                const flx_connect *connect, push_identity *identity)
{
    push_socket *socket = calloc(1, sizeof *socket);

    if (socket == NULL) {
        push_identity_release(identity);
        return NULL;
    }
    socket->receiver.functions = &functions;
    socket->server = server;
    socket->transport = transport;
    socket->identity = identity;
    socket->version = (unsigned char)connect->version;
    socket->deadline.reached = look;
    socket->rest.reached = rested;
    transport->largest = PUSH_SOCKET_UNJOINED;
    socket->alone_since = uv_now(server->loop);
    watch(socket);
    return &socket->receiver;
}
