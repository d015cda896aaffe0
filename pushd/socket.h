/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's socket: one client's connection, its identity and its channels, whatever carries it. */
#ifndef PUSH_SOCKET_H
#define PUSH_SOCKET_H

#include "application.h"
#include "deadline.h"
#include "identity.h"
#include "serializer.h"

/* Joined at once; the 101st is refused. */
#define PUSH_SOCKET_CHANNELS 100

typedef struct push_channel push_channel;

/* Bytes of a message, at most, before the first join: a join has a token and little else. Whoever has no token is not
 * to fill the memory. */
#define PUSH_SOCKET_UNJOINED ((size_t)64 * 1024)

/* What all sockets share. */
struct push_sockets {
    push_deadlines *deadlines;
    /* what stands behind a payload in version 2 */
    push_block *end;
};

typedef struct push_socket {
    push_receiver receiver; /* the first member */
    struct push_server *server;
    push_transport *transport;
    /* of the connect; NULL if that had no token */
    push_identity *identity;
    /* the channels that are joined, and the one that is being joined */
    push_channel *channels;
    push_deadline deadline;
    push_deadline rest; /* no message is taken until then */
    /* since when no channel is joined, in uv_now's time: a connection without a token gets a minute for that */
    uint64_t alone_since;
    unsigned char version; /* of the serializer */
    unsigned char is_closing;
    unsigned char channel_count;
    unsigned char joined_count;
    unsigned holds; /* who wants no message for now */
} push_socket;

extern const push_application push_phoenix;

/* NULL if there is no memory. */
struct push_sockets *push_sockets_make(struct push_server *server);
void push_sockets_free(struct push_sockets *sockets);

/* push_application's open. */
push_receiver *push_socket_open(struct push_server *server, push_transport *transport,
                                const flx_connect *connect, push_identity *identity);

/* Closes the connection with a code; all channels end at once, without a word. */
void push_socket_close(push_socket *socket, unsigned code);

/* The same with 1011, but the channels stay until the transport has ended: for where somebody above still uses
 * them. */
void push_socket_give_up(push_socket *socket);

/* Sends what the buffer holds as one text, and frees it. One that has failed makes the socket give up. */
void push_socket_send(push_socket *socket, flx_buffer *buffer);

/* Take no message from the client until each hold was released. */
void push_socket_hold(push_socket *socket);
void push_socket_release(push_socket *socket);

/* Takes no message for a moment, after a token that is none: guessing is not to be quick, nor is it to cost much. */
void push_socket_rest(push_socket *socket);

/* A channel was joined, or (-1) one that was joined is not any more. */
void push_socket_count_joined(push_socket *socket, int change);

#endif
