/* SPDX-License-Identifier: Apache-2.0 */
/* A joined channel as the event stream sees it: whose events it gets, and up to which position it has them. */
#include "subscription.h"

#include <string.h>

#include "catch_up.h"
#include "presence.h"
#include "server.h"
#include "users.h"

/* Why nothing is lost and nothing comes twice.
 *
 * A user's stamps rise in the order of commits, so "all up to the position" says exactly what the client has. The
 * position only moves over events that were pushed, that a sync's reply has, or that the connection caused itself.
 *
 * A subscription begins before the database is asked about the token. The answer's live_from covers all that was
 * committed by then; what is committed later comes by the stream, and is noted.
 *
 * While it is live, each row of the stream after its position is fetched and pushed, in order, since rows and fetches keep
 * their order. In any other state a row only sets has_news. A reading by sync clears has_news before it begins: a row
 * that was noted before is visible to it, as the stream shows rows after their commit; one that is noted meanwhile makes it
 * read again. It goes live only where a reading that found the end met no news. So there is no moment between the two in
 * which a row could be missed. A row that is fetched for a live subscription, and comes back when that is behind, is news again; one
 * that comes back when it was read by sync already is not after the position.
 *
 * A sync of the client is a reading as well: what was noted before it was sent is in its reply, if it succeeds and there is no more. */

static struct push_users *users_of(const push_subscription *subscription)
{
    return subscription->server->users;
}

static int has_news(const push_subscription *subscription)
{
    return (subscription->has_news & (PUSH_NEWS | PUSH_NEWS_BEFORE_SYNC)) != 0;
}

static void advance(push_subscription *subscription, flx_time position)
{
    if (position > subscription->position) {
        subscription->position = position;
    }
}

int push_subscribe(push_subscription *subscription)
{
    subscription->position = FLX_TIME_MIN;
    subscription->live_from = FLX_TIME_MIN;
    subscription->pushed_to = FLX_TIME_MIN;
    subscription->state = PUSH_JOINING;
    subscription->has_news = 0;
    subscription->syncs = 0;
    subscription->was_synced = 0;
    subscription->call = NULL;
    subscription->next_due = NULL;
    subscription->previous_due = NULL;
    push_reach_init(subscription);
    return push_users_add(users_of(subscription), subscription);
}

void push_unsubscribe(push_subscription *subscription)
{
    push_catch_up_leave(users_of(subscription)->catch_up, subscription);
    if (subscription->reach.proven != PUSH_REACH_NONE) {
        push_reach_end(subscription);
        push_presence_missed(subscription->server->presence, subscription,
                             subscription->reach.proven);
    }
    push_users_remove(users_of(subscription), subscription);
}

/* It reads on, after a wait for this. A reading that is under way goes on instead. */
static void fall_behind(push_subscription *subscription, push_wait wait)
{
    subscription->state = PUSH_BEHIND;
    if (subscription->call == NULL) {
        push_catch_up_wait(users_of(subscription)->catch_up, subscription, wait);
    }
}

static void go_live(push_subscription *subscription)
{
    push_catch_up_stop_waiting(subscription);
    subscription->state = PUSH_LIVE;
}

void push_subscription_joined(push_subscription *subscription, flx_time live_from)
{
    /* While it was joining, the position was the newest row that was noted. */
    if (subscription->position > live_from) {
        subscription->has_news |= PUSH_NEWS;
    }
    subscription->position = live_from;
    subscription->live_from = live_from;
    push_reach_joined(subscription);
    push_presence_changed(subscription->server->presence, subscription);
    if (subscription->state == PUSH_ENDING) {
        return;
    }
    subscription->state = PUSH_HOLDING;
    push_catch_up_wait(users_of(subscription)->catch_up, subscription, PUSH_WAIT_HOLD);
}

void push_subscription_syncing(push_subscription *subscription, flx_time cursor)
{
    if (!subscription->was_synced) {
        push_reach_syncing(subscription, cursor);
    }
    if (subscription->syncs++ == 0 && (subscription->has_news & PUSH_NEWS)) {
        subscription->has_news &= ~PUSH_NEWS;
        subscription->has_news |= PUSH_NEWS_BEFORE_SYNC;
    }
}

/* The first reply says where the client is. What it had been pushed before, as hold_time was over, it is not to be
 * pushed again. */
static void set_position(push_subscription *subscription, flx_time cursor, int has_more)
{
    subscription->was_synced = 1;
    if (has_more && cursor < subscription->position) {
        push_catch_up_leave(users_of(subscription)->catch_up, subscription);
        subscription->pushed_to = subscription->position;
        subscription->position = cursor;
        return;
    }
    advance(subscription, cursor);
}

void push_subscription_synced(push_subscription *subscription, int succeeded, flx_time cursor,
                              int has_more)
{
    int is_first = !subscription->was_synced;
    flx_time before = subscription->position;

    subscription->syncs--;
    if (subscription->state == PUSH_ENDING) {
        return;
    }
    /* A reply that has not all of it may not have what was noted: a reading under way is not to end with that. */
    if ((!succeeded || has_more) && (subscription->has_news & PUSH_NEWS_BEFORE_SYNC)) {
        subscription->has_news |= PUSH_NEWS;
    }
    subscription->has_news &= ~PUSH_NEWS_BEFORE_SYNC;
    if (!succeeded) {
        /* its turn may have come meanwhile */
        if (subscription->state == PUSH_BEHIND && subscription->next_due == NULL) {
            fall_behind(subscription, PUSH_WAIT_TURN);
        }
        return;
    }
    if (is_first) {
        set_position(subscription, cursor, has_more);
    }
    else {
        advance(subscription, cursor);
    }
    push_reach_sent(subscription, before, is_first);
    if (is_first) {
        push_presence_changed(subscription->server->presence, subscription);
    }
    if (has_more && (is_first || subscription->state == PUSH_BEHIND)) {
        fall_behind(subscription, PUSH_WAIT_CLIENT);
    }
    else if (subscription->state == PUSH_HOLDING || subscription->state == PUSH_BEHIND) {
        if (has_news(subscription)) {
            fall_behind(subscription, PUSH_WAIT_TURN);
        }
        else if (subscription->call == NULL) {
            go_live(subscription);
        }
    }
}

static int is_own(const push_subscription *subscription, const flx_uuid *origin)
{
    return origin != NULL && memcmp(origin->bytes, subscription->origin.bytes, FLX_UUID_BYTES) == 0;
}

/* A row for a subscription that is not live. */
static void note(push_subscription *subscription, flx_time stamp)
{
    if (stamp <= subscription->position) {
        return;
    }
    if (subscription->state == PUSH_JOINING) {
        subscription->position = stamp;
    }
    else {
        subscription->has_news |= PUSH_NEWS;
    }
}

int push_subscriptions_note(struct push_users *users, const flx_uuid *user_id, flx_time stamp,
                            const flx_uuid *origin)
{
    const push_user *user = push_users_find(users, user_id);
    push_subscription *subscription = user != NULL ? user->first : NULL;
    int is_wanted = 0;

    for (; subscription != NULL; subscription = subscription->next_of_user) {
        if (subscription->state != PUSH_LIVE) {
            note(subscription, stamp);
        }
        /* The position stays where it is for an event of its own: others may be on their way before it. */
        else if (stamp > subscription->position && !is_own(subscription, origin)) {
            is_wanted = 1;
        }
    }
    return is_wanted;
}

void push_subscriptions_deliver(struct push_users *users, const flx_uuid *user_id, flx_time stamp,
                                const flx_uuid *origin, const push_payload *payload)
{
    const push_user *user = push_users_find(users, user_id);
    push_subscription *subscription = user != NULL ? user->first : NULL;

    for (; subscription != NULL; subscription = subscription->next_of_user) {
        if (subscription->state != PUSH_LIVE) {
            note(subscription, stamp);
        }
        else if (stamp > subscription->position) {
            flx_time before = subscription->position;

            subscription->position = stamp;
            if (!is_own(subscription, origin)) {
                users->server->metrics.events_pushed_total++;
                subscription->subscriber->push(subscription, payload);
                push_reach_sent(subscription, before, 0);
            }
        }
    }
}

/* Something happened, and nobody knows what. */
static void lose_track(push_subscription *subscription)
{
    subscription->has_news |= PUSH_NEWS;
    if (subscription->state == PUSH_LIVE) {
        fall_behind(subscription, PUSH_WAIT_TURN);
    }
}

void push_subscriptions_fall_behind(struct push_users *users, const flx_uuid *user_id)
{
    const push_user *user = push_users_find(users, user_id);
    push_subscription *subscription = user != NULL ? user->first : NULL;

    for (; subscription != NULL; subscription = subscription->next_of_user) {
        lose_track(subscription);
    }
}

void push_subscriptions_catch_up_all(struct push_users *users)
{
    push_users_each(users, lose_track);
}

/* The next of a user's subscriptions that is to be judged. Judging one may end it, and its user with it. */
static push_subscription *next_to_judge(struct push_users *users, const flx_uuid *user_id)
{
    const push_user *user = push_users_find(users, user_id);
    push_subscription *subscription = user != NULL ? user->first : NULL;

    while (subscription != NULL && !(subscription->has_news & PUSH_TO_JUDGE)) {
        subscription = subscription->next_of_user;
    }
    return subscription;
}

void push_subscriptions_judge(struct push_users *users, const flx_uuid *user_id)
{
    const push_user *user = push_users_find(users, user_id);
    push_subscription *subscription = user != NULL ? user->first : NULL;

    for (; subscription != NULL; subscription = subscription->next_of_user) {
        subscription->has_news |= PUSH_TO_JUDGE;
    }
    while ((subscription = next_to_judge(users, user_id)) != NULL) {
        subscription->has_news &= ~PUSH_TO_JUDGE;
        subscription->subscriber->judge(subscription);
    }
}

static void restart_soon(push_subscription *subscription)
{
    struct push_users *users = users_of(subscription);

    push_catch_up_leave(users->catch_up, subscription);
    subscription->state = PUSH_ENDING;
    push_catch_up_wait(users->catch_up, subscription, PUSH_WAIT_RESTART);
}

void push_subscriptions_restart_all(struct push_users *users)
{
    push_users_each(users, restart_soon);
}
