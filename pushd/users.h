/* SPDX-License-Identifier: Apache-2.0 */
/* Whose channels are joined here: users by their id, each with its subscriptions. For subscription.c and catch_up.c. */
#ifndef PUSH_USERS_H
#define PUSH_USERS_H

#include "catch_up.h"
#include "presence.h"
#include "subscription.h"

/* There is one as long as it has a subscription, or presence.c something to say of it. */
typedef struct push_user {
    struct push_user *next; /* in its bucket */
    flx_uuid id;
    push_subscription *first; /* by next_of_user; NULL: it has none any more */
    push_presence_part presence;
} push_user;

struct push_users {
    struct push_server *server;
    push_user **buckets;
    size_t size; /* a power of two */
    size_t count;
    push_catch_up *catch_up;
};

/* NULL if nobody of that id is here. */
push_user *push_users_find(const struct push_users *users, const flx_uuid *id);

/* Puts a subscription to its user. Returns -1 if there is no memory. */
int push_users_add(struct push_users *users, push_subscription *subscription)
    __attribute__((warn_unused_result));

/* Takes it out again; its user goes with the last one, if nobody needs it. */
void push_users_remove(struct push_users *users, push_subscription *subscription);

/* Frees a user without subscriptions that nobody needs any more, and leaves any other one. */
void push_users_let_go(struct push_users *users, push_user *user);

/* Calls something for each subscription; it may not add or remove any. */
void push_users_each(struct push_users *users, void (*call)(push_subscription *subscription));

/* Calls something for each user; it may not add or remove any. */
void push_users_every(struct push_users *users, void (*call)(push_user *user, void *data),
                      void *data);

#endif
