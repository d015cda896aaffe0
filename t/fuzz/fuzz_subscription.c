/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the promise of subscription.c and catch_up.c (design.md, 4.10): whatever comes in between, a joined channel gets every
 * event once, in order, by sync or live; and that of reach.c: what is said to have arrived has. Database, stream, clock and clients are played here; each byte of an input is one step of one
 * of them, for one of two channels of a user. In the end everything goes its way, and then nothing may be missing. */
#include "fuzz_clock.h"

#include <string.h>

#include "catch_up.h"
#include "database.h"
#include "flx_render.h"
#include "flx_result.h"
#include "payload.h"
#include "server.h"
#include "users.h"

#define CHANNELS 2
#define EVENTS   120
#define PAGE     3 /* rows of a sync, of the client's and of the daemon's */
#define SYNCS    3 /* of a client at a time */
#define HOLD     500
#define NOBODY   (-1)
#define FIRST    INT64_C(1700000000000) /* the stamp of event 0; they are a millisecond apart */

struct push_call {
    push_answered *done;
    void *data;
    int after;        /* the cursor, as an event's number */
    int is_evaluated; /* the statement has seen the database, up to here */
    int seen;
};

/* A sync of the client on its way. */
typedef struct client_sync {
    int after;
    int is_evaluated;
    int seen;
} client_sync;

/* Phases of a join; SEEN: the database has answered, nobody heard it yet. */
enum { OUT, ASKED, SEEN, IN };

typedef struct channel {
    push_subscription subscription; /* first */
    push_transport transport;
    /* messages to the client: sent, come to its system, and of those from before it was last heard */
    uint64_t sent, arrived, proven;
    uint64_t replied_with;      /* the message that the cursor is of */
    uint64_t sent_with[EVENTS]; /* the number of the message that had the event; 0: none */
    struct push_call *call;
    client_sync syncs[SYNCS];
    int sync_count;
    int phase; /* of the join */
    int live_from;
    int cursor;       /* of the client: all up to it is known */
    int started_from; /* its first successful sync's; -2: none was answered */
    int replied_to;   /* the highest cursor that a reply has said */
    size_t backlog;
    unsigned char by_sync[EVENTS];
    unsigned char pushed[EVENTS];
} channel;

/* All that there is. */
static struct {
    push_settings settings;
    push_server server;
    channel channels[CHANNELS];
    int origins[EVENTS]; /* the channel that caused it, or NOBODY */
    int committed;
    int noted;            /* by the stream */
    int fetching[EVENTS]; /* rows that are fetched, in order */
    int fetch_first, fetch_count;
    int is_up;
    uint64_t now;
    uint64_t due; /* of the one timer; 0: it is not active */
    uv_timer_t *timer;
    uv_timer_cb on_timer;
} it;

static const flx_uuid user = { "the only user..." };

static flx_time stamp_of(int number)
{
    return FIRST + number;
}

static int number_of(flx_time stamp)
{
    return stamp < FIRST ? -1 : (int)(stamp - FIRST);
}

/* ---- the database ---- */

const flx_statement flx_statement_sync_events;

int push_database_is_up(const struct push_database *database)
{
    (void)database;
    return it.is_up;
}

push_call *push_database_call(struct push_database *database, push_lane which,
                              const flx_statement *statement, const char *const *caller,
                              const char *const *parameters, push_answered *done, void *data)
{
    channel *of = data;
    flx_time cursor;

    (void)database;
    (void)caller;
    must(which == PUSH_LANE_READ && statement == &flx_statement_sync_events && it.is_up);
    must(of->call == NULL);
    must(flx_time_read(&cursor, parameters[0], strlen(parameters[0])) == 0);
    of->call = calloc(1, sizeof *of->call);
    must(of->call != NULL);
    of->call->done = done;
    of->call->data = data;
    of->call->after = number_of(cursor);
    return of->call;
}

void push_call_forget(push_call *call)
{
    channel *of = call->data;

    must(of->call == call);
    of->call = NULL;
    free(call);
}

static void set(PGresult *result, int row, int column, const void *bytes, size_t length)
{
    char copy[32];

    memcpy(copy, bytes, length);
    must(PQsetvalue(result, row, column, copy, (int)length));
}

static void set_time(PGresult *result, int row, int column, flx_time time)
{
    uint64_t us = (uint64_t)((time - FLX_TIME_PG_EPOCH) * 1000);
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(us >> (56 - 8 * i));
    }
    set(result, row, column, bytes, sizeof bytes);
}

/* A page of what is after a cursor, as far as somebody has seen: a head, then the events. */
static PGresult *page_of(int after, int seen)
{
    static const char *const names[] = { "cursor_at", "has_more", "event_timestamp", "origin" };
    PGresAttDesc columns[4];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    int rows = seen - (after + 1), row;
    char has_more;

    must(result != NULL);
    rows = rows < 0 ? 0 : rows;
    has_more = (char)(rows > PAGE);
    rows = has_more ? PAGE : rows;
    memset(columns, 0, sizeof columns);
    for (int i = 0; i < 4; i++) {
        union {
            const char *text;
            char *name;
        } same = { .text = names[i] };
        columns[i].name = same.name;
        columns[i].format = 1;
    }
    must(PQsetResultAttrs(result, 4, columns));
    set_time(result, 0, 0, after + rows < 0 ? FLX_TIME_MIN : stamp_of(after + rows));
    set(result, 0, 1, &has_more, 1);
    for (row = 1; row <= rows; row++) {
        int origin = it.origins[after + row];
        set_time(result, row, 2, stamp_of(after + row));
        if (origin != NOBODY) {
            set(result, row, 3, it.channels[origin].subscription.origin.bytes, FLX_UUID_BYTES);
        }
    }
    return result;
}

static void answer_call(channel *of, int succeeds)
{
    struct push_call *call = of->call;
    push_answer answer = { .refusal = FLX_UNAVAILABLE };
    PGresult *result = NULL;

    if (call == NULL) {
        return;
    }
    if (succeeds) {
        result = page_of(call->after, call->is_evaluated ? call->seen : it.committed);
        answer.result = result;
    }
    of->call = NULL;
    call->done(call->data, &answer);
    free(call);
    PQclear(result);
}

void flx_render_events_begin(flx_event_rendering *rendering, const PGresult *result)
{
    rendering->head.result = result;
}

/* The payload of an event is its number. */
int push_payload_make(push_payload *payload, const flx_event_rendering *rendering, int row)
{
    const PGresult *result = rendering->head.result;
    int number = number_of(flx_value_time(flx_result_get(result, row, "event_timestamp")));

    payload->count = 1;
    payload->parts[0] = push_block_make((const char *)&number, sizeof number);
    must(payload->parts[0] != NULL);
    return 0;
}

void push_payload_release(push_payload *payload)
{
    push_block_release(payload->parts[0]);
}

#include "fuzz_reach.h"

/* ---- the channels ---- */

static void push(push_subscription *subscription, const push_payload *payload)
{
    channel *of = (channel *)(void *)subscription;
    int number;

    memcpy(&number, payload->parts[0]->bytes, sizeof number);
    must(number >= 0 && number < it.committed && of->phase == IN);
    must(it.origins[number] != of - it.channels); /* no echo */
    must(!of->pushed[number]);                    /* live never repeats live */
    must(number > of->replied_to);                /* nor what a reply has said */
    for (int i = number + 1; i < it.committed && number > of->live_from; i++) {
        must(!of->pushed[i]); /* in order, once it is live */
    }
    of->pushed[number] = 1;
    of->sent++;
    of->sent_with[number] = of->sent_with[number] > 0 ? of->sent_with[number] : of->sent;
}

static size_t backlog(const push_subscription *subscription)
{
    return ((const channel *)(const void *)subscription)->backlog;
}

static void leave(channel *of)
{
    size_t rest = sizeof *of - sizeof of->subscription;

    if (of->phase != OUT) {
        push_unsubscribe(&of->subscription);
        must(of->call == NULL);
    }
    memset((char *)of + sizeof of->subscription, 0, rest);
    of->started_from = -2;
    of->replied_to = -1;
    of->cursor = -1;
    of->phase = OUT;
}

static void restart(push_subscription *subscription)
{
    leave((channel *)(void *)subscription);
}

/* Asked about its token again: it may end there and then. */
static void judge(push_subscription *subscription)
{
    channel *of = (channel *)(void *)subscription;

    if (of->backlog > 0) {
        leave(of);
    }
}

static const push_subscriber subscriber = { push, backlog, transport_of, judge, restart };

static void join(channel *of)
{
    switch (of->phase) {
    case OUT:
        of->subscription.subscriber = &subscriber;
        of->subscription.server = &it.server;
        of->subscription.user_id = user;
        memset(of->subscription.origin.bytes, 'A' + (int)(of - it.channels), FLX_UUID_BYTES);
        must(push_subscribe(&of->subscription) == 0);
        of->phase = ASKED;
        /* what it knows from before: more or less all of it */
        of->cursor = it.committed / 2 - 1;
        break;
    case ASKED:
        of->live_from = it.committed - 1;
        of->phase = SEEN;
        break;
    case SEEN:
        of->phase = IN;
        push_subscription_joined(&of->subscription,
                                 of->live_from < 0 ? FLX_TIME_MIN : stamp_of(of->live_from));
        break;
    default:
        break;
    }
}

static void begin_sync(channel *of)
{
    if (of->phase == IN && of->sync_count < SYNCS) {
        client_sync *new = &of->syncs[of->sync_count++];
        /* it has what it says that it has */
        of->proven = of->proven > of->replied_with ? of->proven : of->replied_with;
        of->arrived = of->arrived > of->proven ? of->arrived : of->proven;
        push_subscription_syncing(&of->subscription,
                                  of->cursor < 0 ? FLX_TIME_MIN : stamp_of(of->cursor));
        new->after = of->cursor;
        new->is_evaluated = 0;
    }
}

static void see_sync(channel *of)
{
    for (int i = 0; i < of->sync_count; i++) {
        if (!of->syncs[i].is_evaluated) {
            of->syncs[i].is_evaluated = 1;
            of->syncs[i].seen = it.committed;
            return;
        }
    }
}

static void answer_sync(channel *of, int succeeds)
{
    client_sync first = of->syncs[0];
    int seen = first.is_evaluated ? first.seen : it.committed, rows = seen - (first.after + 1),
        has_more;

    if (of->sync_count == 0) {
        return;
    }
    memmove(of->syncs, of->syncs + 1, sizeof first * (size_t)--of->sync_count);
    has_more = rows > PAGE;
    rows = has_more ? PAGE : rows < 0 ? 0 : rows;
    if (!succeeds) {
        push_subscription_synced(&of->subscription, 0, 0, 0);
        return;
    }
    of->replied_with = ++of->sent;
    for (int i = 1; i <= rows; i++) {
        of->by_sync[first.after + i] = 1;
        if (of->sent_with[first.after + i] == 0) {
            of->sent_with[first.after + i] = of->sent;
        }
    }
    first.after += rows;
    if (of->started_from == -2) {
        of->started_from = first.after - rows;
        of->replied_to = first.after;
    }
    of->replied_to = first.after > of->replied_to ? first.after : of->replied_to;
    of->cursor = first.after > of->cursor ? first.after : of->cursor;
    push_subscription_synced(&of->subscription, 1,
                             first.after < 0 ? FLX_TIME_MIN : stamp_of(first.after), has_more);
}

/* ---- the stream ---- */

static const flx_uuid *origin_of(int number)
{
    return it.origins[number] == NOBODY ? NULL
                                        : &it.channels[it.origins[number]].subscription.origin;
}

static void note_one(void)
{
    if (it.noted < it.committed) {
        int number = it.noted++;
        if (push_subscriptions_note(it.server.users, &user, stamp_of(number), origin_of(number))) {
            it.fetching[it.fetch_first + it.fetch_count++] = number;
        }
    }
}

static void deliver_one(int succeeds)
{
    if (it.fetch_count > 0) {
        int number = it.fetching[it.fetch_first++];
        it.fetch_count--;
        if (succeeds) {
            push_block *block = push_block_make((const char *)&number, sizeof number);
            push_payload payload = { .count = 1, .parts = { block } };
            must(block != NULL);
            push_subscriptions_deliver(it.server.users, &user, stamp_of(number), origin_of(number),
                                       &payload);
            push_block_release(block);
        }
        else {
            push_subscriptions_fall_behind(it.server.users, &user);
        }
    }
}

/* The stream begins anew: nobody knows what it has missed. */
static void lose_track(void)
{
    it.noted = it.committed;
    push_subscriptions_catch_up_all(it.server.users);
}

static void commit(int origin)
{
    if (it.committed < EVENTS - 1) { /* check_reach has the last one */
        it.origins[it.committed++] = origin;
    }
}

/* ---- a run ---- */

/* A step of a channel's client, or of the database for it. Returns whether it was one. */
static int step_channel(channel *of, unsigned what, uint8_t byte)
{
    switch (what) {
    case 10:
    case 11:
    case 12:
        join(of);
        return 1;
    case 13:
    case 14:
        begin_sync(of);
        return 1;
    case 15:
        see_sync(of);
        return 1;
    case 16:
    case 17:
        answer_sync(of, 1);
        return 1;
    case 18:
        answer_sync(of, 0);
        return 1;
    case 19:
        if (of->call != NULL && !of->call->is_evaluated) {
            of->call->is_evaluated = 1;
            of->call->seen = it.committed;
        }
        return 1;
    case 20:
    case 21:
        answer_call(of, 1);
        return 1;
    case 22:
        answer_call(of, 0);
        return 1;
    case 23:
        of->backlog = byte & 64 ? 70000 : 300000;
        return 1;
    case 24:
        of->backlog = 0;
        return 1;
    case 30:
        go_along(of, byte);
        return 1;
    case 26:
        leave(of);
        return 1;
    default:
        return 0;
    }
}

static void step(uint8_t byte)
{
    static const uint64_t lengths[] = { 1, 6, 60, 310 };
    int index = byte & 1;
    channel *of = &it.channels[index];
    unsigned what = byte >> 1 & 31;

    if (step_channel(of, what, byte)) {
        return;
    }
    switch (what) {
    case 0:
    case 1:
        commit(NOBODY);
        break;
    case 2:
        commit(of->phase == IN ? index : NOBODY);
        break;
    case 3:
    case 4:
    case 5:
        note_one();
        break;
    case 6:
    case 7:
        deliver_one(1);
        break;
    case 8:
        deliver_one(0);
        break;
    case 9:
        lose_track();
        break;
    case 25:
        it.is_up = !it.is_up;
        break;
    case 27:
        if (byte & 64) {
            push_subscriptions_restart_all(it.server.users);
        }
        break;
    case 28:
        push_subscriptions_judge(it.server.users, &user);
        break;
    default:
        fuzz_clock_pass(lengths[byte >> 6]);
        push_reaches_look(it.server.reaches);
        break;
    }
}

/* Lets everything that is under way come to its end. */
static void settle(void)
{
    it.is_up = 1;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < CHANNELS; i++) {
            channel *of = &it.channels[i];
            of->backlog = 0;
            if (of->phase == ASKED || of->phase == SEEN) {
                join(of);
            }
            answer_sync(of, 1);
            answer_call(of, 1);
        }
        note_one();
        deliver_one(1);
        arrive();
        fuzz_clock_pass(40);
        push_reaches_look(it.server.reaches);
    }
    must(it.noted == it.committed && it.fetch_count == 0);
}

/* Nobody misses anything. */
static void check(const channel *of)
{
    int from = of->started_from == -2 ? of->live_from : of->started_from;

    if (of->phase != IN) {
        return;
    }
    must(of->subscription.state == PUSH_LIVE && of->call == NULL && of->sync_count == 0);
    for (int i = from + 1; i < it.committed; i++) {
        must(of->by_sync[i] || of->pushed[i] || it.origins[i] == of - it.channels);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&it, 0, sizeof it);
    it.settings.hold_time = HOLD;
    it.settings.queue_size = 4 << 20;
    it.server.settings = &it.settings;
    it.server.database = (struct push_database *)(void *)&it; /* never looked into */
    fuzz_clock_begin();
    it.is_up = 1;
    it.server.users = push_users_make(&it.server);
    it.server.reaches = push_reaches_make(&it.server);
    must(it.server.users != NULL && it.server.reaches != NULL);
    for (int i = 0; i < CHANNELS; i++) {
        leave(&it.channels[i]);
    }
    for (size_t i = 0; i < size && i < 2000; i++) {
        step(data[i]);
    }
    settle();
    for (int i = 0; i < CHANNELS; i++) {
        check(&it.channels[i]);
    }
    check_reach();
    for (int i = 0; i < CHANNELS; i++) {
        leave(&it.channels[i]);
    }
    must(it.server.metrics.channels_doubtful == 0);
    push_users_free(it.server.users);
    push_reaches_free(it.server.reaches);
    return 0;
}
