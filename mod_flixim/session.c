/* SPDX-License-Identifier: Apache-2.0 */
/* What this module knows of the server process behind a pooled connection, and what it tells it. */
#include "session.h"
#include "private.h"

#include "apr_strings.h"
#include "libpq-fe.h"

/* More than there are statements; beyond that they are run without being prepared. */
#define PREPARED_MAX 64

struct flixim_session {
    /* the server process that all below was told to; 0 for none */
    int backend;
    /* milliseconds */
    int statement_timeout;
    /* the statements that it has prepared, known by their address */
    const flx_statement *prepared[PREPARED_MAX];
    int prepared_count;
    /* in use: for whom, and what has been noticed; R is NULL between the two */
    const request_rec *r;
    const flx_statement *statement;
    int is_unreplicated;
    /* whether the server may have the statement prepared in a way that will not do */
    int is_stale;
};

/* libpq calls this for what is no result: warnings and the like. */
static void notice(void *arg, const PGresult *result)
{
    flixim_session *session = arg;
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

    if (!session->r) {
        return;
    }
    /* The texts are in the server's language. */
    if (function && !strcmp(function, "SyncRepWaitForLSN")) {
        session->is_unreplicated = 1;
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, session->r, "FLX0108: statement %s: %s",
                  session->statement->name, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

flixim_session *flixim_session_enter(apr_pool_t *pool, const flixim_line *line,
                                     const request_rec *r, const flx_statement *statement)
{
    static const char key[] = "flixim_session";
    void *found = NULL;
    flixim_session *session;

    apr_pool_userdata_get(&found, key, pool);
    session = found;
    if (!session) {
        session = apr_pcalloc(pool, sizeof(*session));
        apr_pool_userdata_setn(session, key, NULL, pool);
    }
    session->r = r;
    session->statement = statement;
    session->is_unreplicated = 0;
    session->is_stale = 0;
    PQsetNoticeReceiver(line->conn, notice, session);
    return session;
}

void flixim_session_leave(flixim_session *session)
{
    session->r = NULL;
    session->statement = NULL;
}

flixim_exchange_end flixim_session_greet(flixim_session *session, flixim_line *line,
                                         apr_interval_time_t time, int must_ask)
{
    /* Warnings, because one of them tells that a commit is not what it seems. */
    static const char text[] = "SELECT pg_catalog.set_config('statement_timeout', $1, false), "
                               "pg_catalog.set_config('client_min_messages', 'warning', false)";
    int milliseconds = (int)(time * 9 / 10 / APR_TIME_C(1000));
    const char *value = apr_itoa(session->r->pool, milliseconds);
    flixim_exchange_end got;

    if (session->backend != PQbackendPID(line->conn)) {
        session->backend = 0;
        session->prepared_count = 0;
    }
    if (session->backend && session->statement_timeout == milliseconds && !must_ask) {
        return FLIXIM_ANSWERED;
    }
    got = flixim_exchange_text(line, text, 1, &value);
    if (got == FLIXIM_ANSWERED && flixim_exchange_went_well(line)) {
        session->backend = PQbackendPID(line->conn);
        session->statement_timeout = milliseconds;
    }
    return got;
}

/* Where the session's statement is in the table; the table's end if it is not there. */
static int place_of(const flixim_session *session)
{
    int place = 0;

    while (place < session->prepared_count && session->prepared[place] != session->statement) {
        place++;
    }
    return place;
}

void flixim_session_forget(flixim_session *session)
{
    int place = place_of(session);

    if (place < session->prepared_count) {
        session->prepared[place] = session->prepared[--session->prepared_count];
    }
    session->is_stale = 1;
}

/* Has the statement prepared; one that went wrong leaves its error as the line's result. */
static flixim_exchange_end prepare(flixim_session *session, flixim_line *line)
{
    const char *name = session->statement->name;
    flixim_exchange_end got;

    if (session->is_stale) {
        /* The server may have it or not, so an error tells nothing. */
        session->is_stale = 0;
        got = flixim_exchange_text(line, apr_pstrcat(session->r->pool, "DEALLOCATE ", name, NULL),
                                   0, NULL);
        if (got != FLIXIM_ANSWERED) {
            return got;
        }
    }
    got = flixim_exchange_prepare(line, name, session->statement->text);
    if (got == FLIXIM_ANSWERED && flixim_exchange_went_well(line)) {
        session->prepared[session->prepared_count++] = session->statement;
    }
    return got;
}

flixim_exchange_end flixim_session_run(flixim_session *session, flixim_line *line,
                                       const char *const *values, int *sent)
{
    const flx_statement *statement = session->statement;
    flixim_exchange_end got;

    if (place_of(session) == PREPARED_MAX) {
        *sent = 1;
        return flixim_exchange_text(line, statement->text, statement->parameters, values);
    }
    if (place_of(session) == session->prepared_count) {
        got = prepare(session, line);
        if (got != FLIXIM_ANSWERED || !flixim_exchange_went_well(line)) {
            return got;
        }
    }
    *sent = 1;
    return flixim_exchange_prepared(line, statement->name, statement->parameters, values);
}

int flixim_session_is_unreplicated(const flixim_session *session)
{
    return session->is_unreplicated;
}
