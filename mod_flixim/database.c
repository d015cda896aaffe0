/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a statement on a connection of mod_dbd's pool: borrow, heal, run, give back, within a time. */
#include "database.h"
#include "private.h"

#include <arpa/inet.h>

#include "apr_dbd.h"
#include "apr_strings.h"
#include "libpq-fe.h"
#include "mod_dbd.h"

#include "clock.h"
#include "config.h"
#include "exchange.h"
#include "flx_sqlstate.h"
#include "session.h"
#include "shared.h"

/* One statement on its way. */
typedef struct {
    request_rec *r;
    const flixim_shared *own;
    const flx_statement *statement;
    const char *const *values;
    ap_dbd_t *borrowed;
    flixim_line line;
    flixim_session *session;
    /* whether the statement may be running, or have run */
    int sent;
    /* when it began, and when to give up, by flixim_clock_now() */
    apr_time_t began;
    apr_time_t deadline;
    /* when to give up in any case; 0 if nobody has said so */
    apr_time_t latest;
    /* whether others wait to hear from this one that the server is there */
    int is_probe;
    /* how often it came to nothing: the connection died, the prepared statement would not do, other
     * transactions were in the way */
    int deaths;
    int stales;
    int conflicts;
} call;

/* How often a statement is run that conflicts with others. */
#define TRIES 3

/* How long a server may take to give any sign, when it is in doubt. */
#define PROBE apr_time_from_sec(1)

typedef APR_OPTIONAL_FN_TYPE(ap_dbd_open) dbd_open_function;
typedef APR_OPTIONAL_FN_TYPE(ap_dbd_close) dbd_close_function;

/* Found by child_init, only read by the threads that come after it. */
static dbd_open_function *dbd_open;
static dbd_close_function *dbd_close;

int flixim_database_is_there(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open) != NULL;
}

void flixim_database_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    flixim_shared_child_init(pchild, main_server);
}

/* libpq's messages have several lines; the log takes one. */
static const char *first_line(apr_pool_t *p, const char *message)
{
    return apr_pstrmemdup(p, message, strcspn(message, "\n"));
}

/* The longest that the statement may take. */
static apr_interval_time_t time_for(const call *c)
{
    apr_interval_time_t timeout = flixim_config_database_timeout(c->r->server);

    return c->statement->patience > 1 ? timeout * c->statement->patience : timeout;
}

static flx_sqlstate kind_of_error(const call *c)
{
    return flx_sqlstate_of(PQresultErrorField(c->line.result, PG_DIAG_SQLSTATE),
                           PQresultErrorField(c->line.result, PG_DIAG_SOURCE_FUNCTION));
}

/* What the server said of an error, for the log. Its complaints of data (class 22) quote them. */
static const char *complaint(const call *c, const char *state)
{
    if (!state) {
        return first_line(c->r->pool, PQerrorMessage(c->line.conn));
    }
    return strncmp(state, "22", 2) ? PQresultErrorField(c->line.result, PG_DIAG_MESSAGE_PRIMARY)
                                   : "(a value does not do)";
}

/* Judges an answer; says in the log what an error was. */
static flixim_database_outcome judge(const call *c)
{
    const char *state = PQresultErrorField(c->line.result, PG_DIAG_SQLSTATE);
    flx_sqlstate kind;

    if (flixim_exchange_went_well(&c->line)) {
        if (!flixim_session_is_unreplicated(c->session)) {
            return FLIXIM_DATABASE_DONE;
        }
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r,
                      "FLX0109: statement %s: committed here, but not on the standby that "
                      "synchronous_standby_names asks for",
                      c->statement->name);
        return FLIXIM_DATABASE_UNKNOWN;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r, "FLX0102: statement %s: %s %s",
                  c->statement->name, state ? state : "(no SQLSTATE)", complaint(c, state));
    /* Of libpq's own making, for rows that it could not take: the statement may have run. */
    if (!state && c->sent) {
        return c->statement->read_only ? FLIXIM_DATABASE_UNAVAILABLE : FLIXIM_DATABASE_UNKNOWN;
    }
    kind = kind_of_error(c);
    if (kind == FLX_SQLSTATE_STANDBY) {
        /* With several hosts in DBDParams the next connection finds the one that writes. */
        flixim_exchange_drop(&c->line);
    }
    return kind == FLX_SQLSTATE_FAULT ? FLIXIM_DATABASE_REFUSED : FLIXIM_DATABASE_UNAVAILABLE;
}

static void tell(call *c, flixim_breaker_finding finding)
{
    flixim_breaker_tell(c->own->breaker, finding, c->began, c->is_probe);
    c->is_probe = 0;
    c->line.deadline = c->deadline;
}

/* Runs the statement once on the borrowed connection, which may be dead already. */
static flixim_exchange_end attempt(call *c)
{
    int must_ask;
    flixim_exchange_end got;

    c->sent = 0;
    if (!flixim_exchange_is_alive(&c->line)) {
        if (!flixim_exchange_reconnect(&c->line)) {
            return FLIXIM_AWAY;
        }
        tell(c, FLIXIM_BREAKER_HEARD);
    }
    must_ask = c->is_probe;
    got = flixim_session_greet(c->session, &c->line, time_for(c), must_ask);
    if (got != FLIXIM_ANSWERED) {
        return got;
    }
    if (must_ask) {
        tell(c, FLIXIM_BREAKER_HEARD);
    }
    return flixim_session_run(c->session, &c->line, c->values, &c->sent);
}

/* Waits a little, not always as long, so that those who met do not meet again: 0 if the time does not
 * allow for it. */
static int step_back(const call *c)
{
    apr_interval_time_t pause = apr_time_from_msec(ap_random_pick(5, 25));

    if (flixim_clock_now() + pause >= c->line.deadline) {
        return 0;
    }
    apr_sleep(pause);
    return 1;
}

/* Whether to run the statement once more: if the attempt that ended so has certainly changed nothing,
 * and another one may end better. */
static int once_more(call *c, flixim_exchange_end got)
{
    if (got == FLIXIM_DIED) {
        return (!c->sent || c->statement->read_only) && c->deaths++ == 0;
    }
    if (got != FLIXIM_ANSWERED || flixim_exchange_went_well(&c->line)) {
        return 0;
    }
    switch (kind_of_error(c)) {
    case FLX_SQLSTATE_STALE:
        flixim_session_forget(c->session);
        return c->stales++ == 0;
    case FLX_SQLSTATE_CONFLICT:
        return ++c->conflicts < TRIES && step_back(c);
    default:
        return 0;
    }
}

/* What the end of a call says of the server as a whole. Nothing, if a connection ended; nor if a
 * statement that writes was not answered: it may be its commit that waits, for a standby. */
static flixim_breaker_finding finding_of(const call *c, flixim_exchange_end got)
{
    if (got == FLIXIM_ANSWERED) {
        return FLIXIM_BREAKER_HEARD;
    }
    if (got == FLIXIM_DIED || (got == FLIXIM_SILENT && c->sent && !c->statement->read_only)) {
        return FLIXIM_BREAKER_DOUBTED;
    }
    return FLIXIM_BREAKER_MISSED;
}

/* Runs the statement on the borrowed connection. */
static flixim_database_outcome run_borrowed(call *c)
{
    const flx_statement *statement = c->statement;
    flixim_exchange_end got;

    do {
        got = attempt(c);
    } while (once_more(c, got));
    tell(c, finding_of(c, got));
    if (got == FLIXIM_ANSWERED) {
        return judge(c);
    }
    if (!flixim_canceller_send(c->own->canceller, c->line.cancel)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r,
                      "FLX0110: statement %s: not cancelled, as too many are waiting for that",
                      statement->name);
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r, "FLX0103: statement %s: %s (%s)", statement->name,
                  got == FLIXIM_SILENT ? "no answer within its time"
                  : got == FLIXIM_DIED ? "the connection was lost"
                                       : "cannot connect",
                  first_line(c->r->pool, PQerrorMessage(c->line.conn)));
    return c->sent && !statement->read_only ? FLIXIM_DATABASE_UNKNOWN : FLIXIM_DATABASE_UNAVAILABLE;
}

/* Counts from the borrowing: mod_dbd may have taken long to connect, and what it got is worth using. */
static void set_deadlines(call *c)
{
    apr_time_t now = flixim_clock_now();

    c->deadline = now + time_for(c);
    if (c->latest && c->latest < c->deadline) {
        c->deadline = c->latest;
    }
    c->line.deadline = c->is_probe && c->deadline > now + PROBE ? now + PROBE : c->deadline;
}

/* Borrows a connection, runs the statement on it and gives it back. */
static flixim_database_outcome borrow_and_run(call *c)
{
    flixim_database_outcome outcome;

    c->borrowed = dbd_open(c->r->pool, c->r->server);
    if (!c->borrowed) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r,
                      "FLX0104: statement %s: no connection to the database", c->statement->name);
        tell(c, FLIXIM_BREAKER_MISSED);
        return FLIXIM_DATABASE_UNAVAILABLE;
    }
    if (strcmp(apr_dbd_name(c->borrowed->driver), "pgsql") != 0) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, c->r, "FLX0105: DBDriver must be pgsql");
        tell(c, FLIXIM_BREAKER_MISSED);
        outcome = FLIXIM_DATABASE_UNAVAILABLE;
    }
    else {
        set_deadlines(c);
        c->line.conn = apr_dbd_native_handle(c->borrowed->driver, c->borrowed->handle);
        PQsetnonblocking(c->line.conn, 1);
        c->session = flixim_session_enter(c->borrowed->pool, &c->line, c->r, c->statement);
        outcome = run_borrowed(c);
        flixim_session_leave(c->session);
        PQsetnonblocking(c->line.conn, 0);
    }
    dbd_close(c->r->server, c->borrowed);
    return outcome;
}

static apr_status_t clear_result(void *result)
{
    PQclear(result);
    return APR_SUCCESS;
}

/* What is done in its turn. */
static flixim_database_outcome take_turn(call *c)
{
    apr_interval_time_t wait = flixim_config_database_wait(c->r->server);
    flixim_breaker_leave may = flixim_breaker_ask(c->own->breaker, wait);

    if (may == FLIXIM_BREAKER_STOP) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, c->r,
                      "FLX0107: statement %s: the database was away a moment ago",
                      c->statement->name);
        return FLIXIM_DATABASE_UNAVAILABLE;
    }
    c->is_probe = may == FLIXIM_BREAKER_PROBE;
    c->began = flixim_clock_now();
    return borrow_and_run(c);
}

int flixim_database_enter(request_rec *r, const flx_statement *statement, apr_time_t until)
{
    const flixim_shared *own = flixim_shared_of(r->server);
    int is_writer = !statement->read_only;

    if (!is_writer || flixim_gate_enter(own->writers, until - flixim_clock_now())) {
        if (flixim_gate_enter(own->gate, until - flixim_clock_now())) {
            return 1;
        }
        if (is_writer) {
            flixim_gate_leave(own->writers);
        }
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "FLX0106: statement %s: no turn within FlixIMDatabaseWait", statement->name);
    return 0;
}

void flixim_database_leave(request_rec *r, const flx_statement *statement)
{
    const flixim_shared *own = flixim_shared_of(r->server);

    flixim_gate_leave(own->gate);
    if (!statement->read_only) {
        flixim_gate_leave(own->writers);
    }
}

flixim_database_outcome flixim_database_run_now(request_rec *r, const flx_statement *statement,
                                                const char *const *values, apr_time_t latest,
                                                PGresult **result)
{
    call c = { .r = r,
               .own = flixim_shared_of(r->server),
               .statement = statement,
               .values = values,
               .latest = latest };
    flixim_database_outcome outcome = take_turn(&c);

    *result = NULL;
    if (outcome == FLIXIM_DATABASE_DONE) {
        *result = c.line.result;
        flixim_database_keep(r, *result);
    }
    else {
        PQclear(c.line.result);
    }
    return outcome;
}

flixim_database_outcome flixim_database_run(request_rec *r, const flx_statement *statement,
                                            const char *const *values, PGresult **result)
{
    apr_time_t until = flixim_clock_now() + flixim_config_database_wait(r->server);
    flixim_database_outcome outcome;

    *result = NULL;
    if (!flixim_database_enter(r, statement, until)) {
        return FLIXIM_DATABASE_UNAVAILABLE;
    }
    outcome = flixim_database_run_now(r, statement, values, 0, result);
    flixim_database_leave(r, statement);
    return outcome;
}

void flixim_database_keep(request_rec *r, PGresult *result)
{
    apr_pool_cleanup_register(r->pool, result, clear_result, apr_pool_cleanup_null);
}

void flixim_database_release(request_rec *r, PGresult *result)
{
    apr_pool_cleanup_run(r->pool, result, clear_result);
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
