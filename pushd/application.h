/* SPDX-License-Identifier: Apache-2.0 */
/* What the transports serve: Phoenix's protocol in flixim-pushd, an echo in flixim-wsecho. */
#ifndef PUSH_APPLICATION_H
#define PUSH_APPLICATION_H

#include "exchange.h"
#include "flx_upgrade.h"
#include "transport.h"

struct push_server;

/* Who connects, as the application judged it; the application's own, opaque here. */
typedef struct push_identity push_identity;

/* The judgement of a connect: status 0 and an identity, which is then the receiver's of done; or the HTTP status
 * to refuse with (403, 429, 503) and NULL. */
typedef void push_connected(void *data, int status, push_identity *identity);

typedef struct push_application {
    /* Any path is the WebSocket's, but that of long-poll: flixim-wsecho has nothing else. */
    int is_bare;
    /* Judges who asks for a WebSocket: calls done once, at once or later. Returns NULL if done was called, or a
     * ticket with which forget takes the question back (done is then not called). */
    void *(*connect)(struct push_server *server, const flx_connect *connect, int is_local,
                     push_connected *done, void *data);
    void (*forget)(void *ticket);
    /* An open transport: makes its receiver, to which the identity then belongs. NULL if there is no
     * memory: the identity is given back, and the transport closes with 1011. */
    push_receiver *(*open)(struct push_server *server, push_transport *transport,
                           const flx_connect *connect, push_identity *identity);
    /* Gives an identity back that came to nothing; NULL is fine. */
    void (*drop)(push_identity *identity);
    /* How many bytes of its body are worth reading, once a request's head is there; more are answered 413. 0: it is answered
     * at once, without its body, and the connection ends. SIZE_MAX, or no such function: PUSH_REQUEST_BODY. */
    size_t (*body_size)(struct push_server *server, const flx_request *request);
    /* Answers a request for anything but the WebSocket, whose body has been read, now or later. */
    void (*answer)(struct push_server *server, push_exchange *exchange);
} push_application;

#endif
