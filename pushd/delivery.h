/* SPDX-License-Identifier: Apache-2.0 */
/* From keys of the stream to events in channels: fetches those that somebody here waits for, in order. */
#ifndef PUSH_DELIVERY_H
#define PUSH_DELIVERY_H

#include "canceller.h"
#include "flx_time.h"
#include "flx_uuid.h"

struct push_server;
typedef struct push_delivery push_delivery;

/* Starts to connect. canceller is to outlive it. NULL if there is no memory. */
push_delivery *push_delivery_open(struct push_server *server, push_canceller *canceller);

/* closed is called when the loop has let go of everything. */
void push_delivery_close(push_delivery *delivery, void (*closed)(void *data), void *data);

/* Takes a read of the stream, which is no overrun: judges, notes, fetches and pushes. Where an event cannot be fetched its user's
 * subscriptions fall behind. */
void push_delivery_take(push_delivery *delivery, const PGresult *result);

/* Connects at once if it is waiting to. */
void push_delivery_hurry(push_delivery *delivery);

#endif
