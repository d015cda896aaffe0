/* SPDX-License-Identifier: Apache-2.0 */
/* What a socket says to its client beside the events that are pushed: replies, phx_close, phx_error. */
#ifndef PUSH_REPLY_H
#define PUSH_REPLY_H

#include "flx_form.h"
#include "flx_outcome.h"
#include "socket.h"

/* What a reply goes to: join_ref, ref and topic are looked at. */
typedef push_frame push_address;

/* Why something is refused. */
typedef struct push_refusal {
    const char *reason;
    const char *code; /* NULL: none, as in the replies that Phoenix itself makes */
    const flx_fault *faults;
    int fault_count;
} push_refusal;

/* A reply whose response is written by the caller between the two: one JSON object. The second sends it. */
void push_reply_begin(flx_buffer *buffer, const push_socket *socket, const push_address *to);
void push_reply_end(flx_buffer *buffer, push_socket *socket, const push_address *to);

/* Status ok and an empty object. */
void push_reply_ok(push_socket *socket, const push_address *to);

/* Status error. */
void push_reply_error(push_socket *socket, const push_address *to, const push_refusal *refusal);

/* The same for an outcome, with its reason and code. */
void push_reply_outcome(push_socket *socket, const push_address *to, flx_outcome outcome);

/* "unmatched topic", as Phoenix says it: join_ref is null. */
void push_reply_unmatched(push_socket *socket, const push_address *to);

/* phx_close and phx_error of a channel with this join_ref. */
void push_reply_closed(push_socket *socket, flx_slice join_ref, flx_slice topic);
void push_reply_crashed(push_socket *socket, flx_slice join_ref, flx_slice topic);

#endif
