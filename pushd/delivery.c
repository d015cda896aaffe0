/* SPDX-License-Identifier: Apache-2.0 */
/* From keys of the stream to events in channels: fetches those that somebody here waits for, in order. */
#include "delivery.h"

#include <stdlib.h>

#include "flx_buffer.h"
#include "flx_render.h"
#include "flx_result.h"
#include "notices.h"
#include "payload.h"
#include "server.h"
#include "session.h"
#include "subscription.h"

#define IN_FLIGHT   2  /* calls, one behind the other on one session: their order is the stream's */
#define WAITING_MAX 80 /* batches; beyond that users fall behind, and nothing is kept for them */
#define LIST_SIZE   (64UL * 1024)

struct push_delivery {
    struct push_server *server;
    push_session *session;
    /* what waits to be fetched; the last one takes more */
    push_notices *first;
    push_notices *last;
    int waiting;
    int in_flight;
    int is_closing;
};

static void fall_behind(push_delivery *delivery, const push_notices *lost)
{
    int i;

    for (i = 0; i < lost->count; i++) {
        push_subscriptions_fall_behind(delivery->server->users, &lost->notices[i].user);
    }
}

static push_notices *take(push_delivery *delivery)
{
    push_notices *taken = delivery->first;

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
        push_notices *lost = take(delivery);

        fall_behind(delivery, lost);
        free(lost);
    }
}

static void go(push_delivery *delivery);

/* What the events of a batch are made of. */
typedef struct making {
    flx_event_rendering rendering;
    int status; /* the column */
    /* what all have in common who are told the same of a message: of the notice before, more often than not */
    push_block *shared;
    int place;
    push_label type;
    push_label said;
} making;

/* The event of a notice. Returns 0, or -1 if there is none to be had. */
static int make(making *maker, push_payload *payload, const push_notice *notice)
{
    flx_event_view view = { .event_id = notice->event_id,
                            .event_type = push_notices_text(notice->type),
                            .status = push_notices_text(notice->status),
                            .updated_at = notice->changed_at,
                            .event_timestamp = notice->stamp,
                            .target_user_id = notice->user };

    if (maker->shared == NULL || maker->place != notice->place || maker->type != notice->type ||
        maker->said != notice->status) {
        push_block_release(maker->shared);
        maker->shared = push_payload_make_shared(&maker->rendering, notice->place, &view);
        maker->place = notice->place;
        maker->type = notice->type;
        maker->said = notice->status;
    }
    return maker->shared != NULL ? push_payload_make_around(payload, maker->shared, &view) : -1;
}

/* Whether a message was withdrawn after the stream was read. Since when, for this user, is for the stream to say: until then the user
 * reads by sync, which knows it. */
static int is_out_of_date(const making *maker, const push_notice *notice)
{
    flx_value status = flx_result_at(maker->rendering.message.result, notice->place, maker->status);

    return notice->type == PUSH_LABEL_NEW_MESSAGE && notice->status != PUSH_LABEL_WITHDRAWN &&
           notice->status != PUSH_LABEL_DELETED && status.at != NULL;
}

static void deliver(push_delivery *delivery, making *maker, const push_notice *notice)
{
    struct push_users *users = delivery->server->users;
    push_payload payload;

    if (is_out_of_date(maker, notice) || make(maker, &payload, notice) != 0) {
        push_subscriptions_fall_behind(users, &notice->user);
        return;
    }
    push_subscriptions_deliver(users, &notice->user, notice->stamp,
                               notice->has_origin ? &notice->origin : NULL, &payload);
    push_payload_release(&payload);
}

static void deliver_all(push_delivery *delivery, const push_notices *sent, const PGresult *result)
{
    making maker = { .status = PQfnumber(result, "status") };
    int i;

    flx_render_events_begin(&maker.rendering, result);
    for (i = 0; i < sent->count; i++) {
        deliver(delivery, &maker, &sent->notices[i]);
    }
    push_block_release(maker.shared);
}

static void fetched(void *data, push_session_end end, const PGresult *result)
{
    push_notices *sent = data;
    push_delivery *delivery = sent->owner;

    delivery->in_flight--;
    if (end == PUSH_SESSION_DONE && PQntuples(result) == sent->message_count) {
        deliver_all(delivery, sent, result);
    }
    else if (!delivery->is_closing) {
        fall_behind(delivery, sent);
    }
    free(sent);
    go(delivery);
}

static int send_batch(push_delivery *delivery, push_notices *sent)
{
    const flx_statement *statement = &flx_statement_fetch_messages;
    flx_buffer ids, are_whole;
    int failed = 1;

    flx_buffer_init(&ids, LIST_SIZE);
    flx_buffer_init(&are_whole, LIST_SIZE);
    push_notices_write(sent, &ids, &are_whole);
    if (!flx_buffer_failed(&ids) && !flx_buffer_failed(&are_whole)) {
        const char *const values[] = { ids.at, are_whole.at };

        failed =
            push_session_send(delivery->session, statement, values,
                              push_session_deadline(delivery->server, statement), fetched, sent);
    }
    flx_buffer_free(&ids);
    flx_buffer_free(&are_whole);
    return failed ? -1 : 0;
}

static void go(push_delivery *delivery)
{
    if (delivery->is_closing) {
        return;
    }
    while (delivery->first != NULL && delivery->in_flight < IN_FLIGHT) {
        push_notices *next = take(delivery);

        if (send_batch(delivery, next) != 0) {
            fall_behind(delivery, next);
            free(next);
            give_up(delivery);
            return;
        }
        delivery->in_flight++;
    }
}

/* A new batch behind the others; NULL if there is no memory. */
static push_notices *append(push_delivery *delivery)
{
    push_notices *batch;

    if (delivery->waiting >= WAITING_MAX) {
        give_up(delivery);
    }
    batch = push_notices_make(delivery);
    if (batch == NULL) {
        return NULL;
    }
    if (delivery->last != NULL) {
        delivery->last->next = batch;
    }
    else {
        delivery->first = batch;
    }
    delivery->last = batch;
    delivery->waiting++;
    return batch;
}

static void add(push_delivery *delivery, const push_notice *notice)
{
    if (delivery->last != NULL && push_notices_add(delivery->last, notice) == 0) {
        return;
    }
    if (append(delivery) == NULL || push_notices_add(delivery->last, notice) != 0) {
        push_subscriptions_fall_behind(delivery->server->users, &notice->user);
    }
}

/* The column numbers of a read. */
typedef struct columns {
    int user;
    int stamp;
    int event_id;
    int type;
    int origin;
    int message;
    int status;
} columns;

static columns find_columns(const PGresult *result)
{
    columns found = { .user = PQfnumber(result, "target_user_id"),
                      .stamp = PQfnumber(result, "stamp"),
                      .event_id = PQfnumber(result, "event_id"),
                      .type = PQfnumber(result, "event_type"),
                      .origin = PQfnumber(result, "origin"),
                      .message = PQfnumber(result, "message_id"),
                      .status = PQfnumber(result, "status") };

    return found;
}

static push_notice notice_of(const PGresult *result, int row, const columns *at)
{
    flx_value origin = flx_result_at(result, row, at->origin);
    push_notice notice = { .user = flx_value_uuid(flx_result_at(result, row, at->user)),
                           .event_id = flx_value_uuid(flx_result_at(result, row, at->event_id)),
                           .message = flx_value_uuid(flx_result_at(result, row, at->message)),
                           .origin = flx_value_uuid(origin),
                           .has_origin = origin.at != NULL,
                           .type = push_notices_label(flx_result_at(result, row, at->type)),
                           .status = push_notices_label(flx_result_at(result, row, at->status)),
                           .stamp = flx_value_time(flx_result_at(result, row, at->stamp)) };

    notice.changed_at = notice.stamp;
    return notice;
}

/* A row of the stream that is no revocation. */
static void take_notice(push_delivery *delivery, const push_notice *notice)
{
    struct push_users *users = delivery->server->users;
    push_notices *batch = notice->type != PUSH_LABEL_NEW_MESSAGE ? delivery->first : NULL;
    int is_wanted = push_subscriptions_note(users, &notice->user, notice->stamp,
                                            notice->has_origin ? &notice->origin : NULL);

    for (; batch != NULL; batch = batch->next) {
        push_notices_update(batch, notice);
    }
    if (!is_wanted) {
        return;
    }
    if (notice->type == PUSH_LABEL_UNKNOWN || notice->status == PUSH_LABEL_UNKNOWN) {
        /* of another version of the schema: sync gives it as it is */
        push_subscriptions_fall_behind(users, &notice->user);
        return;
    }
    add(delivery, notice);
}

void push_delivery_take(push_delivery *delivery, const PGresult *result)
{
    columns at = find_columns(result);
    int rows = PQntuples(result), row;

    for (row = 1; row < rows; row++) {
        push_notice notice = notice_of(result, row, &at);

        if (flx_value_is(flx_result_at(result, row, at.type), "session_revoked")) {
            push_subscriptions_judge(delivery->server->users, &notice.user);
        }
        else {
            take_notice(delivery, &notice);
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
