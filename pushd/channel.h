/* SPDX-License-Identifier: Apache-2.0 */
/* A channel: one topic that a socket has joined, the requests that wait in it, and its place in the event
 * stream. */
#ifndef PUSH_CHANNEL_H
#define PUSH_CHANNEL_H

#include "database.h"
#include "socket.h"
#include "subscription.h"

/* "user:" and a UUID, as a JSON string. */
#define PUSH_TOPIC_LENGTH (sizeof("\"user:\"") - 1 + FLX_UUID_TEXT)

/* Bytes of a payload; a longer one is refused. */
#define PUSH_PAYLOAD_LENGTH ((size_t)256 * 1024)

/* From the heap; its socket's list holds it until push_channel_end. */
struct push_channel {
    push_subscription subscription; /* the first member; it has the user, and so the topic */
    push_socket *socket;
    push_channel *next;
    push_identity *identity;
    /* the end of the token, or of what delays the join */
    push_deadline deadline;
    /* the join's join_ref and, behind it, its ref: JSON */
    char *refs;
    unsigned short join_ref_length;
    unsigned short ref_length;
    unsigned char is_subscribed;
    unsigned char is_joined;
    unsigned char is_leaving;   /* a phx_leave waits in the queue */
    unsigned char is_holding;   /* the queue is full */
    unsigned char must_judge;   /* the token is to be judged (again) */
    unsigned char must_restart; /* as soon as it is joined */
    unsigned queued;
    size_t queued_bytes;
    struct push_request *first; /* under way, or about to be */
    struct push_request *last;
    push_call *call;    /* of the join, or of the first request */
    push_call *judging; /* of a revocation */
    /* what stands before and behind an event's payload; NULL until the first one */
    push_block *head;
    push_block *tail;
    /* the instance that this one replaces still wants its phx_close, with this join_ref; NULL: none does */
    char *replaced;
};

/* The channel of a topic, a JSON value; NULL if it is not joined. */
push_channel *push_channel_find(const push_socket *socket, flx_slice topic);

/* Makes a channel for a join and puts it in its socket's list; takes over the reference to identity. NULL if there is
 * no memory; the identity is then released. */
push_channel *push_channel_make(push_socket *socket, const push_frame *join,
                                const flx_uuid *user_id, push_identity *identity)
    __attribute__((warn_unused_result));

/* Writes its topic, a JSON string. */
flx_slice push_channel_topic(const push_channel *channel, char text[PUSH_TOPIC_LENGTH]);

/* The join_ref of its join, null if that had none; and the one that its replies and pushes show. */
flx_slice push_channel_stored(const push_channel *channel);
flx_slice push_channel_shown(const push_channel *channel);

/* Takes it off its socket and frees it, without a word to the client. Nothing that it waits for calls back. */
void push_channel_end(push_channel *channel);

/* Ends it with phx_error: the client joins again, and syncs. */
void push_channel_crash(push_channel *channel);

/* Asks the database about its token (again); the connection is closed if that does not count any more. */
void push_channel_judge(push_channel *channel);

/* Its token was judged good until that token's end: from now on that end is watched. */
void push_channel_watch(push_channel *channel);

#endif
