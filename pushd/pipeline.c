/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on one connection to PostgreSQL, one behind the other in libpq's pipeline, each in a transaction of its own. */
#include "pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flx_sqlstate.h"
#include "log.h"

struct push_pending {
    push_pending *next;
    const flx_statement *statement;
    push_session_done *done;
    void *data;
    uint64_t deadline;
    int prepares;     /* its first result is that of preparing the statement */
    PGresult *result; /* the one that counts, so far */
};

static const flx_statement set_statement_timeout = {
    .name = "statement_timeout",
    .text = "SELECT pg_catalog.set_config('statement_timeout', $1, false)",
    .parameters = 1,
    .read_only = 1,
};

/* libpq's messages have several lines; the log takes one. */
static int first_line(const char *message)
{
    return (int)strcspn(message, "\n");
}

/* libpq calls this for what is no result: warnings and the like. */
static void on_notice(void *data, const PGresult *result)
{
    push_pipeline *pipeline = data;
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    /* Known by its function, as the texts are in the server's language (docs/decisions/0010). */
    if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0) {
        pipeline->is_unreplicated = 1;
    }
    push_log(PUSH_LOG_DEBUG, "FLX1208: %s: %s", pipeline->name, text != NULL ? text : "");
}

int push_pipeline_begin(push_pipeline *pipeline, PGconn *conn, int64_t statement_timeout)
{
    pipeline->conn = conn;
    pipeline->statement_timeout = statement_timeout;
    (void)PQsetNoticeReceiver(conn, on_notice, pipeline);
    return PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) ? 0 : -1;
}

static void forget_prepared(push_pipeline *pipeline, const flx_statement *statement)
{
    int i;

    for (i = 0; i < pipeline->prepared_count; i++) {
        if (pipeline->prepared[i] == statement) {
            pipeline->prepared[i] = pipeline->prepared[--pipeline->prepared_count];
            return;
        }
    }
}

static int is_prepared(const push_pipeline *pipeline, const flx_statement *statement)
{
    int i;

    for (i = 0; i < pipeline->prepared_count; i++) {
        if (pipeline->prepared[i] == statement) {
            return 1;
        }
    }
    return 0;
}

/* Puts a call into the pipeline, whatever the state. Where it fails halfway the connection is of no use any more. */
static int enqueue(push_pipeline *pipeline, const flx_statement *statement,
                   const char *const *values, uint64_t deadline, push_session_done *done,
                   void *data)
{
    push_pending *call = calloc(1, sizeof *call);

    if (call == NULL) {
        return -1;
    }
    call->statement = statement;
    call->deadline = deadline;
    call->done = done;
    call->data = data;
    call->prepares =
        !is_prepared(pipeline, statement) && pipeline->prepared_count < PUSH_PIPELINE_PREPARED;
    if ((call->prepares &&
         !PQsendPrepare(pipeline->conn, statement->name, statement->text, 0, NULL)) ||
        !PQsendQueryPrepared(pipeline->conn, statement->name, statement->parameters, values, NULL,
                             NULL, 1) ||
        !PQpipelineSync(pipeline->conn)) {
        free(call);
        pipeline->is_stale = 1;
        return -1;
    }
    if (call->prepares) {
        pipeline->prepared[pipeline->prepared_count++] = statement;
    }
    if (pipeline->last != NULL) {
        pipeline->last->next = call;
    }
    else {
        pipeline->first = call;
    }
    pipeline->last = call;
    pipeline->count++;
    return 0;
}

/* What the server said of an error, for the log. Its complaints of data (class 22) quote them. */
static void log_error(const push_pipeline *pipeline, const push_pending *call, const char *state)
{
    const char *message = PQresultErrorField(call->result, PG_DIAG_MESSAGE_PRIMARY);

    if (message == NULL) {
        message = PQresultErrorMessage(call->result);
    }
    if (state != NULL && strncmp(state, "22", 2) == 0) {
        message = "(a value does not do)";
    }
    push_log(pipeline->is_quiet ? PUSH_LOG_DEBUG : PUSH_LOG_ERROR,
             "FLX1203: %s: statement %s: %s %.*s", pipeline->name, call->statement->name,
             state != NULL ? state : "(no SQLSTATE)", first_line(message), message);
}

/* Judges a call whose results are all there. */
static push_session_end judge(push_pipeline *pipeline, const push_pending *call)
{
    ExecStatusType status = PQresultStatus(call->result);
    const char *state = PQresultErrorField(call->result, PG_DIAG_SQLSTATE);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (!pipeline->is_unreplicated) {
            return PUSH_SESSION_DONE;
        }
        push_log(PUSH_LOG_ERROR,
                 "FLX1206: %s: statement %s: committed here, but not on the standby that "
                 "synchronous_standby_names asks for",
                 pipeline->name, call->statement->name);
        return PUSH_SESSION_LOST;
    }
    log_error(pipeline, call, state);
    if (state == NULL) {
        /* of libpq's own making, for rows that it could not take: it may have run */
        return PUSH_SESSION_LOST;
    }
    switch (flx_sqlstate_of(state, PQresultErrorField(call->result, PG_DIAG_SOURCE_FUNCTION))) {
    case FLX_SQLSTATE_CONFLICT:
        return PUSH_SESSION_AGAIN;
    case FLX_SQLSTATE_STALE:
        pipeline->is_stale = 1;
        return PUSH_SESSION_AGAIN;
    case FLX_SQLSTATE_STANDBY:
        pipeline->is_stale = 1;
        return PUSH_SESSION_NOT_DONE;
    case FLX_SQLSTATE_PASSING:
        return PUSH_SESSION_NOT_DONE;
    case FLX_SQLSTATE_FAULT:
    default:
        return PUSH_SESSION_REFUSED;
    }
}

/* One result of the first call: an error counts more than what came before it, also after rows. */
static void keep_result(push_pipeline *pipeline, PGresult *result)
{
    push_pending *call = pipeline->first;
    ExecStatusType status = PQresultStatus(result);

    if (call->prepares) {
        call->prepares = 0;
        if (status != PGRES_COMMAND_OK) {
            forget_prepared(pipeline, call->statement);
        }
    }
    if (status == PGRES_PIPELINE_ABORTED && call->result != NULL) {
        PQclear(result);
        return;
    }
    PQclear(call->result);
    call->result = result;
}

static void finish_first(push_pipeline *pipeline)
{
    push_pending *call = pipeline->first;
    push_session_end end = judge(pipeline, call);

    pipeline->is_unreplicated = 0;
    pipeline->first = call->next;
    if (pipeline->first == NULL) {
        pipeline->last = NULL;
    }
    pipeline->count--;
    call->done(call->data, end, end == PUSH_SESSION_DONE ? call->result : NULL);
    PQclear(call->result);
    free(call);
}

/* Takes what has come in. Whoever is called may send more, or close the session. */
void push_pipeline_take(push_pipeline *pipeline)
{
    int nothing = 0;

    /* Between two calls there is a NULL; two on end are the end of the connection. */
    while (pipeline->first != NULL && nothing < 2 && !PQisBusy(pipeline->conn)) {
        PGresult *result = PQgetResult(pipeline->conn);

        if (result == NULL) {
            nothing++;
            continue;
        }
        nothing = 0;
        if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
            keep_result(pipeline, result);
            continue;
        }
        PQclear(result);
        finish_first(pipeline);
        if (pipeline->conn == NULL) {
            return;
        }
    }
}

static void timeout_set(void *data, push_session_end end, const PGresult *result)
{
    (void)data;
    (void)end;
    (void)result;
}

/* The server is told where it changes. */
static int set_timeout(push_pipeline *pipeline, int64_t wanted, uint64_t deadline)
{
    char text[24];
    const char *value = text;

    if (pipeline->statement_timeout == wanted) {
        return 0;
    }
    snprintf(text, sizeof text, "%lld", (long long)wanted);
    if (enqueue(pipeline, &set_statement_timeout, &value, deadline, timeout_set, NULL) != 0) {
        return -1;
    }
    pipeline->statement_timeout = wanted;
    return 0;
}

int push_pipeline_send(push_pipeline *pipeline, const flx_statement *statement,
                       const char *const *values, int64_t statement_timeout, uint64_t deadline,
                       push_session_done *done, void *data)
{
    if (set_timeout(pipeline, statement_timeout, deadline) != 0) {
        return -1;
    }
    return enqueue(pipeline, statement, values, deadline, done, data);
}

uint64_t push_pipeline_deadline(const push_pipeline *pipeline)
{
    const push_pending *call;
    uint64_t first = UINT64_MAX;

    for (call = pipeline->first; call != NULL; call = call->next) {
        if (call->deadline < first) {
            first = call->deadline;
        }
    }
    return first;
}

const flx_statement *push_pipeline_statement(const push_pipeline *pipeline)
{
    return pipeline->first != NULL ? pipeline->first->statement : NULL;
}

push_pending *push_pipeline_drop(push_pipeline *pipeline)
{
    push_pending *calls = pipeline->first;
    const char *name = pipeline->name;

    memset(pipeline, 0, sizeof *pipeline);
    pipeline->name = name;
    return calls;
}

void push_pipeline_end_all(push_pending *calls)
{
    push_pending *next;

    for (; calls != NULL; calls = next) {
        next = calls->next;
        calls->done(calls->data, PUSH_SESSION_LOST, NULL);
        PQclear(calls->result);
        free(calls);
    }
}
