/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions that are behind read on, page by page, until they are live; and what else of theirs waits for a time. */
#include "catch_up.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "flx_render.h"
#include "flx_result.h"
#include "payload.h"
#include "server.h"
#include "users.h"

#define READINGS  32    /* at a time */
#define PAGE_ROWS "100" /* of one reading */
/* Bytes that may wait for a client: to begin with a page, and on the way through one; and which part of its queue at most. */
#define ROOM_TO_BEGIN (64UL * 1024)
#define ROOM_TO_GO_ON (256UL * 1024)
#define PART_TO_BEGIN 16
#define PART_TO_GO_ON 4
#define AWAY          250 /* ms until a database that is away is looked for again */

struct push_catch_up {
    struct push_server *server;
    /* Each list is a ring in the order of time, since all of a list wait equally long; the ring's own member
     * stands for its ends. */
    push_subscription rings[PUSH_WAITS];
    int readings;
    uv_timer_t *timer; /* of its own, as the loop lets go of it later */
    int is_running;
};

static void run(push_catch_up *catch_up);

static uint64_t length_of(const push_catch_up *catch_up, push_wait wait)
{
    static const uint64_t lengths[PUSH_WAITS] = { [PUSH_WAIT_CLIENT] = 300,
                                                  [PUSH_WAIT_ROOM] = 50,
                                                  [PUSH_WAIT_PAGE] = 5,
                                                  [PUSH_WAIT_RETRY] = 1000 };

    return wait == PUSH_WAIT_HOLD ? (uint64_t)catch_up->server->settings->hold_time : lengths[wait];
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

void push_catch_up_stop_waiting(push_subscription *subscription)
{
    if (subscription->next_due != NULL) {
        subscription->next_due->previous_due = subscription->previous_due;
        subscription->previous_due->next_due = subscription->next_due;
        subscription->next_due = NULL;
        subscription->previous_due = NULL;
    }
}

/* Has run() called in a while, or before. */
static void wake(push_catch_up *catch_up, uint64_t milliseconds)
{
    uv_timer_t *timer = catch_up->timer;

    if (!catch_up->is_running &&
        (!uv_is_active((uv_handle_t *)timer) || uv_timer_get_due_in(timer) > milliseconds)) {
        (void)uv_timer_start(timer, on_timer, milliseconds, 0);
    }
}

void push_catch_up_wait(push_catch_up *catch_up, push_subscription *subscription, push_wait wait)
{
    push_subscription *ring = &catch_up->rings[wait];
    uint64_t length = length_of(catch_up, wait);

    push_catch_up_stop_waiting(subscription);
    subscription->due = uv_now(catch_up->server->loop) + length;
    subscription->next_due = ring;
    subscription->previous_due = ring->previous_due;
    ring->previous_due->next_due = subscription;
    ring->previous_due = subscription;
    wake(catch_up, length);
}

void push_catch_up_leave(push_catch_up *catch_up, push_subscription *subscription)
{
    push_catch_up_stop_waiting(subscription);
    if (subscription->call != NULL) {
        push_call_forget(subscription->call);
        subscription->call = NULL;
        catch_up->readings--;
        wake(catch_up, 0);
    }
}

/* Whether no more waits for a client than is good for one who is pushed a page. A queue that is full would end it. */
static int has_room(const push_subscription *subscription, size_t most, size_t part)
{
    size_t queue = (size_t)subscription->server->settings->queue_size;

    return subscription->subscriber->backlog(subscription) <
           (most < queue / part ? most : queue / part);
}

/* One event of a page. */
static void push_row(push_subscription *subscription, const flx_event_rendering *rendering, int row)
{
    push_payload payload;

    if (push_payload_make(&payload, rendering, row) != 0) {
        return;
    }
    subscription->server->metrics.events_pushed_total++;
    subscription->server->metrics.events_caught_up_total++;
    subscription->subscriber->push(subscription, &payload);
    push_payload_release(&payload);
}

static int is_own(const push_subscription *subscription, flx_value origin)
{
    return origin.at != NULL && origin.length == FLX_UUID_BYTES &&
           memcmp(origin.at, subscription->origin.bytes, FLX_UUID_BYTES) == 0;
}

/* Pushes what is after the position and was not pushed before. Returns whether there is more to read. */
static int push_page(push_subscription *subscription, const PGresult *result)
{
    int rows = PQntuples(result), origin = PQfnumber(result, "origin"), row;
    int stamps = PQfnumber(result, "event_timestamp");
    flx_event_rendering rendering;
    flx_time cursor;

    flx_render_events_begin(&rendering, result);
    for (row = 1; row < rows; row++) {
        flx_time stamp = flx_value_time(flx_result_at(result, row, stamps));
        flx_time before = subscription->position;
        int is_pushed;

        if (stamp <= subscription->position) {
            continue;
        }
        if (!has_room(subscription, ROOM_TO_GO_ON, PART_TO_GO_ON)) {
            return 1;
        }
        is_pushed = !is_own(subscription, flx_result_at(result, row, origin)) &&
                    (stamp <= subscription->live_from || stamp > subscription->pushed_to);
        if (is_pushed) {
            push_row(subscription, &rendering, row);
        }
        subscription->position = stamp;
        if (is_pushed) {
            push_reach_sent(subscription, before, 0);
        }
    }
    cursor = flx_value_time(flx_result_get(result, 0, "cursor_at"));
    if (cursor > subscription->position) {
        subscription->position = cursor;
    }
    return flx_value_bool(flx_result_get(result, 0, "has_more"));
}

static void page_read(void *data, const push_answer *answer)
{
    push_subscription *subscription = data;
    push_catch_up *catch_up = subscription->server->users->catch_up;

    subscription->call = NULL;
    catch_up->readings--;
    if (answer->result == NULL) {
        push_catch_up_wait(catch_up, subscription, PUSH_WAIT_RETRY);
        if (answer->refusal == FLX_INVALID_TOKEN) {
            subscription->subscriber->judge(subscription);
        }
    }
    else if (push_page(subscription, answer->result)) {
        push_catch_up_wait(catch_up, subscription, PUSH_WAIT_PAGE);
    }
    else if (subscription->has_news & (PUSH_NEWS | PUSH_NEWS_BEFORE_SYNC)) {
        push_catch_up_wait(catch_up, subscription, PUSH_WAIT_TURN);
    }
    else {
        subscription->state = PUSH_LIVE;
    }
    wake(catch_up, 0);
}

/* The first page, or the next one. What happens from now on is news. */
static void read_page(push_catch_up *catch_up, push_subscription *subscription)
{
    char cursor[FLX_TIME_TEXT + 1] = "";
    const char *const parameters[] = { cursor, PAGE_ROWS };

    /* The client is about to get it by itself: its answer comes here again. */
    if (subscription->syncs > 0) {
        return;
    }
    if (!has_room(subscription, ROOM_TO_BEGIN, PART_TO_BEGIN)) {
        push_catch_up_wait(catch_up, subscription, PUSH_WAIT_ROOM);
        return;
    }
    flx_time_write(subscription->position, cursor);
    subscription->call =
        push_database_call(catch_up->server->database, PUSH_LANE_READ, &flx_statement_sync_events,
                           subscription->caller, parameters, page_read, subscription);
    if (subscription->call == NULL) {
        push_catch_up_wait(catch_up, subscription, PUSH_WAIT_RETRY);
        return;
    }
    subscription->has_news &= ~(PUSH_NEWS | PUSH_NEWS_BEFORE_SYNC);
    catch_up->readings++;
}

/* A first sync that is under way is waited for: whoever takes a live event for its new cursor would otherwise skip
 * what that sync was to bring, should the connection break before its reply. */
static void hold_ended(push_catch_up *catch_up, push_subscription *subscription)
{
    if (subscription->syncs > 0) {
        push_catch_up_wait(catch_up, subscription, PUSH_WAIT_HOLD);
    }
    else if (subscription->has_news & (PUSH_NEWS | PUSH_NEWS_BEFORE_SYNC)) {
        subscription->state = PUSH_BEHIND;
        push_catch_up_wait(catch_up, subscription, PUSH_WAIT_TURN);
    }
    else {
        subscription->state = PUSH_LIVE;
    }
}

/* The first of a list, if its time has come; it waits no more. */
static push_subscription *take_due(push_catch_up *catch_up, push_wait wait)
{
    push_subscription *ring = &catch_up->rings[wait], *first = ring->next_due;

    if (first == ring || first->due > uv_now(catch_up->server->loop)) {
        return NULL;
    }
    push_catch_up_stop_waiting(first);
    return first;
}

static uint64_t next_due(const push_catch_up *catch_up)
{
    uint64_t now = uv_now(catch_up->server->loop), next = UINT64_MAX;
    int i;

    for (i = 0; i < PUSH_WAITS; i++) {
        const push_subscription *ring = &catch_up->rings[i], *first = ring->next_due;

        if (first == ring) {
            continue;
        }
        if (i == PUSH_WAIT_TURN) {
            /* with all readings under way, the end of one wakes us */
            if (catch_up->readings < READINGS && next > AWAY) {
                next = AWAY;
            }
        }
        else if (first->due <= now) {
            next = 0;
        }
        else if (first->due - now < next) {
            next = first->due - now;
        }
    }
    return next;
}

static void run(push_catch_up *catch_up)
{
    push_subscription *subscription;
    uint64_t next;
    int i;

    catch_up->is_running = 1;
    while ((subscription = take_due(catch_up, PUSH_WAIT_RESTART)) != NULL) {
        subscription->subscriber->restart(subscription);
    }
    while ((subscription = take_due(catch_up, PUSH_WAIT_HOLD)) != NULL) {
        hold_ended(catch_up, subscription);
    }
    for (i = PUSH_WAIT_CLIENT; i <= PUSH_WAIT_RETRY; i++) {
        while ((subscription = take_due(catch_up, (push_wait)i)) != NULL) {
            push_catch_up_wait(catch_up, subscription, PUSH_WAIT_TURN);
        }
    }
    while (catch_up->readings < READINGS && catch_up->server->database != NULL &&
           push_database_is_up(catch_up->server->database) &&
           (subscription = take_due(catch_up, PUSH_WAIT_TURN)) != NULL) {
        read_page(catch_up, subscription);
    }
    catch_up->is_running = 0;
    next = next_due(catch_up);
    if (next != UINT64_MAX) {
        wake(catch_up, next);
    }
}

push_catch_up *push_catch_up_make(struct push_server *server)
{
    push_catch_up *catch_up = calloc(1, sizeof *catch_up);
    int i;

    if (catch_up == NULL) {
        return NULL;
    }
    catch_up->timer = malloc(sizeof *catch_up->timer);
    if (catch_up->timer == NULL) {
        free(catch_up);
        return NULL;
    }
    catch_up->server = server;
    (void)uv_timer_init(server->loop, catch_up->timer); /* cannot fail */
    uv_unref((uv_handle_t *)catch_up->timer);           /* nobody waits for it at the end */
    catch_up->timer->data = catch_up;
    for (i = 0; i < PUSH_WAITS; i++) {
        catch_up->rings[i].next_due = &catch_up->rings[i];
        catch_up->rings[i].previous_due = &catch_up->rings[i];
    }
    return catch_up;
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

void push_catch_up_free(push_catch_up *catch_up)
{
    if (catch_up != NULL) {
        uv_close((uv_handle_t *)catch_up->timer, free_timer);
        free(catch_up);
    }
}
