/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests are under way to each server, where devices name it: one that hangs is not to take all there may be. */
#ifndef PUSH_DESTINATIONS_H
#define PUSH_DESTINATIONS_H

#include "flx_buffer.h"
#include "flx_json_scan.h" /* flx_slice */

typedef struct push_destination push_destination;

/* Zeroed: none. Each destination is there as long as a request to it is under way. */
typedef struct push_destinations {
    push_destination *first;
} push_destinations;

/* One more request to a destination. NULL if its name is empty, which has no limit, or if there is no memory. */
push_destination *push_destinations_enter(push_destinations *all, flx_slice name);

/* One less; NULL is fine. Returns whether there were so many to it that it had to wait. */
int push_destinations_leave(push_destinations *all, push_destination *destination, int most);

/* How many more requests may begin, wherever they go, so that none gets more than most, apart from those that have as many:
 * their names are appended to a text array. */
int push_destinations_room(const push_destinations *all, int most, flx_buffer *busy);

#endif
