/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the database which users are online here, and that this daemon is alive. */
#include "presence.h"

#include <stdio.h>
#include <stdlib.h>

#include "database.h"
#include "flx_array.h"
#include "flx_result.h"
#include "log.h"
#include "notifier.h"
#include "reach.h"
#include "server.h"
#include "stream.h"
#include "users.h"

/* Why nobody is forgotten between two connections.
 *
 * While the database has a user's row, what is sent to the user makes no push. So when the row goes (or begins later), what may not have
 * arrived is judged again: first the row is changed, then push_missed looks at all that is unread after the position that had arrived.
 * An event that is committed in between is seen by push_missed, or later by whoever collects, without the row. Both calls may be said
 * again, and are, until the database has answered. A user stays in users.c as long as there is something to say. */

#define BATCH      1000 /* users in one call */
#define ARRAY_SIZE ((size_t)BATCH * 64)

/* Milliseconds. */
#define AGAIN         1000 /* after a call that failed */
#define CLOSE_WAIT    1000
#define DEFAULT_DELAY 2000

/* What a batch says of a user. */
typedef struct word {
    push_user *user;
    flx_time since;
    flx_time missed;
    flx_time reached;
} word;

typedef enum phase { RESTING, TELLING, JUDGING, ENDING } phase;

typedef struct push_presence {
    push_server *server;
    uv_timer_t timer;
    char daemon_id[FLX_UUID_TEXT + 1];
    push_user *first; /* of those that are to be looked at */
    push_user *last;
    word batch[BATCH];
    int count;
    phase phase;
    push_call *call; /* of the phase */
    push_call *beating;
    uint64_t beat_due; /* in uv_now's time, as all of them */
    uint64_t tell_due;
    uint64_t push_delay;
    int is_alive;     /* the last beat was answered */
    int64_t restarts; /* of the stream, when the last beat was sent */
    int is_doubtful; /* the database was away: after a fail-over it may not have what it was told */
    int is_closing;
    uint64_t close_due;
    void (*closed)(void *data);
    void *closed_data;
} push_presence;

static uint64_t now_of(const push_presence *presence)
{
    return uv_now(presence->server->loop);
}

/* ---- whom to look at ---- */

static void enqueue(push_presence *presence, push_user *user)
{
    push_presence_part *part = &user->presence;

    if (part->is_queued) {
        return;
    }
    part->is_queued = 1;
    part->next = NULL;
    if (presence->last != NULL) {
        presence->last->presence.next = user;
    }
    else {
        presence->first = user;
    }
    presence->last = user;
}

static push_user *dequeue(push_presence *presence)
{
    push_user *user = presence->first;

    if (user != NULL) {
        presence->first = user->presence.next;
        if (presence->first == NULL) {
            presence->last = NULL;
        }
        user->presence.is_queued = 0;
    }
    return user;
}

static void set_told(push_presence *presence, push_user *user, flx_time since)
{
    presence->server->metrics.presence_users -= user->presence.told < PUSH_PRESENCE_UNKNOWN;
    presence->server->metrics.presence_users += since < PUSH_PRESENCE_UNKNOWN;
    user->presence.told = since;
}

void push_presence_changed(push_presence *presence, const push_subscription *subscription)
{
    push_user *user;

    if (presence != NULL) {
        user = push_users_find(presence->server->users, &subscription->user_id);
        if (user != NULL) {
            enqueue(presence, user);
        }
    }
}

void push_presence_missed(push_presence *presence, const push_subscription *subscription,
                          flx_time position)
{
    push_user *user;

    if (presence == NULL) {
        return;
    }
    user = push_users_find(presence->server->users, &subscription->user_id);
    if (user == NULL) {
        return;
    }
    if (position < user->presence.missed) {
        user->presence.missed = position;
    }
    if (subscription->was_synced && subscription->reach.proven > user->presence.reached) {
        user->presence.reached = subscription->reach.proven;
    }
    enqueue(presence, user);
}

/* ---- telling ---- */

static void go_on(push_presence *presence);

/* From when on events reach the user here. */
static flx_time since_of(const push_user *user)
{
    const push_subscription *subscription = user->first;
    flx_time since = PUSH_PRESENCE_NONE;

    for (; subscription != NULL; subscription = subscription->next_of_user) {
        if (push_reach_is_sure(subscription)) {
            flx_time begins = subscription->was_synced ? FLX_TIME_MIN : subscription->live_from;

            since = begins < since ? begins : since;
        }
    }
    return since;
}

/* Takes users off the queue of whom there is something to say. */
static void fill(push_presence *presence)
{
    push_user *user;

    while (presence->count < BATCH && (user = dequeue(presence)) != NULL) {
        push_presence_part *part = &user->presence;
        word said = { user, since_of(user), part->missed, part->reached };

        part->missed = PUSH_PRESENCE_NONE;
        /* Another connection has it. */
        if (said.missed >= said.since) {
            said.missed = PUSH_PRESENCE_NONE;
        }
        if (said.since == part->told && said.missed == PUSH_PRESENCE_NONE) {
            push_users_let_go(presence->server->users, user);
            continue;
        }
        part->reached = FLX_TIME_MIN;
        part->is_being_told = 1;
        presence->batch[presence->count++] = said;
    }
}

static void add_user(flx_buffer *array, const push_user *user)
{
    char text[FLX_UUID_TEXT + 1] = "";

    flx_uuid_write(&user->id, text);
    flx_array_add(array, text);
}

static void add_time(flx_buffer *array, flx_time time)
{
    char text[FLX_TIME_TEXT + 1] = "";

    flx_time_write(time, text);
    flx_array_add(array, time == FLX_TIME_MIN ? "-infinity" : text);
}

static push_call *call(push_presence *presence, const flx_statement *statement,
                       const char *const *parameters, push_answered *done)
{
    return push_database_call(presence->server->database, PUSH_LANE_WRITE, statement, NULL,
                              parameters, done, presence);
}

/* The batch is done with: said says whether its rest is to be said again. */
static void end_batch(push_presence *presence, int is_said)
{
    int is_full = presence->count == BATCH;

    for (int i = 0; i < presence->count; i++) {
        word *said = &presence->batch[i];
        push_presence_part *part = &said->user->presence;

        part->is_being_told = 0;
        if (!is_said) {
            part->missed = said->missed < part->missed ? said->missed : part->missed;
            part->reached = said->reached > part->reached ? said->reached : part->reached;
            enqueue(presence, said->user);
        }
        push_users_let_go(presence->server->users, said->user);
    }
    presence->count = 0;
    presence->phase = RESTING;
    presence->tell_due = is_said ? is_full ? 0 : presence->tell_due : now_of(presence) + AGAIN;
    if (is_full || presence->is_closing) {
        go_on(presence);
    }
}

static void judged(void *data, const push_answer *answer)
{
    push_presence *presence = data;

    presence->call = NULL;
    if (answer->result != NULL) {
        presence->server->metrics.presence_pushes_total +=
            flx_value_int(flx_result_get(answer->result, 0, "pushes"));
    }
    end_batch(presence, answer->result != NULL);
}

/* What those who are not online any more may have missed. */
static void judge(push_presence *presence)
{
    const char *parameters[2];
    flx_buffer users, positions;
    int count = 0;

    flx_array_begin(&users, ARRAY_SIZE);
    flx_array_begin(&positions, ARRAY_SIZE);
    for (int i = 0; i < presence->count; i++) {
        const word *said = &presence->batch[i];

        if (said->missed != PUSH_PRESENCE_NONE) {
            add_user(&users, said->user);
            add_time(&positions, said->missed);
            count++;
        }
    }
    flx_array_end(&users);
    flx_array_end(&positions);
    if (count > 0 && !flx_buffer_failed(&users) && !flx_buffer_failed(&positions)) {
        parameters[0] = users.at;
        parameters[1] = positions.at;
        presence->phase = JUDGING;
        presence->call = call(presence, &flx_statement_push_missed, parameters, judged);
    }
    flx_buffer_free(&users);
    flx_buffer_free(&positions);
    if (presence->call == NULL) {
        end_batch(presence, count == 0);
    }
}

static void told(void *data, const push_answer *answer)
{
    push_presence *presence = data;

    presence->call = NULL;
    for (int i = 0; i < presence->count; i++) {
        const word *said = &presence->batch[i];

        set_told(presence, said->user,
                 answer->result != NULL ? said->since : PUSH_PRESENCE_UNKNOWN);
    }
    if (answer->result == NULL) {
        end_batch(presence, 0);
        return;
    }
    presence->server->metrics.presence_told_total += presence->count;
    judge(presence);
}

static void tell(push_presence *presence)
{
    const char *parameters[4] = { presence->daemon_id };
    flx_buffer arrays[3];
    int i, has_failed = 0;

    for (i = 0; i < 3; i++) {
        flx_array_begin(&arrays[i], ARRAY_SIZE);
    }
    for (i = 0; i < presence->count; i++) {
        const word *said = &presence->batch[i];

        add_user(&arrays[0], said->user);
        if (said->since == PUSH_PRESENCE_NONE) {
            flx_array_add(&arrays[1], NULL);
        }
        else {
            add_time(&arrays[1], said->since);
        }
        if (said->reached == FLX_TIME_MIN) {
            flx_array_add(&arrays[2], NULL);
        }
        else {
            add_time(&arrays[2], said->reached);
        }
    }
    for (i = 0; i < 3; i++) {
        flx_array_end(&arrays[i]);
        has_failed |= flx_buffer_failed(&arrays[i]);
        parameters[i + 1] = arrays[i].at;
    }
    presence->phase = TELLING;
    if (!has_failed) {
        presence->call = call(presence, &flx_statement_update_presence, parameters, told);
    }
    for (i = 0; i < 3; i++) {
        flx_buffer_free(&arrays[i]);
    }
    if (presence->call == NULL) {
        end_batch(presence, 0);
    }
}

/* ---- being alive ---- */

static void tell_again(push_user *user, void *data)
{
    push_presence *presence = data;

    if (user->presence.told != PUSH_PRESENCE_NONE) {
        set_told(presence, user, PUSH_PRESENCE_UNKNOWN);
        enqueue(presence, user);
    }
}

static void beaten(void *data, const push_answer *answer)
{
    push_presence *presence = data;
    uint64_t lease = (uint64_t)presence->server->settings->presence_lease;

    presence->beating = NULL;
    presence->is_alive = answer->result != NULL;
    if (!presence->is_alive) {
        presence->beat_due = now_of(presence) + (lease / 3 < AGAIN ? lease / 3 : AGAIN);
        return;
    }
    presence->server->metrics.presence_beats_total++;
    presence->push_delay =
        (uint64_t)flx_value_int(flx_result_get(answer->result, 0, "push_delay_ms"));
    push_reaches_set_delay(presence->server->reaches, presence->push_delay);
    if (presence->is_doubtful || !flx_value_bool(flx_result_get(answer->result, 0, "is_known"))) {
        presence->is_doubtful = 0;
        push_users_every(presence->server->users, tell_again, presence);
    }
    go_on(presence);
}

static void beat(push_presence *presence)
{
    const push_settings *settings = presence->server->settings;
    char lease[40], silence[40];
    const char *const parameters[] = { presence->daemon_id, lease, silence,
                                       push_notifier_web_push_key(presence->server) };

    snprintf(lease, sizeof lease, "%lld milliseconds", (long long)settings->presence_lease);
    snprintf(silence, sizeof silence, "%lld milliseconds", (long long)settings->idle_time);
    if (presence->restarts != presence->server->metrics.stream_restarts_total) {
        presence->restarts = presence->server->metrics.stream_restarts_total;
        presence->is_doubtful = 1;
    }
    presence->beat_due = now_of(presence) + (uint64_t)settings->presence_lease / 3;
    presence->beating = call(presence, &flx_statement_beat, parameters, beaten);
}

/* ---- the end ---- */

static void on_timer_closed(uv_handle_t *timer)
{
    push_presence *presence = timer->data;
    void (*closed)(void *data) = presence->closed;
    void *data = presence->closed_data;

    free(presence);
    closed(data);
}

static void close_now(push_presence *presence)
{
    if (presence->server->presence == NULL) {
        return;
    }
    presence->server->presence = NULL;
    if (presence->call != NULL) {
        push_call_forget(presence->call);
    }
    if (presence->beating != NULL) {
        push_call_forget(presence->beating);
    }
    uv_close((uv_handle_t *)&presence->timer, on_timer_closed);
}

static void ended(void *data, const push_answer *answer)
{
    push_presence *presence = data;

    (void)answer;
    presence->call = NULL;
    close_now(presence);
}

static void end(push_presence *presence)
{
    const char *const parameters[] = { presence->daemon_id };

    presence->phase = ENDING;
    presence->call = call(presence, &flx_statement_end_daemon, parameters, ended);
    if (presence->call == NULL) {
        close_now(presence);
    }
}

/* Says what there is to say, if nothing is being said. */
static void go_on(push_presence *presence)
{
    if (presence->phase != RESTING || !presence->is_alive ||
        (now_of(presence) < presence->tell_due && !presence->is_closing)) {
        return;
    }
    fill(presence);
    if (presence->count > 0) {
        tell(presence);
    }
    else if (presence->is_closing) {
        end(presence);
    }
}

static void on_tick(uv_timer_t *timer)
{
    push_presence *presence = timer->data;
    uint64_t now = now_of(presence);

    if (presence->is_closing) {
        if (now >= presence->close_due) {
            push_log(PUSH_LOG_WARNING,
                     "FLX1480: the database was not told that this daemon ends: its users count as "
                     "online until its lease is over");
            close_now(presence);
        }
        return;
    }
    push_reaches_look(presence->server->reaches);
    if (presence->beating == NULL && now >= presence->beat_due &&
        push_stream_is_up(presence->server->stream)) {
        beat(presence);
    }
    go_on(presence);
}

void push_presence_close(push_presence *presence, void (*closed)(void *data), void *data)
{
    presence->closed = closed;
    presence->closed_data = data;
    presence->is_closing = 1;
    presence->close_due = now_of(presence) + CLOSE_WAIT;
    if (!presence->is_alive || !push_database_is_up(presence->server->database)) {
        close_now(presence);
        return;
    }
    go_on(presence);
}

struct push_presence *push_presence_open(push_server *server)
{
    push_presence *presence = calloc(1, sizeof *presence);
    flx_uuid id;

    if (presence == NULL) {
        return NULL;
    }
    presence->server = server;
    presence->push_delay = DEFAULT_DELAY;
    flx_uuid_make(&id);
    flx_uuid_write(&id, presence->daemon_id);
    (void)uv_timer_init(server->loop, &presence->timer); /* cannot fail */
    presence->timer.data = presence;
    (void)uv_timer_start(&presence->timer, on_tick, PUSH_PRESENCE_TICK, PUSH_PRESENCE_TICK);
    return presence;
}

const char *push_presence_daemon_id(const push_presence *presence)
{
    return presence->daemon_id;
}

uint64_t push_presence_push_delay(const push_presence *presence)
{
    return presence->push_delay;
}
