/* SPDX-License-Identifier: Apache-2.0 */
/* From keys of the stream to events in channels: fetches those that somebody here waits for, in order. */
#include "delivery.h"

#include <stdlib.h>

#include "flx_buffer.h"
#include "flx_render.h"
#include "flx_result.h"
#include "payload.h"
#include "server.h"
#include "session.h"
#include "subscription.h"

#define BATCH       250 /* events of one call */
#define IN_FLIGHT   2  /* calls, one behind the other on one session: their order is the stream's */
#define WAITING_MAX 80 /* batches; beyond that users fall behind, and nothing is kept for them */
#define LIST_SIZE   (64UL * 1024)

typedef struct batch {
    struct batch *next;
    push_delivery *delivery;
    int count;
    flx_uuid users[BATCH];
    flx_time stamps[BATCH];
} batch;

struct push_delivery {
    struct push_server *server;
    push_session *session;
    /* what waits to be fetched; the last one takes more */
    batch *first;
    batch *last;
    int waiting;
    int in_flight;
    int is_closing;
};

static void fall_behind(const batch *lost)
{
    int i;

    for (i = 0; i < lost->count; i++) {
        push_subscriptions_fall_behind(lost->delivery->server->users, &lost->users[i]);
    }
}

static batch *take(push_delivery *delivery)
{
    batch *taken = delivery->first;

    delivery->first = taken->next;
    if (delivery->first == NULL) {
        delivery->last = NULL;
    }
    delivery->waiting--;
    return taken;
}

/* What waits is read by sync instead. */
static void give_up(push_delivery *delivery)
{
    while (delivery->first != NULL) {
        batch *lost = take(delivery);

        fall_behind(lost);
        free(lost);
    }
}

static void go(push_delivery *delivery);

static void deliver_row(push_delivery *delivery, const flx_event_rendering *rendering, int row)
{
    const PGresult *result = rendering->head.result;
    flx_value origin = flx_result_get(result, row, "origin");
    flx_uuid user = flx_value_uuid(flx_result_get(result, row, "target_user_id"));
    flx_uuid from = flx_value_uuid(origin);
    flx_time stamp = flx_value_time(flx_result_get(result, row, "event_timestamp"));
    push_block *block = push_payload_make(rendering, row);

    if (block == NULL) {
        push_subscriptions_fall_behind(delivery->server->users, &user);
        return;
    }
    push_subscriptions_deliver(delivery->server->users, &user, stamp,
                               origin.at != NULL ? &from : NULL, block);
    push_block_release(block);
}

static void fetched(void *data, push_session_end end, const PGresult *result)
{
    batch *sent = data;
    push_delivery *delivery = sent->delivery;
    flx_event_rendering rendering;
    int rows, row;

    delivery->in_flight--;
    if (end == PUSH_SESSION_DONE) {
        flx_render_events_begin(&rendering, result);
        rows = PQntuples(result);
        for (row = 0; row < rows; row++) {
            deliver_row(delivery, &rendering, row);
        }
    }
    else if (!delivery->is_closing) {
        fall_behind(sent);
    }
    free(sent);
    go(delivery);
}

/* The two arrays of a call, as text. */
static void write_keys(const batch *sent, flx_buffer *users, flx_buffer *stamps)
{
    char user[FLX_UUID_TEXT], stamp[FLX_TIME_TEXT];
    int i;

    for (i = 0; i < sent->count; i++) {
        flx_uuid_write(&sent->users[i], user);
        flx_time_write(sent->stamps[i], stamp);
        flx_buffer_add(users, i == 0 ? "{" : ",", 1);
        flx_buffer_add(users, user, sizeof user);
        flx_buffer_add(stamps, i == 0 ? "{" : ",", 1);
        flx_buffer_add(stamps, stamp, sizeof stamp);
    }
    flx_buffer_add(users, "}", 2);
    flx_buffer_add(stamps, "}", 2);
}

static int send_batch(push_delivery *delivery, batch *sent)
{
    const flx_statement *statement = &flx_statement_fetch_events;
    flx_buffer users, stamps;
    int failed = 1;

    flx_buffer_init(&users, LIST_SIZE);
    flx_buffer_init(&stamps, LIST_SIZE);
    write_keys(sent, &users, &stamps);
    if (!flx_buffer_failed(&users) && !flx_buffer_failed(&stamps)) {
        const char *const values[] = { users.at, stamps.at };

        failed =
            push_session_send(delivery->session, statement, values,
                              push_session_deadline(delivery->server, statement), fetched, sent);
    }
    flx_buffer_free(&users);
    flx_buffer_free(&stamps);
    return failed ? -1 : 0;
}

static void go(push_delivery *delivery)
{
    if (delivery->is_closing) {
        return;
    }
    while (delivery->first != NULL && delivery->in_flight < IN_FLIGHT) {
        batch *next = take(delivery);

        if (send_batch(delivery, next) != 0) {
            fall_behind(next);
            free(next);
            give_up(delivery);
            return;
        }
        delivery->in_flight++;
    }
}

static void add(push_delivery *delivery, const flx_uuid *user_id, flx_time stamp)
{
    batch *last = delivery->last;

    if (last == NULL || last->count == BATCH) {
        if (delivery->waiting >= WAITING_MAX) {
            give_up(delivery);
        }
        last = malloc(sizeof *last);
        if (last == NULL) {
            push_subscriptions_fall_behind(delivery->server->users, user_id);
            return;
        }
        last->next = NULL;
        last->delivery = delivery;
        last->count = 0;
        if (delivery->last != NULL) {
            delivery->last->next = last;
        }
        else {
            delivery->first = last;
        }
        delivery->last = last;
        delivery->waiting++;
    }
    last->users[last->count] = *user_id;
    last->stamps[last->count++] = stamp;
}

void push_delivery_take(push_delivery *delivery, const PGresult *result)
{
    struct push_users *users = delivery->server->users;
    int user_column = PQfnumber(result, "target_user_id");
    int stamp_column = PQfnumber(result, "stamp");
    int type_column = PQfnumber(result, "event_type"), origin_column = PQfnumber(result, "origin");
    int rows = PQntuples(result), row;

    for (row = 1; row < rows; row++) {
        flx_uuid user = flx_value_uuid(flx_result_at(result, row, user_column));
        flx_time stamp = flx_value_time(flx_result_at(result, row, stamp_column));
        flx_value origin = flx_result_at(result, row, origin_column);
        flx_uuid from = flx_value_uuid(origin);

        if (flx_value_is(flx_result_at(result, row, type_column), "session_revoked")) {
            push_subscriptions_judge(users, &user);
        }
        else if (push_subscriptions_note(users, &user, stamp, origin.at != NULL ? &from : NULL)) {
            add(delivery, &user, stamp);
        }
    }
    go(delivery);
}

static void session_up(void *data)
{
    go(data);
}

static void session_down(void *data)
{
    give_up(data);
}

static const push_session_owner owner = { .name = "delivery",
                                          .up = session_up,
                                          .down = session_down };

push_delivery *push_delivery_open(struct push_server *server, push_canceller *canceller)
{
    push_delivery *delivery = calloc(1, sizeof *delivery);

    if (delivery == NULL) {
        return NULL;
    }
    delivery->server = server;
    delivery->session = push_session_open(server, &owner, delivery, canceller);
    if (delivery->session == NULL) {
        free(delivery);
        return NULL;
    }
    return delivery;
}

void push_delivery_close(push_delivery *delivery, void (*closed)(void *data), void *data)
{
    delivery->is_closing = 1;
    while (delivery->first != NULL) {
        free(take(delivery));
    }
    /* The calls under way end within this call; nothing of the loop's is ours. */
    push_session_close(delivery->session, closed, data);
    free(delivery);
}

void push_delivery_hurry(push_delivery *delivery)
{
    push_session_hurry(delivery->session);
}
