/* SPDX-License-Identifier: Apache-2.0 */
/* The event stream: what has become visible in the database, once, and how the daemon sleeps and is woken. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery.h"
#include "flx_result.h"
#include "hearing.h"
#include "log.h"
#include "notifier.h"
#include "pace.h"
#include "server.h"
#include "session.h"
#include "snapshot.h"
#include "subscription.h"

#define READ_LIMIT "10000" /* rows; with more of them all channels catch up */
#define OVERRUN    10001

/* Milliseconds. */
#define RETRY         1000
#define HORIZON_EVERY (10UL * 60 * 1000)
#define CLOSE_WAIT    1000

typedef enum phase {
    AWAY,           /* there is no session */
    IDENTIFYING,    /* asking which database this is */
    SUBSCRIBING,    /* LISTEN */
    BEGINNING,      /* the first snapshot */
    BUSY,           /* reads on a short timer; nobody notifies */
    FALLING_ASLEEP, /* writers notify; whoever may not have seen that is read by timer */
    ASLEEP          /* reads when notified */
} phase;

typedef struct push_stream {
    push_server *server;
    push_session *session;
    push_delivery *delivery;
    push_canceller *canceller;
    uv_timer_t timer;
    phase phase;
    int is_asking; /* a call is under way; there is one at a time */
    int is_closing;
    int open; /* what the loop still has */
    char listener_id[FLX_UUID_TEXT + 1];
    push_snapshot snapshot;
    push_pace pace;
    push_hearing hearing;
    /* the database that was last read: "system timeline" */
    char identity[64];
    char asked_identity[64];
    /* The times below are of push_pace_now(). */
    uint64_t asked_at;
    uint64_t read_due;    /* BUSY, FALLING_ASLEEP */
    uint64_t lease_until; /* as the last listener_idle that was answered has it */
    uint64_t renew_due;
    uint64_t safety_due;
    uint64_t horizon_due;
    int is_woken;     /* notified since the last read began */
    int is_safety;    /* the read under way is the safety poll's */
    int wants_busy;   /* listener_busy is to be called */
    uint64_t horizon; /* FALLING_ASLEEP: 0 until it is known */
    void (*closed)(void *data);
    void *closed_data;
} push_stream;

static void go_on(push_stream *stream);

static void on_timer(uv_timer_t *timer)
{
    go_on(timer->data);
}

static void set_timer(push_stream *stream, uint64_t due)
{
    uint64_t now = push_pace_now();

    (void)uv_timer_start(&stream->timer, on_timer, due > now ? due - now : 0, 0);
}

/* Asks one thing. */
static void ask(push_stream *stream, const flx_statement *statement, const char *const *values,
                push_session_done *done)
{
    uint64_t deadline = push_session_deadline(stream->server, statement);

    if (push_session_send(stream->session, statement, values, deadline, done, stream) == 0) {
        stream->is_asking = 1;
        stream->asked_at = push_pace_now();
    }
    /* else the session is on its way down, and says so */
}

/* What every answer begins with. Returns whether it counts: the session is still there. */
static int answered(push_stream *stream, push_session_end end)
{
    stream->is_asking = 0;
    return end != PUSH_SESSION_LOST && stream->phase != AWAY;
}

/* Falling asleep and waking. */

static void become_busy(push_stream *stream)
{
    stream->wants_busy = stream->phase == FALLING_ASLEEP || stream->phase == ASLEEP;
    stream->phase = BUSY;
    stream->horizon = 0;
    stream->read_due = push_pace_now();
    push_pace_begin(&stream->pace, stream->read_due);
}

static void idled(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;
    uint64_t lease = (uint64_t)stream->server->settings->listener_lease;

    (void)result;
    if (!answered(stream, end)) {
        return;
    }
    if (end != PUSH_SESSION_DONE) {
        become_busy(stream);
    }
    else {
        /* A lease that had run out meanwhile is a new one: somebody may have looked in between. */
        if (stream->phase == BUSY || push_pace_now() >= stream->lease_until) {
            stream->phase = FALLING_ASLEEP;
            stream->horizon = 0;
        }
        stream->wants_busy = 0;
        stream->lease_until = stream->asked_at + lease;
        stream->renew_due = stream->asked_at + lease / 3;
    }
    go_on(stream);
}

/* Begins a lease, or renews it. */
static void ask_idle(push_stream *stream)
{
    char lease[40];
    const char *const values[] = { stream->listener_id, lease };

    snprintf(lease, sizeof lease, "%lld milliseconds",
             (long long)stream->server->settings->listener_lease);
    ask(stream, &flx_statement_listener_idle, values, idled);
}

static void told_horizon(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;
    flx_value xid;

    if (!answered(stream, end)) {
        return;
    }
    stream->horizon_due = push_pace_now() + HORIZON_EVERY;
    if (end == PUSH_SESSION_DONE) {
        xid = flx_result_get(result, 0, "horizon");
        stream->horizon = xid.at != NULL ? strtoull(xid.at, NULL, 10) : 0;
        push_snapshot_add_horizon(&stream->snapshot, stream->horizon);
        stream->read_due = push_pace_now();
    }
    else if (stream->phase == FALLING_ASLEEP) {
        become_busy(stream);
    }
    go_on(stream);
}

/* For what has no answer worth looking at. */
static void told(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;

    (void)result;
    if (answered(stream, end)) {
        go_on(stream);
    }
}

static void ask_busy(push_stream *stream)
{
    const char *const values[] = { stream->listener_id };

    stream->wants_busy = 0;
    ask(stream, &flx_statement_listener_busy, values, told);
}

/* Reading. */

/* Takes a read's rows. Returns how many events it had, or -1 if it cannot be gone on from. */
static int take_rows(push_stream *stream, const PGresult *result)
{
    flx_value text = flx_result_get(result, 0, "snapshot");
    flx_time read_at = flx_value_time(flx_result_get(result, 0, "read_at"));
    int rows = PQntuples(result) - 1;

    if (rows < 0 || push_snapshot_set(&stream->snapshot, text, read_at) != 0) {
        return -1;
    }
    stream->server->metrics.stream_reads_total++;
    stream->server->metrics.stream_events_total += rows;
    push_notifier_note(stream->server->notifier, rows);
    if (flx_value_bool(flx_result_get(result, 0, "is_overrun"))) {
        stream->server->metrics.stream_overruns_total++;
        push_log(PUSH_LOG_WARNING,
                 "FLX1232: more than " READ_LIMIT " events at once: all channels catch up");
        push_subscriptions_catch_up_all(stream->server->users);
        return OVERRUN;
    }
    push_delivery_take(stream->delivery, result);
    return rows;
}

/* The snapshot is worth nothing any more. */
static void begin_anew(push_stream *stream)
{
    push_snapshot_clear(&stream->snapshot);
    if (stream->phase > BEGINNING) {
        become_busy(stream);
        stream->phase = BEGINNING;
    }
    stream->read_due = push_pace_now() + RETRY;
}

static void after_read(push_stream *stream, int rows)
{
    uint64_t now = push_pace_now();

    push_pace_read(&stream->pace, stream->asked_at, now, rows, stream->phase == FALLING_ASLEEP);
    stream->read_due = now + stream->pace.interval;
    stream->safety_due = now + (uint64_t)stream->server->settings->safety_poll;
    if (stream->phase != BUSY && push_pace_is_too_much(&stream->pace, now, rows)) {
        become_busy(stream);
    }
    else if (stream->phase == FALLING_ASLEEP && stream->horizon != 0 &&
             stream->snapshot.xmin > stream->horizon) {
        stream->phase = ASLEEP;
    }
}

static void stream_read(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;
    int rows;

    if (!answered(stream, end)) {
        return;
    }
    rows = end == PUSH_SESSION_DONE ? take_rows(stream, result) : -1;
    if (rows < 0) {
        begin_anew(stream);
    }
    else {
        if (stream->is_safety && rows > 0 && !stream->is_woken && stream->phase == ASLEEP) {
            push_pace_suspect(&stream->pace, push_pace_now(), rows);
        }
        after_read(stream, rows);
    }
    go_on(stream);
}

static void ask_read(push_stream *stream, int is_safety)
{
    char since[FLX_TIME_TEXT + 1];
    const char *const values[] = { stream->snapshot.text,
                                   push_snapshot_since(&stream->snapshot, since), READ_LIMIT };

    stream->is_woken = 0;
    stream->is_safety = is_safety;
    ask(stream, &flx_statement_read_stream, values, stream_read);
}

/* Beginning. */

static void identified(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;
    flx_value system, timeline;

    if (!answered(stream, end)) {
        return;
    }
    stream->asked_identity[0] = '\0';
    if (end == PUSH_SESSION_DONE) {
        system = flx_result_get(result, 0, "system");
        timeline = flx_result_get(result, 0, "timeline");
        if (system.at != NULL && timeline.at != NULL) {
            snprintf(stream->asked_identity, sizeof stream->asked_identity, "%.*s %.*s",
                     (int)system.length, system.at, (int)timeline.length, timeline.at);
        }
    }
    stream->phase = SUBSCRIBING;
    go_on(stream);
}

static void listening(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;

    (void)result;
    if (!answered(stream, end)) {
        return;
    }
    if (end == PUSH_SESSION_DONE) {
        stream->phase = BEGINNING;
        stream->read_due = 0;
    }
    else {
        stream->read_due = push_pace_now() + RETRY;
    }
    go_on(stream);
}

/* From this snapshot on the stream tells what happens; what happened before is read by sync. */
static void begun(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;
    int is_known = stream->identity[0] != '\0' && stream->asked_identity[0] != '\0';

    if (!answered(stream, end)) {
        return;
    }
    if (end != PUSH_SESSION_DONE || take_rows(stream, result) < 0) {
        begin_anew(stream);
        go_on(stream);
        return;
    }
    if (is_known && strcmp(stream->identity, stream->asked_identity) != 0) {
        push_log(PUSH_LOG_WARNING, "FLX1230: another database answers: all channels begin anew");
        push_subscriptions_restart_all(stream->server->users);
    }
    else {
        push_subscriptions_catch_up_all(stream->server->users);
    }
    memcpy(stream->identity, stream->asked_identity, sizeof stream->identity);
    stream->phase = BUSY;
    push_pace_begin(&stream->pace, push_pace_now());
    stream->read_due = push_pace_now();
    stream->horizon_due = push_pace_now() + HORIZON_EVERY;
    push_hearing_begin(&stream->hearing, push_pace_now());
    go_on(stream);
}

static void notified(void *data, const char *payload)
{
    push_stream *stream = data;

    if (push_hearing_take(&stream->hearing, payload)) {
        return;
    }
    stream->server->metrics.stream_wakeups_total++;
    push_pace_clear(&stream->pace);
    stream->is_woken = 1;
    go_on(stream);
}

/* What to do next. */

static void close_now(push_stream *stream);

static void count_caught(push_stream *stream, uint64_t now)
{
    int64_t caught = push_pace_take_caught(&stream->pace, now);

    if (caught > 0) {
        push_log(PUSH_LOG_WARNING,
                 "FLX1233: the safety poll found %lld events that nobody notified of",
                 (long long)caught);
        stream->server->metrics.stream_safety_caught_total += caught;
    }
}

/* While busy: reads, and what else is due. Returns when the next thing is. */
static uint64_t go_on_busy(push_stream *stream, uint64_t now)
{
    const char *test = stream->wants_busy ? NULL : push_hearing_test(&stream->hearing, now);

    if (stream->wants_busy) {
        ask_busy(stream);
    }
    else if (test != NULL) {
        ask(stream, &flx_statement_notify, &test, told);
    }
    else if (stream->hearing.is_heard && push_pace_is_quiet(&stream->pace, now)) {
        ask_idle(stream);
    }
    else if (now >= stream->read_due) {
        ask_read(stream, 0);
    }
    return stream->read_due;
}

/* With a lease that is to be kept. Returns when the next thing is due. */
static uint64_t go_on_idle(push_stream *stream, uint64_t now)
{
    uint64_t due = stream->renew_due;

    if (now >= stream->renew_due) {
        ask_idle(stream);
    }
    else if (stream->phase == FALLING_ASLEEP && stream->horizon == 0) {
        ask(stream, &flx_statement_listener_horizon, NULL, told_horizon);
    }
    else if (stream->is_woken || (stream->phase == FALLING_ASLEEP && now >= stream->read_due)) {
        ask_read(stream, 0);
    }
    else if (stream->phase == ASLEEP && stream->server->settings->safety_poll > 0) {
        if (now >= stream->safety_due) {
            ask_read(stream, 1);
        }
        due = stream->safety_due < due ? stream->safety_due : due;
    }
    if (stream->phase == FALLING_ASLEEP && stream->read_due < due) {
        due = stream->read_due;
    }
    return due;
}

static void go_on(push_stream *stream)
{
    uint64_t now = push_pace_now(), due = now + RETRY;

    if (stream->is_asking || stream->is_closing || !push_session_is_up(stream->session)) {
        return;
    }
    count_caught(stream, now);
    switch (stream->phase) {
    case AWAY:
        return;
    case IDENTIFYING:
        ask(stream, &flx_statement_server_identity, NULL, identified);
        break;
    case SUBSCRIBING:
        if (now >= stream->read_due) {
            ask(stream, &flx_statement_listen, NULL, listening);
        }
        break;
    case BEGINNING:
        if (now >= stream->read_due) {
            const char *const values[] = { NULL, NULL, READ_LIMIT };

            ask(stream, &flx_statement_read_stream, values, begun);
        }
        break;
    case BUSY:
    case FALLING_ASLEEP:
    case ASLEEP:
        if (now >= stream->horizon_due) {
            ask(stream, &flx_statement_listener_horizon, NULL, told_horizon);
            break;
        }
        due = stream->phase == BUSY ? go_on_busy(stream, now) : go_on_idle(stream, now);
        break;
    }
    if (stream->pace.suspects > 0 && stream->pace.suspect_due < due) {
        due = stream->pace.suspect_due;
    }
    set_timer(stream, due);
}

/* The session. */

static void session_up(void *data)
{
    push_stream *stream = data;

    stream->phase = IDENTIFYING;
    stream->read_due = 0;
    stream->is_asking = 0;
    stream->wants_busy = 0;
    push_delivery_hurry(stream->delivery);
    go_on(stream);
}

static void session_down(void *data)
{
    push_stream *stream = data;

    stream->phase = AWAY;
    stream->is_asking = 0;
    stream->hearing.is_heard = 0;
    push_pace_clear(&stream->pace);
    push_snapshot_clear(&stream->snapshot);
    stream->server->metrics.stream_restarts_total++;
    if (stream->is_closing) {
        close_now(stream);
    }
}

static const push_session_owner owner = {
    .name = "stream", .up = session_up, .down = session_down, .notified = notified
};

struct push_stream *push_stream_open(struct push_server *server)
{
    push_stream *stream = calloc(1, sizeof *stream);
    flx_uuid id;

    if (stream == NULL) {
        return NULL;
    }
    stream->server = server;
    flx_uuid_make(&id);
    flx_uuid_write(&id, stream->listener_id);
    stream->canceller = push_canceller_make();
    if (stream->canceller == NULL) {
        goto no_canceller;
    }
    stream->delivery = push_delivery_open(server, stream->canceller);
    if (stream->delivery == NULL) {
        goto no_delivery;
    }
    stream->session = push_session_open(server, &owner, stream, stream->canceller);
    if (stream->session == NULL) {
        goto no_session;
    }
    (void)uv_timer_init(server->loop, &stream->timer); /* cannot fail */
    stream->timer.data = stream;
    stream->open = 3;
    return stream;

no_session:
    push_delivery_close(stream->delivery, NULL, NULL);
no_delivery:
    push_canceller_free(stream->canceller);
no_canceller:
    free(stream);
    return NULL;
}

static void part_closed(void *data)
{
    push_stream *stream = data;

    if (--stream->open == 0) {
        if (stream->closed != NULL) {
            stream->closed(stream->closed_data);
        }
        push_snapshot_clear(&stream->snapshot);
        push_canceller_free(stream->canceller);
        free(stream);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void close_now(push_stream *stream)
{
    stream->phase = AWAY;
    push_session_close(stream->session, part_closed, stream);
    push_delivery_close(stream->delivery, part_closed, stream);
    uv_close((uv_handle_t *)&stream->timer, timer_closed);
}

static void said_good_bye(void *data, push_session_end end, const PGresult *result)
{
    push_stream *stream = data;

    (void)result;
    /* Where the session was lost, its end has closed us, or will. */
    if (answered(stream, end)) {
        close_now(stream);
    }
}

void push_stream_close(struct push_stream *stream, void (*closed)(void *data), void *data)
{
    const char *const values[] = { stream->listener_id };
    uint64_t deadline = uv_now(stream->server->loop) + CLOSE_WAIT;

    stream->closed = closed;
    stream->closed_data = data;
    stream->is_closing = 1;
    /* It comes behind whatever is under way. */
    if (push_session_send(stream->session, &flx_statement_listener_busy, values, deadline,
                          said_good_bye, stream) != 0) {
        close_now(stream);
        return;
    }
    stream->is_asking = 1;
    (void)uv_timer_stop(&stream->timer);
}

int push_stream_is_up(const struct push_stream *stream)
{
    return stream->phase > BEGINNING && stream->hearing.is_heard;
}

void push_stream_hurry(struct push_stream *stream)
{
    push_session_hurry(stream->session);
    push_delivery_hurry(stream->delivery);
}
