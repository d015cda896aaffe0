/* SPDX-License-Identifier: Apache-2.0 */
/* What connection.c and connections.c have between them; connection.h is for all others. */
#ifndef PUSH_CONNECTIONS_H
#define PUSH_CONNECTIONS_H

#include "connection.h"

#include <time.h>

#define PUSH_CONNECTIONS_READ    ((size_t)64 * 1024) /* read in one go */
#define PUSH_CONNECTIONS_KEPT    ((size_t)4 * 1024) /* read of a connection that is paused, about */
#define PUSH_CONNECTIONS_TEXT    ((size_t)16 * 1024) /* of a TLS record */
#define PUSH_CONNECTIONS_GOODBYE 5000 /* milliseconds from the last word to the cut */

struct push_connections {
    push_server *server;
    uv_timer_t timer;
    uv_idle_t idle; /* push_connection_work runs while there is work, before the loop waits */
    int handles;    /* of these two, that libuv has not let go */
    push_connection *all;
    size_t count;
    size_t reserved; /* places for those that are to be adopted */
    push_connection *work;
    push_connection **work_tail;
    push_wheel wheel;
    struct push_frames *frames;
    char *read;
    char *text;
    time_t date_of;
    char date[32];
    /* draining */
    void (*done)(void *data);
    void *data;
    int is_freed;
    uint64_t drain_began;
    uint64_t drain_time;
    size_t drain_count; /* when it began */
    size_t drain_told;
};

/* The idle callback: does what is to be done before the loop waits again. */
void push_connection_work(uv_idle_t *idle);

/* A connection's deadline has passed. */
void push_connection_expire(push_wheel_timer *timer);

/* A connection is gone: perhaps it was the last one that a drain waited for. */
void push_connections_check_drained(struct push_connections *all);

#endif
