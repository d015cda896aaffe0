/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to PostgreSQL that never blocks the loop: made and made anew, and calls on it in a pipeline. */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conninfo.h"
#include "flx_result.h"
#include "flx_sqlstate.h"
#include "log.h"

#define PREPARED_MAX 64 /* more than there are statements */

/* Milliseconds between two attempts to connect. */
#define BACKOFF_MIN 100
#define BACKOFF_MAX 5000

typedef enum session_state {
    WAITING,    /* for the next attempt */
    LOOKING_UP, /* the host's name */
    CONNECTING,
    GREETING, /* asking for the schema's version */
    UP,
    CLOSED
} session_state;

/* A call on its way; the first one of a session is the one that answers are for. */
typedef struct pending {
    struct pending *next;
    const flx_statement *statement;
    push_session_done *done;
    void *data;
    uint64_t deadline;
    int prepares;     /* its first result is that of preparing the statement */
    PGresult *result; /* the one that counts, so far */
} pending;

/* A file descriptor that is watched. Of its own, because libuv lets go of it later than libpq. */
typedef struct watcher {
    uv_poll_t poll; /* first: closed by this address */
    push_session *session;
} watcher;

struct push_session {
    push_server *server;
    const push_session_owner *owner;
    void *data;
    push_canceller *canceller;
    session_state state;
    uv_timer_t alarm; /* for whatever the state waits for */
    push_conninfo *lookup;
    PGconn *conn;
    watcher *watcher;
    int events;
    const flx_statement *prepared[PREPARED_MAX];
    int prepared_count;
    int64_t statement_timeout; /* as the server has it */
    pending *first;
    pending *last;
    int in_flight;
    unsigned failures; /* to connect, since it was up */
    int is_unreplicated;
    int is_stale; /* to be connected anew, once the present call has ended */
    void (*closed)(void *data);
    void *closed_data;
};

static const flx_statement statement_timeout = {
    .name = "statement_timeout",
    .text = "SELECT pg_catalog.set_config('statement_timeout', $1, false)",
    .parameters = 1,
    .read_only = 1,
};

static void connect_now(push_session *session);
static void on_alarm(uv_timer_t *alarm);
static void lose(push_session *session);

static void set_alarm(push_session *session, uint64_t milliseconds)
{
    (void)uv_timer_start(&session->alarm, on_alarm, milliseconds, 0);
}

/* libpq's messages have several lines; the log takes one. */
static int first_line(const char *message)
{
    return (int)strcspn(message, "\n");
}

/* Watching the socket. */

static void free_watcher(uv_handle_t *handle)
{
    free(handle->data);
}

static void unwatch(push_session *session)
{
    if (session->watcher != NULL) {
        (void)uv_poll_stop(&session->watcher->poll);
        uv_close((uv_handle_t *)&session->watcher->poll, free_watcher);
        session->watcher = NULL;
        session->events = 0;
    }
}

static void on_events(uv_poll_t *poll, int status, int events);

/* Returns -1 if it cannot be watched. */
static int watch(push_session *session, int events)
{
    if (session->watcher == NULL) {
        watcher *made = calloc(1, sizeof *made);

        if (made == NULL) {
            return -1;
        }
        if (uv_poll_init(session->server->loop, &made->poll, PQsocket(session->conn)) != 0) {
            free(made);
            return -1;
        }
        made->poll.data = made;
        made->session = session;
        session->watcher = made;
    }
    if (session->events != events) {
        session->events = events;
        return uv_poll_start(&session->watcher->poll, events, on_events) == 0 ? 0 : -1;
    }
    return 0;
}

/* The end of a connection. */

static void take_in_flight(push_session *session, pending **list)
{
    *list = session->first;
    session->first = NULL;
    session->last = NULL;
    session->in_flight = 0;
}

static void end_all(pending *list)
{
    pending *next;

    for (; list != NULL; list = next) {
        next = list->next;
        list->done(list->data, PUSH_SESSION_LOST, NULL);
        PQclear(list->result);
        free(list);
    }
}

static void drop_connection(push_session *session)
{
    push_conninfo_forget(session->lookup);
    session->lookup = NULL;
    unwatch(session);
    PQfinish(session->conn);
    session->conn = NULL;
    session->prepared_count = 0;
    session->is_stale = 0;
    session->is_unreplicated = 0;
}

/* Not always as long, so that sessions that were lost together do not come back together. */
static uint64_t backoff(const push_session *session)
{
    uint64_t longest = BACKOFF_MAX;
    unsigned random;

    if (session->failures < 6) {
        longest = (uint64_t)BACKOFF_MIN << session->failures;
    }
    if (uv_random(NULL, NULL, &random, sizeof random, 0, NULL) != 0) {
        random = (unsigned)uv_hrtime();
    }
    return longest / 2 + random % (longest / 2 + 1);
}

/* Whatever there was is over; the next attempt follows. */
static void lose(push_session *session)
{
    int was_up = session->state == UP;
    pending *list;

    take_in_flight(session, &list);
    drop_connection(session);
    session->state = WAITING;
    set_alarm(session, backoff(session));
    session->failures++;
    if (was_up) {
        session->server->metrics.database_connections--;
        session->server->metrics.database_reconnects_total++;
        session->owner->down(session->data);
    }
    end_all(list);
}

static void lose_with_log(push_session *session, const char *what)
{
    const char *why = PQerrorMessage(session->conn);

    push_log(session->state == CLOSED ? PUSH_LOG_DEBUG : PUSH_LOG_WARNING, "FLX1204: %s: %s (%.*s)",
             session->owner->name, what, first_line(why), why);
    lose(session);
}

/* An attempt that came to nothing: said at first, and then less and less. */
static void fail_to_connect(push_session *session, const char *why)
{
    unsigned count = session->failures;

    push_log((count & (count - 1)) == 0 ? PUSH_LOG_WARNING : PUSH_LOG_DEBUG,
             "FLX1201: %s: cannot connect to the database: %.*s", session->owner->name,
             first_line(why), why);
    lose(session);
}

/* Calls. */

static void forget_prepared(push_session *session, const flx_statement *statement)
{
    int i;

    for (i = 0; i < session->prepared_count; i++) {
        if (session->prepared[i] == statement) {
            session->prepared[i] = session->prepared[--session->prepared_count];
            return;
        }
    }
}

static int is_prepared(const push_session *session, const flx_statement *statement)
{
    int i;

    for (i = 0; i < session->prepared_count; i++) {
        if (session->prepared[i] == statement) {
            return 1;
        }
    }
    return 0;
}

/* Writes what libpq has ready; the rest follows when the socket takes it. */
static int flush(push_session *session)
{
    int unsent = PQflush(session->conn);

    return unsent < 0 ? -1 : watch(session, unsent > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static void set_next_deadline(push_session *session)
{
    const pending *call;
    uint64_t next = UINT64_MAX, now = uv_now(session->server->loop);

    for (call = session->first; call != NULL; call = call->next) {
        if (call->deadline < next) {
            next = call->deadline;
        }
    }
    if (next == UINT64_MAX) {
        (void)uv_timer_stop(&session->alarm);
    }
    else {
        set_alarm(session, next > now ? next - now : 0);
    }
}

/* Puts a call into the pipeline, whatever the state. Where it fails halfway the connection is of no use any more. */
static int enqueue(push_session *session, const flx_statement *statement, const char *const *values,
                   uint64_t deadline, push_session_done *done, void *data)
{
    pending *call = calloc(1, sizeof *call);

    if (call == NULL) {
        return -1;
    }
    call->statement = statement;
    call->deadline = deadline;
    call->done = done;
    call->data = data;
    call->prepares = !is_prepared(session, statement) && session->prepared_count < PREPARED_MAX;
    if ((call->prepares &&
         !PQsendPrepare(session->conn, statement->name, statement->text, 0, NULL)) ||
        !PQsendQueryPrepared(session->conn, statement->name, statement->parameters, values, NULL,
                             NULL, 1) ||
        !PQpipelineSync(session->conn) || flush(session) != 0) {
        free(call);
        session->is_stale = 1;
        set_alarm(session, 0);
        return -1;
    }
    if (call->prepares) {
        session->prepared[session->prepared_count++] = statement;
    }
    if (session->last != NULL) {
        session->last->next = call;
    }
    else {
        session->first = call;
    }
    session->last = call;
    session->in_flight++;
    set_next_deadline(session);
    return 0;
}

/* What the server said of an error, for the log. Its complaints of data (class 22) quote them. */
static void log_error(const push_session *session, const pending *call, const char *state)
{
    const char *message = PQresultErrorField(call->result, PG_DIAG_MESSAGE_PRIMARY);

    if (message == NULL) {
        message = PQresultErrorMessage(call->result);
    }
    if (state != NULL && strncmp(state, "22", 2) == 0) {
        message = "(a value does not do)";
    }
    push_log(PUSH_LOG_ERROR, "FLX1203: %s: statement %s: %s %.*s", session->owner->name,
             call->statement->name, state != NULL ? state : "(no SQLSTATE)", first_line(message),
             message);
}

/* Judges a call whose results are all there. */
static push_session_end judge(push_session *session, const pending *call)
{
    ExecStatusType status = PQresultStatus(call->result);
    const char *state = PQresultErrorField(call->result, PG_DIAG_SQLSTATE);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (!session->is_unreplicated) {
            return PUSH_SESSION_DONE;
        }
        push_log(PUSH_LOG_ERROR,
                 "FLX1206: %s: statement %s: committed here, but not on the standby that "
                 "synchronous_standby_names asks for",
                 session->owner->name, call->statement->name);
        return PUSH_SESSION_LOST;
    }
    log_error(session, call, state);
    if (state == NULL) {
        /* of libpq's own making, for rows that it could not take: it may have run */
        return PUSH_SESSION_LOST;
    }
    switch (flx_sqlstate_of(state, PQresultErrorField(call->result, PG_DIAG_SOURCE_FUNCTION))) {
    case FLX_SQLSTATE_CONFLICT:
        return PUSH_SESSION_AGAIN;
    case FLX_SQLSTATE_STALE:
        session->is_stale = 1;
        return PUSH_SESSION_AGAIN;
    case FLX_SQLSTATE_STANDBY:
        session->is_stale = 1;
        return PUSH_SESSION_NOT_DONE;
    case FLX_SQLSTATE_PASSING:
        return PUSH_SESSION_NOT_DONE;
    case FLX_SQLSTATE_FAULT:
    default:
        return PUSH_SESSION_REFUSED;
    }
}

/* One result of the first call: an error counts more than what came before it, also after rows. */
static void keep_result(push_session *session, PGresult *result)
{
    pending *call = session->first;
    ExecStatusType status = PQresultStatus(result);

    if (call->prepares) {
        call->prepares = 0;
        if (status != PGRES_COMMAND_OK) {
            forget_prepared(session, call->statement);
        }
    }
    if (status == PGRES_PIPELINE_ABORTED && call->result != NULL) {
        PQclear(result);
        return;
    }
    PQclear(call->result);
    call->result = result;
}

static void finish_first(push_session *session)
{
    pending *call = session->first;
    push_session_end end = judge(session, call);

    session->is_unreplicated = 0;
    session->first = call->next;
    if (session->first == NULL) {
        session->last = NULL;
    }
    session->in_flight--;
    if (!session->is_stale) {
        set_next_deadline(session);
    }
    else {
        set_alarm(session, 0);
    }
    call->done(call->data, end, end == PUSH_SESSION_DONE ? call->result : NULL);
    PQclear(call->result);
    free(call);
}

/* Takes what has come in. Whoever is called may send more, or close the session. */
static void take_results(push_session *session)
{
    int nothing = 0;

    /* Between two calls there is a NULL; two on end are the end of the connection. */
    while (session->first != NULL && nothing < 2 && !PQisBusy(session->conn)) {
        PGresult *result = PQgetResult(session->conn);

        if (result == NULL) {
            nothing++;
            continue;
        }
        nothing = 0;
        if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
            keep_result(session, result);
            continue;
        }
        PQclear(result);
        finish_first(session);
        if (session->conn == NULL) {
            return;
        }
    }
}

static void take_notifications(push_session *session)
{
    PGnotify *notification;

    while (session->conn != NULL && (notification = PQnotifies(session->conn)) != NULL) {
        if (session->owner->notified != NULL && session->state == UP) {
            session->owner->notified(session->data, notification->extra);
        }
        PQfreemem(notification);
    }
}

/* Connecting. */

static void greeted(void *data, push_session_end end, const PGresult *result)
{
    push_session *session = data;
    int version;

    if (session->state != GREETING || end == PUSH_SESSION_LOST) {
        return;
    }
    version = end == PUSH_SESSION_DONE ? (int)flx_value_int(flx_result_at(result, 0, 0)) : 0;
    if (version < FLX_SCHEMA_VERSION) {
        push_log(PUSH_LOG_ERROR,
                 "FLX1207: %s: the database's schema has version %d, and this daemon needs %d: run "
                 "sql/install.sql",
                 session->owner->name, version, FLX_SCHEMA_VERSION);
        /* Not from here: take_results is at work on the connection. */
        session->is_stale = 1;
        set_alarm(session, 0);
        return;
    }
    session->state = UP;
    session->failures = 0;
    session->server->metrics.database_connections++;
    push_log(PUSH_LOG_INFO, "FLX1202: %s: connected to the database", session->owner->name);
    session->owner->up(session->data);
}

/* libpq calls this for what is no result: warnings and the like. */
static void on_notice(void *data, const PGresult *result)
{
    push_session *session = data;
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    /* Known by its function, as the texts are in the server's language (docs/decisions/0010). */
    if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0) {
        session->is_unreplicated = 1;
    }
    push_log(PUSH_LOG_DEBUG, "FLX1208: %s: %s", session->owner->name, text != NULL ? text : "");
}

static void greet(push_session *session)
{
    uint64_t deadline = push_session_deadline(session->server, &flx_statement_schema_version);

    (void)PQsetNoticeReceiver(session->conn, on_notice, session);
    session->state = GREETING;
    session->statement_timeout = session->server->settings->database_timeout * 9 / 10;
    if (PQsetnonblocking(session->conn, 1) != 0 || !PQenterPipelineMode(session->conn) ||
        enqueue(session, &flx_statement_schema_version, NULL, deadline, greeted, session) != 0) {
        fail_to_connect(session, PQerrorMessage(session->conn));
    }
}

/* Goes on connecting, after the socket was ready for what libpq waited for. */
static void go_on_connecting(push_session *session)
{
    PostgresPollingStatusType status;

    /* libpq may close this socket and open another one, with the same number. */
    unwatch(session);
    status = PQconnectPoll(session->conn);
    if (status == PGRES_POLLING_OK) {
        greet(session);
    }
    else if (status == PGRES_POLLING_FAILED) {
        fail_to_connect(session, PQerrorMessage(session->conn));
    }
    else if (watch(session, status == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE) != 0) {
        fail_to_connect(session, "cannot watch its socket");
    }
}

static void looked_up(void *data, const char *const *keywords, const char *const *values)
{
    push_session *session = data;

    session->lookup = NULL;
    if (keywords == NULL) {
        fail_to_connect(session, "no address");
        return;
    }
    session->state = CONNECTING;
    session->conn = PQconnectStartParams(keywords, values, 0);
    if (session->conn == NULL || PQstatus(session->conn) == CONNECTION_BAD) {
        fail_to_connect(session,
                        session->conn != NULL ? PQerrorMessage(session->conn) : "no memory");
    }
    else if (watch(session, UV_WRITABLE) != 0) {
        fail_to_connect(session, "cannot watch its socket");
    }
}

static void connect_now(push_session *session)
{
    push_conninfo *lookup;

    session->state = LOOKING_UP;
    set_alarm(session, (uint64_t)session->server->settings->database_timeout);
    lookup = push_conninfo_make(session->server, looked_up, session);
    if (lookup != NULL) {
        session->lookup = lookup;
    }
}

/* What the loop calls. */

static void on_events(uv_poll_t *poll, int status, int events)
{
    push_session *session = ((watcher *)poll->data)->session;

    (void)events;
    if (session->state == CONNECTING) {
        go_on_connecting(session);
        return;
    }
    if (status != 0 || !PQconsumeInput(session->conn)) {
        /* what had come in before still counts */
        take_results(session);
        if (session->conn != NULL) {
            lose_with_log(session, "the connection was lost");
        }
        return;
    }
    take_results(session);
    take_notifications(session);
    if (session->conn == NULL) {
        return;
    }
    if (PQstatus(session->conn) != CONNECTION_OK || flush(session) != 0) {
        lose_with_log(session, "the connection was lost");
    }
}

/* A call is overdue: whether it ran nobody knows, and the server process is to stop. */
static void cut(push_session *session)
{
    push_log(PUSH_LOG_ERROR, "FLX1205: %s: statement %s: no answer within its time",
             session->owner->name, session->first->statement->name);
    if (push_canceller_send(session->canceller, PQgetCancel(session->conn)) != 0) {
        push_log(PUSH_LOG_WARNING, "FLX1212: %s: not cancelled, as too many are waiting for that",
                 session->owner->name);
    }
    lose(session);
}

static void on_alarm(uv_timer_t *alarm)
{
    push_session *session = alarm->data;

    switch (session->state) {
    case WAITING:
        connect_now(session);
        break;
    case LOOKING_UP:
    case CONNECTING:
        fail_to_connect(session, "no answer within database_timeout");
        break;
    case GREETING:
    case UP:
        if (session->is_stale) {
            lose(session);
        }
        else if (session->first != NULL) {
            cut(session);
        }
        break;
    case CLOSED:
        break;
    }
}

/* The contract. */

push_session *push_session_open(push_server *server, const push_session_owner *owner, void *data,
                                push_canceller *canceller)
{
    push_session *session = calloc(1, sizeof *session);

    if (session == NULL) {
        return NULL;
    }
    session->server = server;
    session->owner = owner;
    session->data = data;
    session->canceller = canceller;
    session->state = WAITING;
    (void)uv_timer_init(server->loop, &session->alarm); /* cannot fail */
    session->alarm.data = session;
    set_alarm(session, 0);
    return session;
}

static void on_closed(uv_handle_t *handle)
{
    push_session *session = handle->data;

    if (session->closed != NULL) {
        session->closed(session->closed_data);
    }
    free(session);
}

void push_session_close(push_session *session, void (*closed)(void *data), void *data)
{
    pending *list;

    if (session->state == UP) {
        session->server->metrics.database_connections--;
    }
    session->state = CLOSED;
    session->closed = closed;
    session->closed_data = data;
    take_in_flight(session, &list);
    drop_connection(session);
    (void)uv_timer_stop(&session->alarm);
    uv_close((uv_handle_t *)&session->alarm, on_closed);
    end_all(list);
}

int push_session_is_up(const push_session *session)
{
    return session->state == UP && !session->is_stale;
}

int push_session_in_flight(const push_session *session)
{
    return session->in_flight;
}

void push_session_hurry(push_session *session)
{
    if (session->state == WAITING && uv_timer_get_due_in(&session->alarm) > BACKOFF_MIN) {
        session->failures = 0;
        set_alarm(session, backoff(session));
    }
}

uint64_t push_session_deadline(const push_server *server, const flx_statement *statement)
{
    int64_t patience = statement->patience > 1 ? statement->patience : 1;

    return uv_now(server->loop) + (uint64_t)(server->settings->database_timeout * patience);
}

/* How long the server shall let a statement run is told to it where it changes. */
static void timeout_set(void *data, push_session_end end, const PGresult *result)
{
    (void)data;
    (void)end;
    (void)result;
}

static int set_statement_timeout(push_session *session, const flx_statement *statement,
                                 uint64_t deadline)
{
    int64_t patience = statement->patience > 1 ? statement->patience : 1;
    int64_t wanted = session->server->settings->database_timeout * patience * 9 / 10;
    char text[24];
    const char *value = text;

    if (session->statement_timeout == wanted) {
        return 0;
    }
    snprintf(text, sizeof text, "%lld", (long long)wanted);
    if (enqueue(session, &statement_timeout, &value, deadline, timeout_set, NULL) != 0) {
        return -1;
    }
    session->statement_timeout = wanted;
    return 0;
}

int push_session_send(push_session *session, const flx_statement *statement,
                      const char *const *values, uint64_t deadline, push_session_done *done,
                      void *data)
{
    if (!push_session_is_up(session)) {
        return -1;
    }
    return set_statement_timeout(session, statement, deadline) == 0 &&
                   enqueue(session, statement, values, deadline, done, data) == 0
               ? 0
               : -1;
}
