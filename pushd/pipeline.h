/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on one connection to PostgreSQL, one behind the other in libpq's pipeline, each in a transaction of its own. */
#ifndef PUSH_PIPELINE_H
#define PUSH_PIPELINE_H

#include <stdint.h>

#include <libpq-fe.h>

#include "flx_statement.h"

#define PUSH_PIPELINE_PREPARED 64 /* more than there are statements */

/* How a call ended. */
typedef enum push_session_end {
    PUSH_SESSION_DONE,     /* committed; there is a result */
    PUSH_SESSION_REFUSED,  /* a fault of ours; nothing was changed (logged) */
    PUSH_SESSION_NOT_DONE, /* a state of the server's that passes; nothing was changed (logged) */
    PUSH_SESSION_AGAIN,    /* others were in the way; nothing was changed, and at once it may do */
    PUSH_SESSION_LOST      /* no answer: it may have run or not (logged) */
} push_session_end;

/* result is lent, and NULL unless it was done. */
typedef void push_session_done(void *data, push_session_end end, const PGresult *result);

/* A call on its way. */
typedef struct push_pending push_pending;

typedef struct push_pipeline {
    PGconn *conn;        /* NULL: there is none. Not the pipeline's own */
    const char *name;    /* for log lines */
    push_pending *first; /* the one that answers are for */
    push_pending *last;
    int count;
    const flx_statement *prepared[PUSH_PIPELINE_PREPARED];
    int prepared_count;
    int64_t statement_timeout; /* as the server has it; ms */
    int is_unreplicated;
    int is_quiet; /* what the server complains of was logged before */
    int is_stale; /* the connection is to be made anew: it does not do any more */
} push_pipeline;

/* A new connection, which has just been made: pipeline mode begins. Returns 0, or -1 if it does not do. */
int push_pipeline_begin(push_pipeline *pipeline, PGconn *conn, int64_t statement_timeout)
    __attribute__((warn_unused_result));

/* Appends a call; its parameters are copied. statement_timeout: how long the server is to let it run. Returns 0; or -1
 * and the pipeline is stale, or there is no memory. push_pipeline_flush is to follow. */
int push_pipeline_send(push_pipeline *pipeline, const flx_statement *statement,
                       const char *const *values, int64_t statement_timeout, uint64_t deadline,
                       push_session_done *done, void *data) __attribute__((warn_unused_result));

/* Judges what has come in and calls the calls' done. Those may send more, and close: then conn is NULL. */
void push_pipeline_take(push_pipeline *pipeline);

/* When the first of the calls is overdue; UINT64_MAX without any. */
uint64_t push_pipeline_deadline(const push_pipeline *pipeline);

/* The statement that answers are awaited for, or NULL. */
const flx_statement *push_pipeline_statement(const push_pipeline *pipeline);

/* The connection is gone. Returns the calls that were on their way, for push_pipeline_end_all. */
push_pending *push_pipeline_drop(push_pipeline *pipeline);

/* Ends calls with PUSH_SESSION_LOST. */
void push_pipeline_end_all(push_pending *calls);

#endif
