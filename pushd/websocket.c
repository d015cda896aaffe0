/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket (RFC 6455) over a connection: messages for its receiver, frames for the client. */
#include "websocket.h"

#include "flush.h"
#include "flx_utf8.h"
#include "frames.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

#define MESSAGE_ROOM 4096 /* what a message that comes in parts begins with */
#define COPIED                                                                                     \
    4096 /* a frame that is no longer is sent as one block: to copy it costs less than to queue and write several */

typedef struct websocket {
    push_transport transport;
    push_connection *connection;
    push_receiver *receiver;
    push_reader *reader; /* while a frame or message is in flight */
    char *message;       /* what has come of it, if it comes in parts */
    size_t length;
    size_t room;
    uint64_t began; /* when the message, or frame, in flight did; 0: none is */
    unsigned fragments;
    int opcode; /* of the message in flight; CONTINUATION: none is */
    flx_utf8_state utf8;
    int control_length;
    int is_held;
    int is_closing; /* a close frame is sent */
    int is_asked;   /* a ping was sent, and nothing has come since */
} websocket;

static websocket *of_transport(push_transport *transport)
{
    return (websocket *)(void *)transport;
}

static const websocket *of_const_transport(const push_transport *transport)
{
    return (const websocket *)(const void *)transport;
}

/* ---- sending ---- */

/* The header of an unmasked final frame. Returns its length. */
static size_t write_header(char *header, int opcode, size_t length)
{
    unsigned i;

    header[0] = (char)(0x80 | opcode);
    if (length < 126) {
        header[1] = (char)length;
        return 2;
    }
    if (length < 65536) {
        header[1] = 126;
        header[2] = (char)(length >> 8);
        header[3] = (char)(length & 0xFF);
        return 4;
    }
    header[1] = 127;
    for (i = 0; i < 8; i++) {
        header[2 + i] = (char)((uint64_t)length >> (56 - 8 * i) & 0xFF);
    }
    return 10;
}

/* A whole small frame. A connection for which there is no memory is cut. */
static void send_small(websocket *socket, int opcode, const char *payload, size_t length)
{
    char frame[2 + PUSH_FRAME_CONTROL];
    size_t header = write_header(frame, opcode, length);
    push_block *block;

    if (length > 0) {
        memcpy(frame + header, payload, length);
    }
    block = push_block_make(frame, header + length);
    if (block == NULL) {
        push_connection_cut(socket->connection);
        return;
    }
    push_connection_send(socket->connection, block, 1);
}

static void drop_reader(websocket *socket)
{
    if (socket->reader != NULL) {
        push_frames_detach(push_connections_frames(socket->connection->server->connections),
                           socket->reader);
        socket->reader = NULL;
    }
}

static void drop_message(websocket *socket)
{
    free(socket->message);
    socket->message = NULL;
    socket->length = 0;
    socket->room = 0;
    socket->fragments = 0;
    socket->opcode = CONTINUATION;
    memset(&socket->utf8, 0, sizeof socket->utf8);
}

/* Sends a close frame, the last one, and ends the connection once it is written. */
static void close_with(websocket *socket, unsigned code)
{
    char payload[2] = { (char)(code >> 8), (char)(code & 0xFF) };

    if (socket->is_closing) {
        return;
    }
    socket->is_closing = 1;
    send_small(socket, CLOSE, payload, sizeof payload);
    push_connection_finish(socket->connection);
}

/* Whether so many more bytes may wait. If not, those that wait are dropped, and the socket closes. */
static int has_room(websocket *socket, size_t bytes)
{
    push_server *server = socket->connection->server;
    size_t limit = (size_t)server->settings->queue_size;
    size_t waiting = push_connection_backlog(socket->connection);

    if (waiting + bytes > limit) {
        /* perhaps it only was not tried yet to write it */
        push_flush(socket->connection);
        waiting = push_connection_backlog(socket->connection);
    }
    /* One that is longer than the whole queue goes if it is alone: the client would come back for it for ever. */
    if (waiting + bytes <= limit || waiting == 0) {
        return 1;
    }
    server->metrics.closed_slow_reader_total++;
    push_connection_drop(socket->connection);
    close_with(socket, 1013);
    return 0;
}

static void release_all(push_block *const *blocks, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        push_block_release(blocks[i]);
    }
}

/* Header and blocks in one block; NULL if there is no memory. */
static push_block *copy_together(const char *header, size_t header_length,
                                 push_block *const *blocks, int count, size_t length)
{
    push_block *whole = push_block_make(NULL, header_length + length);
    char *at;
    int i;

    if (whole == NULL) {
        return NULL;
    }
    at = whole->bytes;
    memcpy(at, header, header_length);
    at += header_length;
    for (i = 0; i < count; i++) {
        memcpy(at, blocks[i]->bytes, blocks[i]->length);
        at += blocks[i]->length;
    }
    return whole;
}

static void send_message(push_transport *transport, int is_binary, push_block *const *blocks,
                         int count)
{
    websocket *socket = of_transport(transport);
    char header[10];
    push_block *head;
    size_t length = 0, header_length;
    int is_copied, i;

    for (i = 0; i < count; i++) {
        length += blocks[i]->length;
    }
    if (socket->is_closing || !has_room(socket, length + sizeof header)) {
        release_all(blocks, count);
        return;
    }
    header_length = write_header(header, is_binary ? BINARY : TEXT, length);
    is_copied = header_length + length <= COPIED;
    head = is_copied ? copy_together(header, header_length, blocks, count, length)
                     : push_block_make(header, header_length);
    if (head == NULL) {
        release_all(blocks, count);
        push_connection_cut(socket->connection);
        return;
    }
    socket->connection->server->metrics.messages_sent_total++;
    push_connection_send(socket->connection, head, is_copied || count == 0);
    if (is_copied) {
        release_all(blocks, count);
        return;
    }
    for (i = 0; i < count; i++) {
        push_connection_send(socket->connection, blocks[i], i == count - 1);
    }
}

static void close_transport(push_transport *transport, unsigned code)
{
    close_with(of_transport(transport), code);
}

static void hold(push_transport *transport)
{
    websocket *socket = of_transport(transport);

    socket->is_held = 1;
    push_connection_pause(socket->connection, 0);
}

static void release(push_transport *transport)
{
    websocket *socket = of_transport(transport);

    socket->is_held = 0;
    push_connection_resume(socket->connection);
}

static size_t backlog(const push_transport *transport)
{
    return push_connection_backlog(of_const_transport(transport)->connection);
}

static uint64_t progress(const push_transport *transport, push_stage stage)
{
    const websocket *socket = of_const_transport(transport);

    return stage == PUSH_PROVEN    ? socket->connection->proven
           : stage == PUSH_HEARD   ? socket->connection->heard
           : stage == PUSH_ARRIVED ? push_progress_arrived(socket->connection)
           : socket->is_closing    ? UINT64_MAX
                                   : push_progress_sent(socket->connection);
}

static void ask(push_transport *transport)
{
    websocket *socket = of_transport(transport);

    if (socket->connection->is_tunnelled && !socket->is_asked && !socket->is_closing &&
        has_room(socket, 2)) {
        socket->is_asked = 1;
        socket->connection->server->metrics.pings_sent_total++;
        send_small(socket, PING, NULL, 0);
    }
}

static const push_transport_functions functions = {
    .send = send_message,
    .close = close_transport,
    .hold = hold,
    .release = release,
    .backlog = backlog,
    .progress = progress,
    .ask = ask,
};

/* ---- receiving ---- */

static int fail(websocket *socket, unsigned code)
{
    push_metrics *metrics = &socket->connection->server->metrics;

    if (code == 1009) {
        metrics->closed_size_total++;
    }
    else {
        metrics->closed_protocol_total++;
    }
    close_with(socket, code);
    return -1;
}

/* What must be right in a header, also if nothing but that has come. length is 0 as long as it is not known. */
static int check_header(websocket *socket, const push_piece *frame)
{
    size_t limit = (size_t)socket->connection->server->settings->frame_size;
    size_t largest = socket->transport.largest;
    int is_control = frame->opcode >= CLOSE;

    if (largest > 0 && largest < limit) {
        limit = largest;
    }
    if (frame->rsv != 0 || !frame->is_masked || frame->opcode > PONG ||
        (frame->opcode > BINARY && frame->opcode < CLOSE) ||
        (is_control && (!frame->is_final || frame->length > PUSH_FRAME_CONTROL)) ||
        (!is_control && (frame->opcode == CONTINUATION) != (socket->opcode != CONTINUATION))) {
        return fail(socket, 1002);
    }
    if (!is_control && (frame->length > limit || socket->length > limit - (size_t)frame->length)) {
        return fail(socket, 1009);
    }
    return 0;
}

static int append(websocket *socket, const char *bytes, size_t count)
{
    if (socket->room - socket->length < count) {
        size_t room = socket->room > 0 ? socket->room : MESSAGE_ROOM;
        char *message;

        while (room - socket->length < count) {
            room *= 2;
        }
        message = realloc(socket->message, room);
        if (message == NULL) {
            close_with(socket, 1011);
            return -1;
        }
        socket->message = message;
        socket->room = room;
    }
    if (count > 0) {
        memcpy(socket->message + socket->length, bytes, count);
        socket->length += count;
    }
    return 0;
}

static void deliver(websocket *socket, const char *bytes, size_t length)
{
    int is_binary = socket->opcode == BINARY;
    char *message = socket->message; /* lent for the call, whatever that does */

    socket->message = NULL;
    drop_message(socket);
    socket->began = 0;
    socket->connection->server->metrics.messages_received_total++;
    socket->receiver->functions->message(socket->receiver, is_binary, bytes, length);
    free(message);
}

/* A part of a data frame. Returns -1 if that is the end of the socket. */
static int take_data(websocket *socket, const push_piece *piece)
{
    if (piece->is_first) {
        socket->fragments++;
        if (piece->opcode != CONTINUATION) {
            socket->opcode = piece->opcode;
        }
        if (socket->fragments > (unsigned)socket->connection->server->settings->fragments) {
            return fail(socket, 1009);
        }
    }
    if (socket->opcode == TEXT && flx_utf8_take(&socket->utf8, piece->at, piece->count) != 0) {
        return fail(socket, 1007);
    }
    if (piece->is_last && piece->is_final) {
        if (socket->utf8.missing > 0) {
            return fail(socket, 1007);
        }
        if (socket->length == 0) {
            deliver(socket, piece->count > 0 ? piece->at : "", piece->count);
            return 0;
        }
        if (append(socket, piece->at, piece->count) != 0) {
            return -1;
        }
        deliver(socket, socket->message, socket->length);
        return 0;
    }
    return append(socket, piece->at, piece->count);
}

/* The client says goodbye: 1000 is the answer to whatever it says well. */
static int answer_close(websocket *socket, const char *payload, size_t length)
{
    unsigned code;

    if (length == 1) {
        return fail(socket, 1002);
    }
    if (length >= 2) {
        code = (unsigned)(unsigned char)payload[0] << 8 | (unsigned char)payload[1];
        if (!((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
              (code >= 3000 && code <= 4999))) {
            return fail(socket, 1002);
        }
        if (!flx_utf8_valid(payload + 2, length - 2)) {
            return fail(socket, 1007);
        }
    }
    close_with(socket, 1000);
    return -1;
}

static int take_control(websocket *socket, const push_piece *piece)
{
    char *payload = push_reader_control(socket->reader);
    size_t length;

    if (piece->is_first) {
        socket->control_length = 0;
    }
    if (piece->count > 0) {
        memcpy(payload + socket->control_length, piece->at, piece->count);
        socket->control_length += (int)piece->count;
    }
    if (!piece->is_last) {
        return 0;
    }
    length = (size_t)socket->control_length;
    if (socket->opcode == CONTINUATION) {
        socket->began = 0;
    }
    if (piece->opcode == CLOSE) {
        return answer_close(socket, payload, length);
    }
    if (piece->opcode == PING && has_room(socket, length + 2)) {
        send_small(socket, PONG, payload, length);
    }
    return socket->is_closing ? -1 : 0;
}

static int take_piece(websocket *socket, const push_piece *piece)
{
    if (piece->is_first && check_header(socket, piece) != 0) {
        return -1;
    }
    return piece->opcode >= CLOSE ? take_control(socket, piece) : take_data(socket, piece);
}

static int is_alive(const websocket *socket)
{
    return !socket->is_closing && socket->connection->phase == PUSH_CONNECTION_OPEN;
}

/* Reads frames until there are no more bytes, or the receiver wants no more messages. */
static void read_frames(websocket *socket)
{
    push_piece piece;

    while (is_alive(socket) && !socket->is_held) {
        int got = push_reader_read(socket->reader, &piece);
        if (got < 0) {
            fail(socket, 1002);
        }
        else if (got == 0) {
            if (push_reader_peek(socket->reader, &piece)) {
                (void)check_header(socket, &piece);
            }
            break;
        }
        else if (take_piece(socket, &piece) != 0) {
            break;
        }
    }
}

static uint64_t now_of(const websocket *socket)
{
    return uv_now(socket->connection->server->loop);
}

/* When somebody must look again: the message in flight takes too long, or nothing was heard. */
static void set_deadline(websocket *socket)
{
    const push_settings *settings = socket->connection->server->settings;
    uint64_t due = socket->connection->heard + (uint64_t)settings->idle_time;

    if (socket->began != 0 && socket->began + (uint64_t)settings->message_time < due) {
        due = socket->began + (uint64_t)settings->message_time;
    }
    push_connection_set_deadline(socket->connection, due);
}

static size_t received(push_connection *connection, char *bytes, size_t length)
{
    websocket *socket = connection->state;
    size_t unread;
    int was_in_flight = socket->began != 0;

    socket->is_asked = 0;
    if (socket->reader == NULL) {
        if (length == 0) {
            return 0;
        }
        socket->reader =
            push_frames_attach(push_connections_frames(connection->server->connections));
        if (socket->reader == NULL) {
            close_with(socket, 1011);
            return length;
        }
    }
    push_reader_feed(socket->reader, bytes, length);
    read_frames(socket);
    if (!is_alive(socket)) {
        drop_reader(socket);
        drop_message(socket);
        return length;
    }
    unread = push_reader_unread(socket->reader);
    push_reader_feed(socket->reader, NULL, 0);
    if (push_reader_is_idle(socket->reader) && socket->opcode == CONTINUATION) {
        drop_reader(socket);
        socket->began = 0;
    }
    else if (socket->began == 0) {
        socket->began = now_of(socket);
        set_deadline(socket);
    }
    if (was_in_flight && socket->began == 0) {
        set_deadline(socket);
    }
    return length - unread;
}

static void hung_up(push_connection *connection)
{
    push_connection_cut(connection);
}

static void expired(push_connection *connection)
{
    websocket *socket = connection->state;
    const push_settings *settings = connection->server->settings;
    uint64_t now = now_of(socket);

    if (socket->is_held) {
        /* it is us who do not read */
        socket->began = socket->began != 0 ? now : 0;
        push_connection_set_deadline(connection, now + (uint64_t)settings->message_time);
    }
    else if (socket->began != 0 && now - socket->began >= (uint64_t)settings->message_time) {
        connection->server->metrics.closed_slow_writer_total++;
        close_with(socket, 1008);
    }
    else if (now - connection->heard >= (uint64_t)settings->idle_time) {
        connection->server->metrics.closed_idle_total++;
        close_with(socket, 1002);
    }
    else {
        set_deadline(socket);
    }
}

static void drain(push_connection *connection)
{
    close_with(connection->state, 1012);
}

static void ended(push_connection *connection)
{
    websocket *socket = connection->state;

    drop_reader(socket);
    drop_message(socket);
    connection->server->metrics.websockets--;
    if (socket->receiver != NULL) {
        socket->receiver->functions->ended(socket->receiver);
    }
    free(socket);
}

static const push_protocol protocol = {
    .received = received,
    .hung_up = hung_up,
    .expired = expired,
    .drain = drain,
    .ended = ended,
};

int push_websocket_open(push_connection *connection, const flx_connect *connect,
                        push_identity *identity)
{
    const push_application *application = connection->server->application;
    websocket *socket = calloc(1, sizeof *socket);

    if (socket == NULL) {
        application->drop(identity);
        push_connection_cut(connection);
        return -1;
    }
    socket->transport.functions = &functions;
    socket->connection = connection;
    connection->server->metrics.websockets++;
    push_connection_speak(connection, &protocol, socket);
    set_deadline(socket);
    socket->receiver = application->open(connection->server, &socket->transport, connect, identity);
    if (socket->receiver == NULL) {
        close_with(socket, 1011);
    }
    return 0;
}
