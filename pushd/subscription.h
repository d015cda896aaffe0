/* SPDX-License-Identifier: Apache-2.0 */
/* A joined channel as the event stream sees it: whose events it gets, and up to which position it has
 * them (design.md, 4.10). */
#ifndef PUSH_SUBSCRIPTION_H
#define PUSH_SUBSCRIPTION_H

#include <uv.h>

#include "flx_time.h"
#include "flx_uuid.h"
#include "payload.h"
#include "reach.h"
#include "transport.h"

struct push_server;
struct push_users;
struct push_call;

typedef struct push_subscription push_subscription;

/* What the channel gives. None of them may unsubscribe or free within the call, but for restart and judge. */
typedef struct push_subscriber {
    /* Push the event: payload is lent (share its parts to keep them). */
    void (*push)(push_subscription *subscription, const push_payload *payload);
    /* Bytes that wait to be written to the client. */
    size_t (*backlog)(const push_subscription *subscription);
    /* What carries it. */
    push_transport *(*transport)(const push_subscription *subscription);
    /* The user's tokens were revoked: ask the database about this one again. */
    void (*judge)(push_subscription *subscription);
    /* Another database answers (a fail-over): end the channel so that the client joins and syncs anew. */
    void (*restart)(push_subscription *subscription);
} push_subscriber;

/* Part of the channel. Members above the line are set before push_subscribe, those below are private. */
struct push_subscription {
    const push_subscriber *subscriber;
    struct push_server *server;
    flx_uuid user_id;
    /* an event that the channel caused itself, and had its reply for, is not pushed to it; its successor on the same
     * connection, which does not get the replies that are still due, has another */
    flx_uuid origin;
    /* FLX_CALLER_PARAMETERS of the channel's token, which outlive the subscription */
    const char *const *caller;
    /* ---- */
    flx_time position;
    flx_time live_from; /* what the join reply said */
    flx_time
        pushed_to;  /* what is after live_from and up to here was pushed before the first sync */
    int state;      /* see catch_up.h */
    int has_news;   /* something happened since the last reading began */
    int syncs;      /* syncs of the client that are under way */
    int was_synced; /* one was answered */
    push_reach reach;
    struct push_call *call;
    uint64_t due; /* when a timer of the state ends, in uv_now's time */
    push_subscription *next_of_user;
    push_subscription *previous_of_user;
    push_subscription *next_due;
    push_subscription *previous_due;
};

/* Begins: what happens to the user from now on counts as news. To be called before the database is asked about
 * the token, so that nothing falls in between. Returns 0, or -1 if there is no memory. */
int push_subscribe(push_subscription *subscription) __attribute__((warn_unused_result));

/* The join was accepted, and its reply (with live_from) is sent. Live events are held until the first sync is
 * answered, or for hold_time. */
void push_subscription_joined(push_subscription *subscription, flx_time live_from);

/* A sync of the client, for what comes after a cursor, is about to be sent to the database; each is followed by the next one. */
void push_subscription_syncing(push_subscription *subscription, flx_time cursor);

/* It was answered, and the reply is sent: the cursor in it, and has_more. succeeded 0: it failed, the other two say nothing. */
void push_subscription_synced(push_subscription *subscription, int succeeded, flx_time cursor,
                              int has_more);

/* Ends, in whatever state; its transport still answers progress. */
void push_unsubscribe(push_subscription *subscription);

/* For the stream and its delivery. */

/* A row of the stream. Returns whether the event is to be fetched: somebody here is to be pushed it. */
int push_subscriptions_note(struct push_users *users, const flx_uuid *user_id, flx_time stamp,
                            const flx_uuid *origin);

/* The event of such a row, rendered. origin: the channel that caused it, or NULL. */
void push_subscriptions_deliver(struct push_users *users, const flx_uuid *user_id, flx_time stamp,
                                const flx_uuid *origin, const push_payload *payload);

/* Events of a user were not fetched: its subscriptions read them by sync. */
void push_subscriptions_fall_behind(struct push_users *users, const flx_uuid *user_id);

/* The same for everybody: nobody knows what happened since the last row. */
void push_subscriptions_catch_up_all(struct push_users *users);

/* Calls judge for all subscriptions of a user. */
void push_subscriptions_judge(struct push_users *users, const flx_uuid *user_id);

/* Calls restart for everybody, from the loop. */
void push_subscriptions_restart_all(struct push_users *users);

struct push_users *push_users_make(struct push_server *server);
void push_users_free(struct push_users *users);

#endif
