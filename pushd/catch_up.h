/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions that are behind read on, page by page, until they are live; and what else of theirs waits for a time. */
#ifndef PUSH_CATCH_UP_H
#define PUSH_CATCH_UP_H

#include "subscription.h"

typedef struct push_catch_up push_catch_up;

/* push_subscription.state. */
enum {
    PUSH_JOINING, /* subscribed; the database has not answered for the token yet */
    PUSH_HOLDING, /* joined; the first sync, or the end of hold_time, is waited for */
    PUSH_LIVE,    /* what comes from the stream is pushed at once */
    PUSH_BEHIND,  /* what comes from the stream is only noted: it is read by sync */
    PUSH_ENDING   /* restart is about to be called */
};

/* push_subscription.has_news: bits. */
enum {
    PUSH_NEWS = 1,
    PUSH_NEWS_BEFORE_SYNC =
        2,            /* of before a sync of the client that is under way: its answer has it */
    PUSH_TO_JUDGE = 4 /* not news: judge is still to be called */
};

/* What a subscription waits for; one thing at a time. */
typedef enum push_wait {
    PUSH_WAIT_HOLD,    /* the end of hold_time */
    PUSH_WAIT_CLIENT,  /* whether the client goes on to page by itself */
    PUSH_WAIT_ROOM,    /* that the client reads what is queued for it */
    PUSH_WAIT_PAGE,    /* a moment between two pages */
    PUSH_WAIT_RETRY,   /* after a reading that failed */
    PUSH_WAIT_TURN,    /* its turn to read */
    PUSH_WAIT_RESTART, /* its turn to be ended */
    PUSH_WAITS
} push_wait;

push_catch_up *push_catch_up_make(struct push_server *server);
void push_catch_up_free(push_catch_up *catch_up);

/* Lets a subscription wait, for this instead of what it waited for. */
void push_catch_up_wait(push_catch_up *catch_up, push_subscription *subscription, push_wait wait);

/* It waits for nothing any more, and a reading that is under way is forgotten. */
void push_catch_up_leave(push_catch_up *catch_up, push_subscription *subscription);

/* It waits for nothing any more. */
void push_catch_up_stop_waiting(push_subscription *subscription);

#endif
