/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to PostgreSQL that never blocks the loop: made and made anew, and calls on it in a pipeline. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "conninfo.h"
#include "flx_result.h"
#include "log.h"

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

/* What is wrong with a server that can be connected to. */
typedef enum complaint { NO_COMPLAINT, SCHEMA_TOO_OLD, SCHEMA_UNKNOWN } complaint;

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
    push_pipeline pipeline;
    watcher *watcher;
    int events;
    unsigned failures; /* to connect, since it was up */
    complaint said;    /* of the greeting, since it was up */
    void (*closed)(void *data);
    void *closed_data;
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

/* Writes what libpq has ready; the rest follows when the socket takes it. */
static int flush(push_session *session)
{
    int unsent = PQflush(session->conn);

    return unsent < 0 ? -1 : watch(session, unsent > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

/* Has the alarm rung when the next call is overdue, or at once for a connection that does not do. */
static void rearm(push_session *session)
{
    uint64_t next = push_pipeline_deadline(&session->pipeline);
    uint64_t now = uv_now(session->server->loop);

    if (session->pipeline.is_stale) {
        set_alarm(session, 0);
    }
    else if (next == UINT64_MAX) {
        (void)uv_timer_stop(&session->alarm);
    }
    else {
        set_alarm(session, next > now ? next - now : 0);
    }
}

/* The end of a connection. */

static void drop_connection(push_session *session)
{
    push_conninfo_forget(session->lookup);
    session->lookup = NULL;
    unwatch(session);
    PQfinish(session->conn);
    session->conn = NULL;
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
    push_pending *calls;

    calls = push_pipeline_drop(&session->pipeline);
    drop_connection(session);
    session->state = WAITING;
    set_alarm(session, backoff(session));
    session->failures++;
    if (was_up) {
        session->server->metrics.database_connections--;
        session->server->metrics.database_reconnects_total++;
        session->owner->down(session->data);
    }
    push_pipeline_end_all(calls);
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

/* The greeting came to nothing: said once, as each attempt ends like that until somebody mends it. */
static void complain(push_session *session, complaint what, int version)
{
    push_log_level level = session->said == what ? PUSH_LOG_DEBUG : PUSH_LOG_ERROR;

    session->said = what;
    if (what == SCHEMA_TOO_OLD) {
        push_log(level,
                 "FLX1207: %s: the database's schema has version %d, and this daemon needs %d: run "
                 "sql/install.sql",
                 session->owner->name, version, FLX_SCHEMA_VERSION);
    }
    else {
        push_log(level,
                 "FLX1213: %s: the database does not say which version its schema has, for the "
                 "reason above; if there is none yet, run sql/install.sql",
                 session->owner->name);
    }
    /* Not ended from here: the pipeline is at work on the connection. */
    session->pipeline.is_stale = 1;
}

static void greeted(void *data, push_session_end end, const PGresult *result)
{
    push_session *session = data;
    int version;

    if (session->state != GREETING || end == PUSH_SESSION_LOST) {
        return;
    }
    if (end != PUSH_SESSION_DONE) {
        complain(session, SCHEMA_UNKNOWN, 0);
        return;
    }
    version = (int)flx_value_int(flx_result_at(result, 0, 0));
    if (version < FLX_SCHEMA_VERSION) {
        complain(session, SCHEMA_TOO_OLD, version);
        return;
    }
    session->state = UP;
    session->failures = 0;
    session->said = NO_COMPLAINT;
    session->pipeline.is_quiet = 0;
    session->server->metrics.database_connections++;
    push_log(PUSH_LOG_INFO, "FLX1202: %s: connected to the database", session->owner->name);
    session->owner->up(session->data);
}

static int64_t timeout_of(const push_server *server, const flx_statement *statement)
{
    int64_t patience = statement->patience > 1 ? statement->patience : 1;

    return server->settings->database_timeout * patience;
}

/* The server is to stop a statement a little before it is given up here: the connection then stays good. */
static int64_t time_at_server(const push_server *server, const flx_statement *statement)
{
    return timeout_of(server, statement) * 9 / 10;
}

static int send_call(push_session *session, const flx_statement *statement,
                     const char *const *values, uint64_t deadline, push_session_done *done,
                     void *data)
{
    int failed =
        push_pipeline_send(&session->pipeline, statement, values,
                           time_at_server(session->server, statement), deadline, done, data);

    if (!failed && flush(session) != 0) {
        /* it is told by its done, when the alarm ends the connection */
        session->pipeline.is_stale = 1;
    }
    rearm(session);
    return failed;
}

static void greet(push_session *session)
{
    const flx_statement *statement = &flx_statement_schema_version;
    uint64_t deadline = push_session_deadline(session->server, statement);

    session->state = GREETING;
    session->pipeline.is_quiet = session->said == SCHEMA_UNKNOWN;
    if (push_pipeline_begin(&session->pipeline, session->conn,
                            time_at_server(session->server, statement)) != 0 ||
        send_call(session, statement, NULL, deadline, greeted, session) != 0) {
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
        push_pipeline_take(&session->pipeline);
        if (session->conn != NULL) {
            lose_with_log(session, "the connection was lost");
        }
        return;
    }
    push_pipeline_take(&session->pipeline);
    take_notifications(session);
    if (session->conn == NULL) {
        return;
    }
    if (PQstatus(session->conn) != CONNECTION_OK || flush(session) != 0) {
        lose_with_log(session, "the connection was lost");
        return;
    }
    rearm(session);
}

/* A call is overdue: whether it ran nobody knows, and the server process is to stop. */
static void cut(push_session *session)
{
    push_log(PUSH_LOG_ERROR, "FLX1205: %s: statement %s: no answer within its time",
             session->owner->name, push_pipeline_statement(&session->pipeline)->name);
    if (push_canceller_send(session->canceller, PQgetCancel(session->conn)) != 0) {
        push_log(PUSH_LOG_WARNING, "FLX1212: %s: not cancelled, as too many are waiting for that",
                 session->owner->name);
    }
    lose(session);
}

/* After this process stood still the answer may be there, unread. */
static void look_once_more(push_session *session)
{
    uint64_t now = uv_now(session->server->loop);

    if (PQconsumeInput(session->conn)) {
        push_pipeline_take(&session->pipeline);
        take_notifications(session);
    }
    if (session->conn == NULL) {
        return;
    }
    if (push_pipeline_deadline(&session->pipeline) <= now) {
        cut(session);
    }
    else {
        rearm(session);
    }
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
        if (session->pipeline.is_stale) {
            lose(session);
        }
        else {
            look_once_more(session);
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
    session->pipeline.name = owner->name;
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
    push_pending *calls;

    if (session->state == UP) {
        session->server->metrics.database_connections--;
    }
    session->state = CLOSED;
    session->closed = closed;
    session->closed_data = data;
    calls = push_pipeline_drop(&session->pipeline);
    drop_connection(session);
    (void)uv_timer_stop(&session->alarm);
    uv_close((uv_handle_t *)&session->alarm, on_closed);
    push_pipeline_end_all(calls);
}

int push_session_is_up(const push_session *session)
{
    return session->state == UP && !session->pipeline.is_stale;
}

int push_session_in_flight(const push_session *session)
{
    return session->pipeline.count;
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
    return uv_now(server->loop) + (uint64_t)timeout_of(server, statement);
}

int push_session_send(push_session *session, const flx_statement *statement,
                      const char *const *values, uint64_t deadline, push_session_done *done,
                      void *data)
{
    return push_session_is_up(session) ? send_call(session, statement, values, deadline, done, data)
                                       : -1;
}
