/* SPDX-License-Identifier: Apache-2.0 */
/* What carries messages between a client and its socket (in Phoenix's sense): a WebSocket connection, or
 * a long-poll session. Neither side knows more of the other than this. */
#ifndef PUSH_TRANSPORT_H
#define PUSH_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "block.h"

typedef struct push_transport push_transport;

/* How far along the way to the client, in push_transport_functions' progress. */
typedef enum push_stage {
    PUSH_SENT,    /* send was called */
    PUSH_ARRIVED, /* the client's system has it, by the kernel's word or else by the client's own; takes a system call */
    PUSH_PROVEN,  /* it was written before the client was last heard from */
    PUSH_HEARD /* and when that was, in uv_now's time; UINT64_MAX: whatever the client says is an answer to what it was sent */
} push_stage;

typedef struct push_transport_functions {
    /* Sends one message, text or binary, that consists of count blocks one behind the other. Takes
     * over one reference of each, whatever happens. Never calls back. More than the transport's
     * queue takes ends it a little later. */
    void (*send)(push_transport *transport, int is_binary, push_block *const *blocks, int count);
    /* Ends it with a close code (RFC 6455, 7.4; a long-poll session just ends), after what was sent
     * before. No message comes any more; ended does, later, never from within this call. */
    void (*close)(push_transport *transport, unsigned code);
    /* Deliver no message from now on (hold), or go on (release; never calls back within it). They do not
     * nest. What the client sends meanwhile stays in its connection. */
    void (*hold)(push_transport *transport);
    void (*release)(push_transport *transport);
    /* Bytes that are sent and not yet written to the kernel. */
    size_t (*backlog)(const push_transport *transport);
    /* How much has come so far, in units of the transport's own which are only good to be compared. PUSH_SENT is UINT64_MAX once
     * nothing that is sent goes out any more: none of it will ever have come. */
    uint64_t (*progress)(const push_transport *transport, push_stage stage);
    /* Asks for a sign of life where PUSH_ARRIVED takes one and the client was heard from since it was last asked. NULL: clients
     * come by themselves. */
    void (*ask)(push_transport *transport);
} push_transport_functions;

/* The first member of every transport. */
struct push_transport {
    const push_transport_functions *functions;
    /* Bytes of a message, at most, as long as the receiver does not trust its client: it may set this at any time.
     * 0: as many as the transport takes. */
    size_t largest;
};

/* The receiving side, which the application gives. */
typedef struct push_receiver push_receiver;

typedef struct push_receiver_functions {
    /* A whole message; its bytes are lent for the call. A text is well-formed UTF-8. */
    void (*message)(push_receiver *receiver, int is_binary, const char *bytes, size_t length);
    /* The transport is gone, whoever ended it: the last call of all. The receiver calls nothing of
     * the transport any more but, within this call, progress, and may free itself. */
    void (*ended)(push_receiver *receiver);
} push_receiver_functions;

/* The first member of every receiver. */
struct push_receiver {
    const push_receiver_functions *functions;
};

#endif
