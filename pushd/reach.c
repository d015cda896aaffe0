/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what was pushed into a channel has arrived, and up to where the client certainly has it. */
#include "reach.h"

#include <stdlib.h>

#include "presence.h"
#include "server.h"
#include "subscription.h"

/* The first event that is sent when nothing waits leaves a mark: what the transport had been sent with it. After half the delay
 * the transport is asked how much has arrived. If that is everything, nothing waits any more. If not, the client is asked for a
 * sign of life; and where after the whole delay not even the mark has arrived the subscription is doubtful, and does not count as
 * being there until it has. Else the newest event's mark is waited for anew. So there is one record of what waits for each subscription,
 * however many events it is sent, and one look at each in half a delay. */

#define DELAY_MIN     1000 /* ms; less, and a slow network would look like none */
#define DELAY_DEFAULT 2000 /* until the database has said */
#define DOUBT_AGAIN   500  /* ms from one look at what is doubtful to the next */
#define CROSSING      400  /* ms in which an event and a word of the client may pass each other */

/* What a record waits for: each a ring in the order of time. */
enum { TO_ASK, TO_DOUBT, DOUBTFUL, RINGS };

typedef struct push_reach_wait {
    struct push_reach_wait *next;
    struct push_reach_wait *previous;
    push_subscription *subscription;
    flx_time arrived;  /* all events up to here have */
    flx_time position; /* and up to here, once the mark has */
    uint64_t mark;
    uint64_t due; /* in uv_now's time */
    int ring;
} push_reach_wait;

typedef struct push_reaches {
    struct push_server *server;
    push_reach_wait rings[RINGS]; /* each stands for its ends */
    uint64_t delay;
} push_reaches;

static push_reaches *reaches_of(const push_subscription *subscription)
{
    return subscription->server->reaches;
}

static uint64_t progress(const push_subscription *subscription, push_stage stage)
{
    push_transport *transport = subscription->subscriber->transport(subscription);

    return transport->functions->progress(transport, stage);
}

static void take_out(push_reach_wait *wait)
{
    wait->previous->next = wait->next;
    wait->next->previous = wait->previous;
}

static void put(push_reaches *reaches, push_reach_wait *wait, int ring, uint64_t milliseconds)
{
    push_reach_wait *end = &reaches->rings[ring];

    wait->ring = ring;
    wait->due = uv_now(reaches->server->loop) + milliseconds;
    wait->next = end;
    wait->previous = end->previous;
    end->previous->next = wait;
    end->previous = wait;
}

/* What was sent last is to arrive now. */
static void set_mark(push_reaches *reaches, push_reach_wait *wait)
{
    wait->mark = wait->subscription->reach.last;
    wait->position = wait->subscription->position;
    put(reaches, wait, TO_ASK, reaches->delay / 2);
}

static void set_doubtful(push_reach_wait *wait, int is_doubtful)
{
    push_metrics *metrics = &wait->subscription->server->metrics;

    metrics->channels_doubtful += is_doubtful ? 1 : -1;
    metrics->channels_doubtful_total += is_doubtful;
}

static void stop_waiting(push_subscription *subscription)
{
    push_reach_wait *wait = subscription->reach.wait;

    if (wait != NULL) {
        if (wait->ring == DOUBTFUL) {
            set_doubtful(wait, 0);
        }
        take_out(wait);
        free(wait);
        subscription->reach.wait = NULL;
    }
}

/* The client may have been heard from since the last event: then it has that. (A last of UINT64_MAX never was sent.) While its first sync is under way nothing is
 * proven: its reply is to have what was before the position. */
static void prove(push_subscription *subscription, flx_time position)
{
    push_reach *reach = &subscription->reach;

    if (position > reach->proven && (subscription->was_synced || subscription->syncs == 0) &&
        progress(subscription, PUSH_PROVEN) >= reach->last) {
        reach->proven = position;
    }
}

void push_reach_init(push_subscription *subscription)
{
    subscription->reach = (push_reach){ .proven = PUSH_REACH_NONE };
}

void push_reach_joined(push_subscription *subscription)
{
    subscription->reach.proven = subscription->position;
}

void push_reach_syncing(push_subscription *subscription, flx_time cursor)
{
    subscription->reach.proven = cursor < subscription->position ? cursor : subscription->position;
}

void push_reach_sent(push_subscription *subscription, flx_time before, int is_first)
{
    push_reaches *reaches = reaches_of(subscription);
    push_reach *reach = &subscription->reach;

    if (reaches == NULL) {
        return;
    }
    if (is_first) {
        /* nothing but the client's own word counts any more */
        stop_waiting(subscription);
        before = reach->proven;
    }
    else {
        prove(subscription, before);
    }
    reach->last = progress(subscription, PUSH_SENT);
    reach->sent_at = is_first ? 0 : uv_now(reaches->server->loop);
    if (reach->wait != NULL) {
        return;
    }
    reach->wait = malloc(sizeof *reach->wait);
    if (reach->wait == NULL) {
        return; /* judged when the connection ends, as it is not proven */
    }
    reach->wait->subscription = subscription;
    reach->wait->arrived = before;
    set_mark(reaches, reach->wait);
}

void push_reach_end(push_subscription *subscription)
{
    uint64_t heard;

    if (reaches_of(subscription) != NULL && subscription->reach.proven != PUSH_REACH_NONE) {
        /* What came last may be the end itself, said by a page that had been closed before the event got there. (An answer comes no
         * sooner than after half of DELAY_MIN.) */
        heard = progress(subscription, PUSH_HEARD);
        if (heard >= CROSSING && heard - CROSSING >= subscription->reach.sent_at) {
            prove(subscription, subscription->position);
        }
        stop_waiting(subscription);
    }
}

int push_reach_is_sure(const push_subscription *subscription)
{
    const push_reach *reach = &subscription->reach;

    return reach->proven != PUSH_REACH_NONE &&
           (reach->wait == NULL || reach->wait->ring != DOUBTFUL);
}

/* Looks how much has arrived. Returns whether the record is done with for now. */
static int has_arrived(push_reaches *reaches, push_reach_wait *wait)
{
    push_subscription *subscription = wait->subscription;
    uint64_t arrived = progress(subscription, PUSH_ARRIVED);
    int was_doubtful = wait->ring == DOUBTFUL;

    if (arrived < wait->mark || (wait->ring == TO_ASK && arrived < subscription->reach.last)) {
        return 0;
    }
    if (arrived >= subscription->reach.last) {
        stop_waiting(subscription);
    }
    else {
        if (was_doubtful) {
            set_doubtful(wait, 0);
        }
        wait->arrived = wait->position;
        take_out(wait);
        set_mark(reaches, wait);
    }
    if (was_doubtful) {
        push_presence_changed(reaches->server->presence, subscription);
    }
    return 1;
}

static void look_at(push_reaches *reaches, push_reach_wait *wait)
{
    push_subscription *subscription = wait->subscription;
    push_transport *transport;

    if (has_arrived(reaches, wait)) {
        return;
    }
    take_out(wait);
    if (wait->ring == TO_ASK) {
        transport = subscription->subscriber->transport(subscription);
        if (transport->functions->ask != NULL) {
            transport->functions->ask(transport);
        }
        put(reaches, wait, TO_DOUBT, reaches->delay - reaches->delay / 2);
        return;
    }
    if (wait->ring == TO_DOUBT) {
        set_doubtful(wait, 1);
        put(reaches, wait, DOUBTFUL, DOUBT_AGAIN);
        push_presence_missed(reaches->server->presence, subscription, wait->arrived);
        return;
    }
    put(reaches, wait, DOUBTFUL, DOUBT_AGAIN);
}

void push_reaches_look(push_reaches *reaches)
{
    uint64_t now = uv_now(reaches->server->loop);

    for (int ring = 0; ring < RINGS; ring++) {
        push_reach_wait *end = &reaches->rings[ring];

        while (end->next != end && end->next->due <= now) {
            look_at(reaches, end->next);
        }
    }
}

void push_reaches_set_delay(push_reaches *reaches, uint64_t delay)
{
    uint64_t soonest;

    delay = delay < DELAY_MIN ? DELAY_MIN : delay;
    if (delay == reaches->delay) {
        return;
    }
    reaches->delay = delay;
    soonest = uv_now(reaches->server->loop) + delay / 2;
    for (int ring = 0; ring < RINGS; ring++) {
        push_reach_wait *end = &reaches->rings[ring];

        for (push_reach_wait *wait = end->next; wait != end; wait = wait->next) {
            wait->due = wait->due < soonest ? wait->due : soonest;
        }
    }
}

push_reaches *push_reaches_make(struct push_server *server)
{
    push_reaches *reaches = calloc(1, sizeof *reaches);

    if (reaches == NULL) {
        return NULL;
    }
    reaches->server = server;
    reaches->delay = DELAY_DEFAULT;
    for (int ring = 0; ring < RINGS; ring++) {
        reaches->rings[ring].next = &reaches->rings[ring];
        reaches->rings[ring].previous = &reaches->rings[ring];
    }
    return reaches;
}

void push_reaches_free(push_reaches *reaches)
{
    free(reaches);
}
