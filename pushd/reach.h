/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what was pushed into a channel has arrived, and up to where the client certainly has it: a phone in a tunnel is
 * connected, and reads nothing. */
#ifndef PUSH_REACH_H
#define PUSH_REACH_H

#include <stdint.h>

#include "flx_time.h"

struct push_server;
struct push_subscription;
struct push_reaches;

/* Part of a subscription, and private but for reading proven. */
typedef struct push_reach {
    /* The client has the events up to here: it was heard from after they had been written, or says so. PUSH_REACH_NONE as long as it
     * has not joined. */
    flx_time proven;
    uint64_t last;    /* what the transport had been sent together with the newest event */
    uint64_t sent_at; /* when that was, in uv_now's time; 0: it was the reply to the first sync */
    struct push_reach_wait
        *wait; /* for the arrival of what was sent; NULL: all of it has arrived */
} push_reach;

#define PUSH_REACH_NONE INT64_MAX

/* Who is online follows from this (presence.h), which is told whenever it changes. */

/* Zeroed memory will do for the first one; without push_server.reaches nothing is ever in doubt. */
void push_reach_init(struct push_subscription *subscription);

/* It has joined: its position is where it is live from. */
void push_reach_joined(struct push_subscription *subscription);

/* The client asks for what comes after a cursor, for the first time: it has what was before. */
void push_reach_syncing(struct push_subscription *subscription, flx_time cursor);

/* Something was sent that raised the position, from before to where it is now: an event, or a sync's reply. is_first: the reply to
 * the first sync, from which on the client has everything if it has that. */
void push_reach_sent(struct push_subscription *subscription, flx_time before, int is_first);

/* It ends; its transport still answers progress. Afterwards proven is as far as it ever came. */
void push_reach_end(struct push_subscription *subscription);

/* Whether it is joined, and nothing that should have arrived by now has not. */
int push_reach_is_sure(const struct push_subscription *subscription);

/* NULL if there is no memory. */
struct push_reaches *push_reaches_make(struct push_server *server)
    __attribute__((warn_unused_result));

/* All subscriptions have ended. */
void push_reaches_free(struct push_reaches *reaches);

/* How long something may take to arrive, in milliseconds; what waits is to wait no longer. */
void push_reaches_set_delay(struct push_reaches *reaches, uint64_t delay);

/* Looks at what is due. To be called every tick (PUSH_PRESENCE_TICK). */
void push_reaches_look(struct push_reaches *reaches);

#endif
