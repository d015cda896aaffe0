/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests are under way to each server, where devices name it. */
#include "destinations.h"

#include <stdlib.h>
#include <string.h>

#include "flx_array.h"

struct push_destination {
    push_destination *next;
    int requests;
    size_t length;
    char name[];
};

push_destination *push_destinations_enter(push_destinations *all, flx_slice name)
{
    push_destination *one;

    if (name.length == 0) {
        return NULL;
    }
    for (one = all->first; one != NULL; one = one->next) {
        if (one->length == name.length && memcmp(one->name, name.at, name.length) == 0) {
            one->requests++;
            return one;
        }
    }
    one = calloc(1, sizeof *one + name.length + 1);
    if (one != NULL) {
        one->requests = 1;
        one->length = name.length;
        memcpy(one->name, name.at, name.length);
        one->next = all->first;
        all->first = one;
    }
    return one;
}

int push_destinations_leave(push_destinations *all, push_destination *destination, int most)
{
    push_destination **link = &all->first;
    int was_busy;

    if (destination == NULL) {
        return 0;
    }
    was_busy = destination->requests >= most;
    if (--destination->requests > 0) {
        return was_busy;
    }
    while (*link != destination) {
        link = &(*link)->next;
    }
    *link = destination->next;
    free(destination);
    return was_busy;
}

int push_destinations_room(const push_destinations *all, int most, flx_buffer *busy)
{
    int room = most;

    for (const push_destination *one = all->first; one != NULL; one = one->next) {
        if (one->requests >= most) {
            flx_array_add(busy, one->name);
        }
        else if (most - one->requests < room) {
            room = most - one->requests;
        }
    }
    return room;
}
