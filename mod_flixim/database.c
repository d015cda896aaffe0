/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a statement on a connection of mod_dbd's pool: borrow, heal, run, give back, within a time. */
#include "database.h"
#include "private.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "apr_dbd.h"
#include "apr_strings.h"
#include "libpq-fe.h"
#include "mod_dbd.h"

#include "breaker.h"
#include "clock.h"
#include "config.h"
#include "gate.h"

/* What the threads of a child share for one virtual host. */
typedef struct {
    /* shared further, among the virtual hosts with one FlixIMDatabaseConnections */
    flixim_gate *gate;
    flixim_breaker *breaker;
} shared;

/* What this module knows of a pooled connection; kept in the connection's own pool. */
typedef struct {
    /* the server process that these settings were made in: another one after a reset */
    int backend;
    /* milliseconds */
    int statement_timeout;
} session;

/* One statement on its way. */
typedef struct {
    request_rec *r;
    const flx_statement *statement;
    const char *const *values;
    ap_dbd_t *borrowed;
    PGconn *conn;
    /* by flixim_clock_now() */
    apr_time_t deadline;
    /* the last result, owned by this struct until it is handed out */
    PGresult *result;
    /* whether the server was heard of */
    int there;
    /* whether the connection was made anew for this call, so that the session knows nothing */
    int is_new;
} call;

/* How an exchange with the server ended. */
typedef enum {
    ANSWERED, /* with a result or an error, and ready for the next statement */
    DIED,     /* the connection ended */
    SILENT,   /* the time ended; the connection is cut */
    AWAY      /* there is no connection, nor could one be made */
} answer;

typedef APR_OPTIONAL_FN_TYPE(ap_dbd_open) dbd_open_function;
typedef APR_OPTIONAL_FN_TYPE(ap_dbd_close) dbd_close_function;

/* Found by child_init, only read by the threads that come after it. */
static dbd_open_function *dbd_open;
static dbd_close_function *dbd_close;

static const shared *shared_of(const server_rec *s)
{
    return *flixim_config_database_slot(s);
}

int flixim_database_is_there(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open) != NULL;
}

void flixim_database_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    /* The main server is the first in the list, so an owner other than S has its own by then. */
    for (const server_rec *s = main_server; s; s = s->next) {
        const server_rec *owner = flixim_config_database_owner(s);
        shared *own = apr_pcalloc(pchild, sizeof(*own));

        own->breaker = flixim_breaker_make(pchild);
        own->gate = owner == s ? flixim_gate_make(pchild, flixim_config_database_connections(s))
                               : shared_of(owner)->gate;
        if (!own->gate || !own->breaker) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "FLX0101: no mutex left for this child");
            exit(APEXIT_CHILDSICK);
        }
        *flixim_config_database_slot(s) = own;
    }
}

/* Waits until the connection's socket is ready for EVENTS: 1, or 0 when the time is over. */
static int await(const call *c, short events)
{
    struct pollfd fd = { PQsocket(c->conn), events, 0 };

    for (;;) {
        apr_time_t left = c->deadline - flixim_clock_now();
        int ready;

        if (left <= 0) {
            return 0;
        }
        ready = poll(&fd, 1, (int)((left + 999) / 1000));
        if (ready > 0) {
            return 1;
        }
        if (ready < 0 && errno != EINTR) {
            return 0;
        }
    }
}

/* Ends a connection whose answer is overdue, so that the pool does not get it back busy: mod_dbd
 * connects it anew before it lends it again. A cancel request (PQcancel) would be politer, but waits
 * for a server that may be stopped, without a time limit; statement_timeout does that work. */
static answer cut(const call *c)
{
    shutdown(PQsocket(c->conn), SHUT_RDWR);
    while (PQstatus(c->conn) == CONNECTION_OK && PQconsumeInput(c->conn)) {
        /* what had come in meanwhile */
    }
    return SILENT;
}

/* Sends TEXT with its COUNT VALUES and waits for the last of its results, which is the one that
 * counts: after rows there can still come an error, from the commit. */
static answer exchange(call *c, const char *text, int count, const char *const *values)
{
    PGresult *next;
    int unsent;

    if (!PQsendQueryParams(c->conn, text, count, NULL, values, NULL, NULL, 1)) {
        return DIED;
    }
    while ((unsent = PQflush(c->conn)) > 0) {
        if (!await(c, POLLIN | POLLOUT)) {
            return cut(c);
        }
        if (!PQconsumeInput(c->conn)) {
            return DIED;
        }
    }
    if (unsent < 0) {
        return DIED;
    }
    PQclear(c->result);
    c->result = NULL;
    for (;;) {
        while (PQisBusy(c->conn)) {
            if (!await(c, POLLIN)) {
                return cut(c);
            }
            if (!PQconsumeInput(c->conn)) {
                return DIED;
            }
        }
        next = PQgetResult(c->conn);
        if (!next) {
            c->there = 1;
            return PQstatus(c->conn) == CONNECTION_OK ? ANSWERED : DIED;
        }
        PQclear(c->result);
        c->result = next;
    }
}

/* Whether the connection is alive as far as can be seen without asking: a server that went away
 * while the connection was idle has left its farewell and the end of the stream to be read. Seen
 * here, it is certain that the statement did not run. */
static int is_alive(const call *c)
{
    struct pollfd fd = { PQsocket(c->conn), POLLIN, 0 };

    while (PQstatus(c->conn) == CONNECTION_OK && poll(&fd, 1, 0) > 0) {
        if (!PQconsumeInput(c->conn)) {
            return 0;
        }
    }
    return PQstatus(c->conn) == CONNECTION_OK;
}

/* Connects anew, within the time: 1 if that worked. */
static int reconnect(call *c)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    if (!PQresetStart(c->conn)) {
        return 0;
    }
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        if (!await(c, status == PGRES_POLLING_READING ? POLLIN : POLLOUT)) {
            return 0;
        }
        status = PQresetPoll(c->conn);
    }
    if (status != PGRES_POLLING_OK) {
        return 0;
    }
    /* Connecting has put it back into blocking mode. */
    PQsetnonblocking(c->conn, 1);
    c->there = 1;
    c->is_new = 1;
    return 1;
}

/* Makes a new server process stop a statement a little before this side gives up on it: the
 * connection then stays good, and it is certain that nothing of the statement remains (of a procedure
 * that commits on its way: nothing since its last commit). */
static answer greet(call *c)
{
    static const char key[] = "flixim_session";
    int milliseconds =
        (int)(flixim_config_database_timeout(c->r->server) * 9 / 10 / APR_TIME_C(1000));
    const char *value = apr_itoa(c->r->pool, milliseconds);
    void *found = NULL;
    session *known;
    answer got;

    apr_pool_userdata_get(&found, key, c->borrowed->pool);
    known = found;
    if (!known) {
        known = apr_pcalloc(c->borrowed->pool, sizeof(*known));
        apr_pool_userdata_setn(known, key, NULL, c->borrowed->pool);
    }
    if (!c->is_new && known->backend == PQbackendPID(c->conn) &&
        known->statement_timeout == milliseconds) {
        return ANSWERED;
    }
    got = exchange(c, "SELECT pg_catalog.set_config('statement_timeout', $1, false)", 1, &value);
    if (got == ANSWERED && PQresultStatus(c->result) == PGRES_TUPLES_OK) {
        known->backend = PQbackendPID(c->conn);
        known->statement_timeout = milliseconds;
        c->is_new = 0;
    }
    return got;
}

/* libpq's messages have several lines; the log takes one. */
static const char *first_line(apr_pool_t *p, const char *message)
{
    return apr_pstrmemdup(p, message, strcspn(message, "\n"));
}

/* Judges an answer; says in the log what an error was. */
static flixim_database_outcome judge(const call *c)
{
    ExecStatusType status = PQresultStatus(c->result);
    const char *state = PQresultErrorField(c->result, PG_DIAG_SQLSTATE);
    int passing;

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        return FLIXIM_DATABASE_DONE;
    }
    /* Query canceled (statement_timeout, most likely), insufficient resources, lock timeout. */
    passing =
        state && (!strcmp(state, "57014") || !strncmp(state, "53", 2) || !strcmp(state, "55P03"));
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r, "FLX0102: statement %s: %s %s",
                  c->statement->name, state ? state : "(no SQLSTATE)",
                  state ? PQresultErrorField(c->result, PG_DIAG_MESSAGE_PRIMARY)
                        : first_line(c->r->pool, PQerrorMessage(c->conn)));
    return passing ? FLIXIM_DATABASE_UNAVAILABLE : FLIXIM_DATABASE_REFUSED;
}

/* Runs the statement on the borrowed connection, which may be dead already. */
static flixim_database_outcome run_borrowed(call *c)
{
    const flx_statement *statement = c->statement;
    answer got = DIED;
    int sent = 0;

    for (int tries = 0; tries < 2 && got == DIED && (!sent || statement->read_only); tries++) {
        if (!is_alive(c) && !reconnect(c)) {
            got = AWAY;
            break;
        }
        got = greet(c);
        if (got == ANSWERED) {
            sent = 1;
            got = exchange(c, statement->text, statement->parameters, c->values);
        }
    }
    /* A connection that ended says nothing of the server as a whole: whoever is next will see. */
    c->there |= got == DIED;
    if (got == ANSWERED) {
        return judge(c);
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r, "FLX0103: statement %s: %s (%s)", statement->name,
                  got == SILENT ? "no answer within FlixIMDatabaseTimeout"
                  : got == DIED ? "the connection was lost"
                                : "cannot connect",
                  first_line(c->r->pool, PQerrorMessage(c->conn)));
    return sent && !statement->read_only ? FLIXIM_DATABASE_UNKNOWN : FLIXIM_DATABASE_UNAVAILABLE;
}

/* Borrows a connection, runs the statement on it and gives it back. */
static flixim_database_outcome borrow_and_run(call *c)
{
    flixim_database_outcome outcome;

    c->borrowed = dbd_open(c->r->pool, c->r->server);
    if (!c->borrowed) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r,
                      "FLX0104: statement %s: no connection to the database", c->statement->name);
        return FLIXIM_DATABASE_UNAVAILABLE;
    }
    if (strcmp(apr_dbd_name(c->borrowed->driver), "pgsql") != 0) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r, "FLX0105: DBDriver must be pgsql");
        outcome = FLIXIM_DATABASE_UNAVAILABLE;
    }
    else {
        c->conn = apr_dbd_native_handle(c->borrowed->driver, c->borrowed->handle);
        PQsetnonblocking(c->conn, 1);
        outcome = run_borrowed(c);
        PQsetnonblocking(c->conn, 0);
    }
    dbd_close(c->r->server, c->borrowed);
    return outcome;
}

static apr_status_t clear_result(void *result)
{
    PQclear(result);
    return APR_SUCCESS;
}

flixim_database_outcome flixim_database_run(request_rec *r, const flx_statement *statement,
                                            const char *const *values, PGresult **result)
{
    const shared *own = shared_of(r->server);
    apr_interval_time_t wait = flixim_config_database_wait(r->server);
    call c = { .r = r, .statement = statement, .values = values };
    flixim_database_outcome outcome = FLIXIM_DATABASE_UNAVAILABLE;

    *result = NULL;
    if (!flixim_gate_enter(own->gate, wait)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "FLX0106: statement %s: no turn within FlixIMDatabaseWait", statement->name);
        return outcome;
    }
    if (flixim_breaker_ask(own->breaker, wait)) {
        c.deadline = flixim_clock_now() + flixim_config_database_timeout(r->server);
        outcome = borrow_and_run(&c);
        flixim_breaker_tell(own->breaker, c.there);
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "FLX0107: statement %s: the database was away a moment ago", statement->name);
    }
    flixim_gate_leave(own->gate);
    if (outcome == FLIXIM_DATABASE_DONE) {
        *result = c.result;
        apr_pool_cleanup_register(r->pool, c.result, clear_result, apr_pool_cleanup_null);
    }
    else {
        PQclear(c.result);
    }
    return outcome;
}

int flixim_database_int4(const PGresult *result, int row, int column)
{
    uint32_t number;

    if (PQgetisnull(result, row, column) || PQgetlength(result, row, column) != sizeof(number)) {
        return 0;
    }
    memcpy(&number, PQgetvalue(result, row, column), sizeof(number));
    return (int)ntohl(number);
}
