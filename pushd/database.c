/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the database that never block the loop: which session takes which call, and what its answer says. */
#include "database.h"

#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "call.h"
#include "flx_result.h"
#include "log.h"
#include "server.h"
#include "session.h"
#include "stream.h"

#define WAITING_MAX 10000 /* calls that wait in one lane */
#define TRIES       3     /* of a call that conflicts with others */
#define READS       4     /* calls in the pipeline of one reader */

/* How often calls that wait too long are looked for, and partitions seen to (ms). */
#define LOOK_EVERY 100
#define KEEP_EVERY (60UL * 60 * 1000)
#define KEEP_AGAIN (60UL * 1000)

/* Beside the lanes of the contract: what a batch did not do, as it would have had to wait for what somebody else holds locked. So
 * nobody else waits for it: a batch never waits, and says which of its calls would have had to. */
#define LANE_SLOW PUSH_LANES
#define LANES     (PUSH_LANES + 1)

typedef struct lane {
    push_queue waiting;
    push_session **sessions;
    int count;
} lane;

struct push_database {
    push_server *server;
    push_canceller *canceller;
    lane lanes[LANES];
    int up;           /* sessions */
    push_queue ended; /* calls to be answered unavailable by the loop */
    uv_timer_t look;
    uv_timer_t keep;
    int is_closing;
    int open; /* sessions and timers that the loop still has */
    void (*closed)(void *data);
    void *closed_data;
};

/* Sending. */

static const push_batch_owner batch_owner;
static void sent(void *data, push_session_end end, const PGresult *result);
static void look_soon(struct push_database *database, uint64_t milliseconds);

/* How many calls may be on their way in one session when one more of those that wait is sent. A batch of sends follows the one before
 * without a pause if it is a full one; else it is better for what comes in meanwhile to join it. */
static int depth_for(const struct push_database *database, int which)
{
    if (which == PUSH_LANE_SEND && database->lanes[which].waiting.count >= PUSH_BATCH_CALLS) {
        return 2;
    }
    return which == PUSH_LANE_READ ? READS : 1;
}

/* The one with the fewest calls on their way, of those with less than so many; NULL if there is none. */
static push_session *idle_session(const lane *in, int fewest)
{
    push_session *found = NULL;
    int i;

    for (i = 0; i < in->count && fewest > 0; i++) {
        int calls = push_session_in_flight(in->sessions[i]);

        if (calls < fewest && push_session_is_up(in->sessions[i])) {
            found = in->sessions[i];
            fewest = calls;
        }
    }
    return found;
}

/* Sends one call, or with it those that go together with it. */
static int send_first(struct push_database *database, int which, push_session *session)
{
    push_queue *waiting = &database->lanes[which].waiting;
    push_call *call = waiting->first;
    int failed;

    if (which != LANE_SLOW && call->statement->batch != NULL) {
        return push_batch_send(session, waiting,
                               push_session_deadline(database->server, call->statement->batch),
                               &batch_owner, database);
    }
    /* Its own deadline is that of its wait here: with what is left of it the session would be cut. */
    failed =
        push_session_send(session, call->statement, call->values,
                          push_session_deadline(database->server, call->statement), sent, call);
    if (!failed) {
        (void)push_call_take(waiting);
    }
    return failed;
}

/* Sends what waits, as far as there are sessions for it. */
static void send_waiting(struct push_database *database, int which)
{
    lane *in = &database->lanes[which];
    push_session *session;

    while (in->waiting.first != NULL && !database->is_closing) {
        session = idle_session(in->count > 0 ? in : &database->lanes[PUSH_LANE_SEND],
                               depth_for(database, which));
        if (session == NULL) {
            return;
        }
        if (send_first(database, which, session) != 0) {
            /* it is not up any more */
            push_call_append(&database->ended, push_call_take(&in->waiting));
            look_soon(database, 0);
        }
    }
}

/* Whether to send a call once more that ended so: it has certainly changed nothing, and may end better. */
static int once_more(push_call *call, push_session_end end)
{
    struct push_database *database = call->database;

    if (database->is_closing || uv_now(database->server->loop) >= call->deadline) {
        return 0;
    }
    if (end == PUSH_SESSION_AGAIN) {
        return ++call->tries < TRIES;
    }
    return end == PUSH_SESSION_LOST && call->statement->read_only && call->losses++ == 0 &&
           database->up > 0;
}

static void sent(void *data, push_session_end end, const PGresult *result)
{
    push_call *call = data;
    struct push_database *database = call->database;
    int which = call->lane;

    if (end == PUSH_SESSION_DONE) {
        push_call_answer(call, result);
    }
    else if (once_more(call, end)) {
        push_call_append(&database->lanes[which].waiting, call);
    }
    else {
        push_call_refuse(call, end == PUSH_SESSION_REFUSED ? FLX_INTERNAL : FLX_UNAVAILABLE);
    }
    send_waiting(database, which);
    if (which == LANE_SLOW) {
        /* with one sender they share it */
        send_waiting(database, PUSH_LANE_SEND);
    }
}

/* A call of a batch that would have had to wait, or that may be the one for which all of them were refused, goes alone. */
static void batch_ended(void *data, push_call *call, push_session_end end, const PGresult *result,
                        int others)
{
    struct push_database *database = data;

    if ((end == PUSH_SESSION_DONE && flx_value_is(flx_result_get(result, 0, "outcome"), "busy")) ||
        (end == PUSH_SESSION_REFUSED && others > 0)) {
        call->lane = LANE_SLOW;
        push_call_append(&database->lanes[LANE_SLOW].waiting, call);
    }
    else if (end == PUSH_SESSION_DONE) {
        push_call_answer(call, result);
    }
    else if (once_more(call, end)) {
        push_call_append(&database->lanes[call->lane].waiting, call);
    }
    else {
        push_call_refuse(call, end == PUSH_SESSION_REFUSED ? FLX_INTERNAL : FLX_UNAVAILABLE);
    }
}

static void batch_over(void *data)
{
    struct push_database *database = data;

    for (int which = 0; which < LANES; which++) {
        send_waiting(database, which);
    }
    if (database->lanes[LANE_SLOW].waiting.first != NULL) {
        look_soon(database, LOOK_EVERY);
    }
}

static const push_batch_owner batch_owner = { .ended = batch_ended, .over = batch_over };

/* Takes out of a queue what is overdue. */
static void move_overdue(struct push_database *database, push_queue *from)
{
    uint64_t now = uv_now(database->server->loop);
    push_queue kept = { 0 };
    push_call *call;

    while ((call = push_call_take(from)) != NULL) {
        push_call_append(call->deadline <= now || database->up == 0 ? &database->ended : &kept,
                         call);
    }
    *from = kept;
}

static void answer_ended(struct push_database *database)
{
    push_queue list = database->ended;
    push_call *call;

    memset(&database->ended, 0, sizeof database->ended);
    while ((call = push_call_take(&list)) != NULL) {
        push_call_refuse(call, FLX_UNAVAILABLE);
    }
}

static void look(uv_timer_t *timer)
{
    struct push_database *database = timer->data;
    int i, waiting = 0;

    for (i = 0; i < LANES; i++) {
        move_overdue(database, &database->lanes[i].waiting);
        send_waiting(database, i);
    }
    answer_ended(database);
    for (i = 0; i < LANES; i++) {
        waiting += database->lanes[i].waiting.count;
    }
    if (waiting == 0 && database->ended.first == NULL) {
        (void)uv_timer_stop(timer);
    }
}

/* Has look() called soon, and then as long as something waits. */
static void look_soon(struct push_database *database, uint64_t milliseconds)
{
    if (!uv_is_active((uv_handle_t *)&database->look) ||
        uv_timer_get_due_in(&database->look) > milliseconds) {
        (void)uv_timer_start(&database->look, look, milliseconds, LOOK_EVERY);
    }
}

push_call *push_database_call(struct push_database *database, push_lane which,
                              const flx_statement *statement, const char *const *caller,
                              const char *const *parameters, push_answered *done, void *data)
{
    push_call *call = push_call_make(statement, caller, parameters);

    if (call == NULL) {
        return NULL;
    }
    call->server = database->server;
    call->database = database;
    call->lane = (int)which;
    call->done = done;
    call->data = data;
    call->deadline = push_session_deadline(database->server, statement);
    database->server->metrics.database_calls_total++;
    if (database->up == 0 || database->is_closing ||
        database->lanes[which].waiting.count >= WAITING_MAX) {
        push_call_append(&database->ended, call);
        look_soon(database, 0);
        return call;
    }
    push_call_append(&database->lanes[which].waiting, call);
    send_waiting(database, (int)which);
    if (database->lanes[which].waiting.first != NULL) {
        look_soon(database, LOOK_EVERY);
    }
    return call;
}

/* Sessions. */

static void keep(uv_timer_t *timer);

static void keep_done(void *data, const push_answer *said)
{
    struct push_database *database = data;

    if (said->result == NULL && !database->is_closing) {
        push_log(PUSH_LOG_WARNING, "FLX1221: the partitions of events could not be seen to");
        (void)uv_timer_start(&database->keep, keep, KEEP_AGAIN, KEEP_EVERY);
    }
}

static void keep(uv_timer_t *timer)
{
    struct push_database *database = timer->data;

    if (push_database_call(database, PUSH_LANE_WRITE, &flx_statement_keep_partitions, NULL, NULL,
                           keep_done, database) == NULL) {
        push_log(PUSH_LOG_WARNING, "FLX1222: no memory to see to the partitions of events");
    }
}

static void session_up(void *data)
{
    struct push_database *database = data;
    int i, j;

    if (database->up++ == 0 && !uv_is_active((uv_handle_t *)&database->keep)) {
        (void)uv_timer_start(&database->keep, keep, 0, KEEP_EVERY);
    }
    for (i = 0; i < LANES; i++) {
        for (j = 0; j < database->lanes[i].count; j++) {
            push_session_hurry(database->lanes[i].sessions[j]);
        }
        send_waiting(database, i);
    }
    if (database->server->stream != NULL) {
        push_stream_hurry(database->server->stream);
    }
}

static void session_down(void *data)
{
    struct push_database *database = data;

    database->up--;
    /* what waits is not to wait for its deadline if nobody is left to take it */
    look_soon(database, 0);
}

static const push_session_owner owners[LANES] = {
    [PUSH_LANE_SEND] = { .name = "sender", .up = session_up, .down = session_down },
    [LANE_SLOW] = { .name = "slow sender", .up = session_up, .down = session_down },
    [PUSH_LANE_WRITE] = { .name = "writer", .up = session_up, .down = session_down },
    [PUSH_LANE_READ] = { .name = "reader", .up = session_up, .down = session_down },
    [PUSH_LANE_NOTIFY] = { .name = "notifier", .up = session_up, .down = session_down },
};

static void free_database(struct push_database *database)
{
    int i;

    for (i = 0; i < LANES; i++) {
        free(database->lanes[i].sessions);
    }
    push_canceller_free(database->canceller);
    free(database);
}

static void part_closed(void *data)
{
    struct push_database *database = data;

    if (--database->open == 0) {
        if (database->closed != NULL) {
            database->closed(database->closed_data);
        }
        free_database(database);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static int open_lane(struct push_database *database, int which, int64_t count)
{
    lane *in = &database->lanes[which];

    in->sessions = calloc((size_t)count + 1, sizeof(push_session *));
    if (in->sessions == NULL) {
        return -1;
    }
    while (in->count < count) {
        in->sessions[in->count] =
            push_session_open(database->server, &owners[which], database, database->canceller);
        if (in->sessions[in->count] == NULL) {
            return -1;
        }
        in->count++;
        database->open++;
    }
    return 0;
}

static void close_all(struct push_database *database)
{
    int i, j;

    database->is_closing = 1;
    for (i = 0; i < LANES; i++) {
        for (j = 0; j < database->lanes[i].count; j++) {
            push_session_close(database->lanes[i].sessions[j], part_closed, database);
        }
    }
    database->up = 0;
    for (i = 0; i < LANES; i++) {
        move_overdue(database, &database->lanes[i].waiting);
    }
    answer_ended(database);
    uv_close((uv_handle_t *)&database->look, timer_closed);
    uv_close((uv_handle_t *)&database->keep, timer_closed);
}

struct push_database *push_database_open(struct push_server *server)
{
    struct push_database *database = calloc(1, sizeof *database);
    const push_settings *settings = server->settings;

    if (database == NULL) {
        return NULL;
    }
    database->server = server;
    database->canceller = push_canceller_make();
    if (database->canceller == NULL) {
        free(database);
        return NULL;
    }
    (void)uv_timer_init(server->loop, &database->look); /* cannot fail */
    (void)uv_timer_init(server->loop, &database->keep);
    database->look.data = database;
    database->keep.data = database;
    database->open = 2;
    if (open_lane(database, PUSH_LANE_SEND, 1) != 0 ||
        open_lane(database, LANE_SLOW, settings->database_senders - 1) != 0 ||
        open_lane(database, PUSH_LANE_WRITE, settings->database_writers) != 0 ||
        open_lane(database, PUSH_LANE_READ, settings->database_readers) != 0 ||
        open_lane(database, PUSH_LANE_NOTIFY, 1) != 0) {
        close_all(database);
        return NULL;
    }
    return database;
}

void push_database_close(struct push_database *database, void (*closed)(void *data), void *data)
{
    database->closed = closed;
    database->closed_data = data;
    close_all(database);
}

int push_database_is_up(const struct push_database *database)
{
    return database->up > 0;
}

int push_database_is_writing(const struct push_database *database)
{
    for (int which = 0; which < LANES; which++) {
        const lane *in = &database->lanes[which];

        if (which == PUSH_LANE_READ || which == PUSH_LANE_NOTIFY) {
            continue;
        }
        if (in->waiting.count > 0) {
            return 1;
        }
        for (int i = 0; i < in->count; i++) {
            if (push_session_in_flight(in->sessions[i]) > 0) {
                return 1;
            }
        }
    }
    return 0;
}
