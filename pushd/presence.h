/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the database which users are online here (docs/decisions/0026-who-is-online.md), and that this daemon is alive. */
#ifndef PUSH_PRESENCE_H
#define PUSH_PRESENCE_H

#include <stdint.h>

#include "flx_time.h"

struct push_server;
struct push_subscription;
struct push_user;
struct push_presence;

/* What users.c keeps of a user whom the database knows, or is to be told of. */
typedef struct push_presence_part {
    struct push_user *next; /* of those that are to be looked at */
    flx_time told;          /* presence.since as the database has it, or one of those below */
    flx_time missed;        /* events after this may have been missed; PUSH_PRESENCE_NONE: none */
    flx_time reached;       /* the client has had all up to here; FLX_TIME_MIN: not known */
    unsigned char is_queued;
    unsigned char is_being_told;
} push_presence_part;

/* In told: the database has no row; nobody knows what it has. Both are later than any event. */
#define PUSH_PRESENCE_NONE    INT64_MAX
#define PUSH_PRESENCE_UNKNOWN (INT64_MAX - 1)

/* How often it looks whether there is something to tell, in milliseconds. Who goes and comes in between costs nothing. */
#define PUSH_PRESENCE_TICK 250

/* Begins; the database is told once it is there. Also runs server->reaches. NULL if there is no memory. */
struct push_presence *push_presence_open(struct push_server *server)
    __attribute__((warn_unused_result));

/* Once no client is left, and before the stream and the database close: tells who has left, and that the daemon ends. closed is called
 * from the loop, when that is done or after a second at most. */
void push_presence_close(struct push_presence *presence, void (*closed)(void *data), void *data);

/* The id by which the database knows this daemon, a UUID's text. */
const char *push_presence_daemon_id(const struct push_presence *presence);

/* The settings' push_delay in milliseconds, as far as the database has said it. */
uint64_t push_presence_push_delay(const struct push_presence *presence);

/* For subscriptions and reach.c; presence may be NULL, and then nobody is told. */

/* Whether the user is online by this one, or since when, may not be what it was. */
void push_presence_changed(struct push_presence *presence,
                           const struct push_subscription *subscription);

/* It is not any more, or doubtful: what came after a position may have been missed, unless another of the user's has it. */
void push_presence_missed(struct push_presence *presence,
                          const struct push_subscription *subscription, flx_time position);

#endif
