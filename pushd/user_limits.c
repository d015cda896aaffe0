/* SPDX-License-Identifier: Apache-2.0 */
/* What one user, and all of them together, may ask of this daemon in a while. */
#include "user_limits.h"

#include <stdlib.h>
#include <string.h>

#include "server.h"

#define FIRST_ROOM 64 /* lists of the table at the beginning; a power of two */
#define FORGOTTEN  4  /* users that are forgotten, at most, whenever one comes */

/* How far joins may run ahead of joins_per_second before one has to wait, in microseconds. */
#define JOIN_TOLERANCE 50000

/* How long a join may have to wait, in microseconds: clients give it up after ten seconds, and try again. Without a limit those
 * who only come and go would put everybody's turn off for ever. */
#define JOIN_PATIENCE 8000000

/* Bytes of payload that count as one more push. */
#define PUSH_BYTES 16384

/* A user who has sockets, or whose last pushes still count. */
typedef struct limited {
    flx_uuid user_id;
    struct limited *next; /* in the same list of the table */
    int64_t sockets;
    /* when all pushes so far have had their turn, one after the other at the rate (the generic cell rate
     * algorithm), in microseconds of the loop's clock */
    uint64_t due;
    /* without sockets: who left before and after */
    struct limited *before;
    struct limited *after;
} limited;

struct push_limits {
    struct push_server *server;
    limited **lists;
    size_t room; /* lists; a power of two */
    size_t count;
    uint64_t seed; /* so that nobody can choose ids that meet in one list */
    limited *first_gone;
    limited *last_gone;
    uint64_t joins_due;
};

static uint64_t microseconds(const struct push_limits *limits)
{
    return uv_now(limits->server->loop) * 1000;
}

struct push_limits *push_limits_make(struct push_server *server)
{
    struct push_limits *limits = calloc(1, sizeof *limits);

    if (limits == NULL) {
        return NULL;
    }
    limits->server = server;
    limits->room = FIRST_ROOM;
    limits->lists = calloc(limits->room, sizeof(limited *));
    if (limits->lists == NULL ||
        uv_random(NULL, NULL, &limits->seed, sizeof limits->seed, 0, NULL) != 0) {
        free(limits->lists);
        free(limits);
        return NULL;
    }
    return limits;
}

void push_limits_free(struct push_limits *limits)
{
    if (limits == NULL) {
        return;
    }
    for (size_t i = 0; i < limits->room; i++) {
        while (limits->lists[i] != NULL) {
            limited *next = limits->lists[i]->next;
            free(limits->lists[i]);
            limits->lists[i] = next;
        }
    }
    free(limits->lists);
    free(limits);
}

/* Two rounds of a multiply and fold, each with half of the id. */
static size_t hash(const struct push_limits *limits, const flx_uuid *user_id)
{
    uint64_t halves[2], mixed = limits->seed;

    memcpy(halves, user_id->bytes, sizeof halves);
    for (int i = 0; i < 2; i++) {
        mixed = (mixed ^ halves[i]) * 0x9E3779B97F4A7C15u;
        mixed ^= mixed >> 29;
    }
    return (size_t)(mixed >> 7);
}

/* The place that leads to the user, or that leads nowhere if there is none. */
static limited **find(const struct push_limits *limits, const flx_uuid *user_id)
{
    limited **place = &limits->lists[hash(limits, user_id) & (limits->room - 1)];

    while (*place != NULL && memcmp(&(*place)->user_id, user_id, sizeof *user_id) != 0) {
        place = &(*place)->next;
    }
    return place;
}

/* Twice the lists. Without memory they stay as they are, and get longer. */
static void grow(struct push_limits *limits)
{
    size_t before = limits->room;
    limited **old = limits->lists, **lists = calloc(before * 2, sizeof(limited *));

    if (lists == NULL) {
        return;
    }
    limits->lists = lists;
    limits->room = before * 2;
    for (size_t i = 0; i < before; i++) {
        while (old[i] != NULL) {
            limited *moved = old[i], **place;
            old[i] = moved->next;
            place = &lists[hash(limits, &moved->user_id) & (limits->room - 1)];
            moved->next = *place;
            *place = moved;
        }
    }
    free(old);
}

static void unlink_gone(struct push_limits *limits, limited *user)
{
    *(user->before != NULL ? &user->before->after : &limits->first_gone) = user->after;
    *(user->after != NULL ? &user->after->before : &limits->last_gone) = user->before;
    user->before = user->after = NULL;
}

/* Forgets a few of those who left and whose pushes count no more. */
static void forget_some(struct push_limits *limits)
{
    uint64_t now = microseconds(limits);

    for (int i = 0; i < FORGOTTEN && limits->first_gone != NULL; i++) {
        limited *gone = limits->first_gone, **place;

        if (gone->due > now) {
            return;
        }
        limits->first_gone = gone->after;
        *(gone->after != NULL ? &gone->after->before : &limits->last_gone) = NULL;
        place = find(limits, &gone->user_id);
        *place = gone->next;
        free(gone);
        limits->count--;
    }
}

static limited *add(struct push_limits *limits, const flx_uuid *user_id)
{
    limited *new = calloc(1, sizeof *new), **place;

    if (new == NULL) {
        return NULL;
    }
    if (limits->count >= limits->room) {
        grow(limits);
    }
    new->user_id = *user_id;
    place = find(limits, user_id);
    *place = new;
    limits->count++;
    return new;
}

int push_limits_add_socket(struct push_limits *limits, const flx_uuid *user_id)
{
    limited *known;

    forget_some(limits);
    known = *find(limits, user_id);
    if (known == NULL) {
        known = add(limits, user_id);
        if (known == NULL) {
            return -1;
        }
    }
    else if (known->sockets == 0) {
        unlink_gone(limits, known);
    }
    if (known->sockets >= limits->server->settings->connections_per_user) {
        limits->server->metrics.user_connections_refused_total++;
        return -1;
    }
    known->sockets++;
    return 0;
}

void push_limits_remove_socket(struct push_limits *limits, const flx_uuid *user_id)
{
    limited *known = *find(limits, user_id);

    if (known == NULL || known->sockets == 0 || --known->sockets > 0) {
        return;
    }
    known->before = limits->last_gone;
    *(known->before != NULL ? &known->before->after : &limits->first_gone) = known;
    limits->last_gone = known;
}

int push_limits_take_push(struct push_limits *limits, const flx_uuid *user_id, size_t bytes)
{
    const push_settings *settings = limits->server->settings;
    limited *known = *find(limits, user_id);
    uint64_t now = microseconds(limits), interval, due, count = 1 + bytes / PUSH_BYTES;
    uint64_t burst = (uint64_t)settings->push_burst;

    if (settings->pushes_per_second == 0 || known == NULL) {
        return 0;
    }
    interval = 1000000 / (uint64_t)settings->pushes_per_second;
    due = known->due > now ? known->due : now;
    /* One that is more than a burst goes if nothing was pushed before. */
    count = count < burst ? count : burst;
    if (due - now > interval * (burst - count)) {
        limits->server->metrics.pushes_refused_total++;
        return -1;
    }
    known->due = due + interval * count;
    return 0;
}

int push_limits_take_join(struct push_limits *limits, uint64_t *delay)
{
    uint64_t now = microseconds(limits), due, ahead;

    due = limits->joins_due > now ? limits->joins_due : now;
    ahead = due - now;
    if (ahead > JOIN_PATIENCE) {
        return -1;
    }
    limits->joins_due = due + 1000000 / (uint64_t)limits->server->settings->joins_per_second;
    *delay = 0;
    if (ahead > JOIN_TOLERANCE) {
        limits->server->metrics.joins_delayed_total++;
        *delay = (ahead - JOIN_TOLERANCE + 999) / 1000;
    }
    return 0;
}
