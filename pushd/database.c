/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the database that never block the loop: which session takes which call, and what its answer says. */
#include "database.h"

#include <stdlib.h>
#include <string.h>

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

struct push_call {
    push_call *next;
    struct push_database *database;
    push_lane lane;
    const flx_statement *statement;
    push_answered *done; /* NULL: forgotten */
    void *data;
    uint64_t deadline;
    int tries;
    int losses;
    /* its parameters; their texts lie behind them */
    const char *values[];
};

typedef struct queue {
    push_call *first;
    push_call *last;
    int count;
} queue;

typedef struct lane {
    queue waiting;
    push_session **sessions;
    int count;
    int depth; /* calls on their way in one session */
    int next;  /* where to look first */
} lane;

struct push_database {
    push_server *server;
    push_canceller *canceller;
    lane lanes[PUSH_LANES];
    int up;      /* sessions */
    queue ended; /* calls to be answered unavailable by the loop */
    uv_timer_t look;
    uv_timer_t keep;
    int is_closing;
    int open; /* sessions and timers that the loop still has */
    void (*closed)(void *data);
    void *closed_data;
};

static void append(queue *into, push_call *call)
{
    call->next = NULL;
    if (into->last != NULL) {
        into->last->next = call;
    }
    else {
        into->first = call;
    }
    into->last = call;
    into->count++;
}

static push_call *take(queue *from)
{
    push_call *call = from->first;

    if (call != NULL) {
        from->first = call->next;
        if (from->first == NULL) {
            from->last = NULL;
        }
        from->count--;
    }
    return call;
}

/* Ends a call: the last use of it. */
static void answer(push_call *call, const push_answer *said)
{
    if (call->done != NULL) {
        call->done(call->data, said);
    }
    free(call);
}

static void answer_refused(push_call *call, flx_outcome refusal)
{
    push_answer said = { .refusal = refusal };

    if (refusal == FLX_UNAVAILABLE) {
        call->database->server->metrics.database_unavailable_total++;
    }
    answer(call, &said);
}

/* What the first row's outcome says. Statements without such a column are done. */
static void judge(push_call *call, const PGresult *result)
{
    push_answer said = { .result = result };
    int column = PQfnumber(result, "outcome");
    flx_value outcome;

    if (column < 0) {
        column = PQfnumber(result, "o_outcome"); /* a procedure's */
    }
    outcome = flx_result_at(result, 0, column);
    said.is_created = flx_value_is(outcome, "created");
    if (column >= 0 && !said.is_created && !flx_value_is(outcome, "ok")) {
        said.result = NULL;
        said.refusal =
            outcome.at != NULL ? flx_outcome_of_label(outcome.at, outcome.length) : FLX_INTERNAL;
    }
    if (said.result == NULL && said.refusal == FLX_INVALID_FIELDS) {
        /* libpq puts a NUL behind each value */
        said.fault.field = flx_result_get(result, 0, "field").at;
        said.fault.rule = flx_result_get(result, 0, "rule").at;
        said.fault.field = said.fault.field != NULL ? said.fault.field : "";
        said.fault.rule = said.fault.rule != NULL ? said.fault.rule : "";
    }
    answer(call, &said);
}

/* Sending. */

static void sent(void *data, push_session_end end, const PGresult *result);
static void look_soon(struct push_database *database, uint64_t milliseconds);

static push_session *idle_session(lane *in)
{
    int i;

    for (i = 0; i < in->count; i++) {
        push_session *session = in->sessions[(in->next + i) % in->count];

        if (push_session_is_up(session) && push_session_in_flight(session) < in->depth) {
            in->next = (in->next + i + 1) % in->count;
            return session;
        }
    }
    return NULL;
}

/* Sends what waits, as far as there are sessions for it. */
static void send_waiting(struct push_database *database, push_lane which)
{
    lane *in = &database->lanes[which];
    push_session *session;
    push_call *call;

    while (in->waiting.first != NULL && !database->is_closing) {
        session = idle_session(in);
        if (session == NULL) {
            return;
        }
        call = take(&in->waiting);
        if (push_session_send(session, call->statement, call->values, call->deadline, sent, call) !=
            0) {
            /* it is not up any more */
            append(&database->ended, call);
            look_soon(database, 0);
        }
    }
}

/* Whether to send a call once more that ended so: it has certainly changed nothing, and may end better. */
static int once_more(push_call *call, push_session_end end)
{
    if (call->database->is_closing || uv_now(call->database->server->loop) >= call->deadline) {
        return 0;
    }
    if (end == PUSH_SESSION_AGAIN) {
        return ++call->tries < TRIES;
    }
    return end == PUSH_SESSION_LOST && call->statement->read_only && call->losses++ == 0 &&
           call->database->up > 0;
}

static void sent(void *data, push_session_end end, const PGresult *result)
{
    push_call *call = data;
    struct push_database *database = call->database;
    push_lane which = call->lane;

    if (end == PUSH_SESSION_DONE) {
        judge(call, result);
    }
    else if (once_more(call, end)) {
        append(&database->lanes[which].waiting, call);
    }
    else {
        answer_refused(call, end == PUSH_SESSION_REFUSED ? FLX_INTERNAL : FLX_UNAVAILABLE);
    }
    send_waiting(database, which);
}

/* Takes out of a queue what is overdue. */
static void move_overdue(struct push_database *database, queue *from)
{
    uint64_t now = uv_now(database->server->loop);
    queue kept = { 0 };
    push_call *call;

    while ((call = take(from)) != NULL) {
        append(call->deadline <= now || database->up == 0 ? &database->ended : &kept, call);
    }
    *from = kept;
}

static void answer_ended(struct push_database *database)
{
    queue list = database->ended;
    push_call *call;

    memset(&database->ended, 0, sizeof database->ended);
    while ((call = take(&list)) != NULL) {
        answer_refused(call, FLX_UNAVAILABLE);
    }
}

static void look(uv_timer_t *timer)
{
    struct push_database *database = timer->data;
    int i, waiting = 0;

    for (i = 0; i < PUSH_LANES; i++) {
        send_waiting(database, (push_lane)i);
        move_overdue(database, &database->lanes[i].waiting);
    }
    answer_ended(database);
    for (i = 0; i < PUSH_LANES; i++) {
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

static size_t size_of(const char *const *values, size_t count)
{
    size_t size = 0, i;

    for (i = 0; i < count; i++) {
        size += values[i] != NULL ? strlen(values[i]) + 1 : 0;
    }
    return size;
}

/* Copies texts to where there is room for them; returns what is behind them. */
static char *copy(const char **into, const char *const *values, size_t count, char *room)
{
    size_t size, i;

    for (i = 0; i < count; i++) {
        into[i] = NULL;
        if (values[i] != NULL) {
            size = strlen(values[i]) + 1;
            into[i] = memcpy(room, values[i], size);
            room += size;
        }
    }
    return room;
}

/* A call with copies of its parameters. */
static push_call *make_call(const flx_statement *statement, const char *const *caller,
                            const char *const *parameters)
{
    size_t count = (size_t)statement->parameters;
    size_t callers = caller != NULL ? FLX_CALLER_PARAMETERS : 0;
    size_t own = parameters != NULL ? count - callers : 0;
    size_t size = sizeof(push_call) + count * sizeof(char *);
    push_call *call;
    char *room;

    size += caller != NULL ? size_of(caller, callers) : 0;
    size += parameters != NULL ? size_of(parameters, own) : 0;
    call = calloc(1, size);
    if (call == NULL) {
        return NULL;
    }
    room = (char *)(call->values + count);
    if (caller != NULL) {
        room = copy(call->values, caller, callers, room);
    }
    if (parameters != NULL) {
        (void)copy(call->values + callers, parameters, own, room);
    }
    call->statement = statement;
    return call;
}

push_call *push_database_call(struct push_database *database, push_lane which,
                              const flx_statement *statement, const char *const *caller,
                              const char *const *parameters, push_answered *done, void *data)
{
    push_call *call = make_call(statement, caller, parameters);

    if (call == NULL) {
        return NULL;
    }
    call->database = database;
    call->lane = which;
    call->done = done;
    call->data = data;
    call->deadline = push_session_deadline(database->server, statement);
    database->server->metrics.database_calls_total++;
    if (database->up == 0 || database->is_closing ||
        database->lanes[which].waiting.count >= WAITING_MAX) {
        append(&database->ended, call);
        look_soon(database, 0);
        return call;
    }
    append(&database->lanes[which].waiting, call);
    send_waiting(database, which);
    if (database->lanes[which].waiting.first != NULL) {
        look_soon(database, LOOK_EVERY);
    }
    return call;
}

void push_call_forget(push_call *call)
{
    call->done = NULL;
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
    for (i = 0; i < PUSH_LANES; i++) {
        for (j = 0; j < database->lanes[i].count; j++) {
            push_session_hurry(database->lanes[i].sessions[j]);
        }
        send_waiting(database, (push_lane)i);
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

static const push_session_owner owners[PUSH_LANES] = {
    [PUSH_LANE_SEND] = { .name = "sender", .up = session_up, .down = session_down },
    [PUSH_LANE_WRITE] = { .name = "writer", .up = session_up, .down = session_down },
    [PUSH_LANE_READ] = { .name = "reader", .up = session_up, .down = session_down },
};

static void free_database(struct push_database *database)
{
    int i;

    for (i = 0; i < PUSH_LANES; i++) {
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

static int open_lane(struct push_database *database, push_lane which, int64_t count, int depth)
{
    lane *in = &database->lanes[which];

    in->depth = depth;
    in->sessions = calloc((size_t)count, sizeof(push_session *));
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
    for (i = 0; i < PUSH_LANES; i++) {
        for (j = 0; j < database->lanes[i].count; j++) {
            push_session_close(database->lanes[i].sessions[j], part_closed, database);
        }
    }
    database->up = 0;
    for (i = 0; i < PUSH_LANES; i++) {
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
    if (open_lane(database, PUSH_LANE_SEND, settings->database_senders, 1) != 0 ||
        open_lane(database, PUSH_LANE_WRITE, settings->database_writers, 1) != 0 ||
        open_lane(database, PUSH_LANE_READ, settings->database_readers, READS) != 0) {
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
    for (int which = PUSH_LANE_SEND; which <= PUSH_LANE_WRITE; which++) {
        const lane *in = &database->lanes[which];

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
