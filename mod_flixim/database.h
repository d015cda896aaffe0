/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a statement on a connection of mod_dbd's pool: borrow, heal, run, give back, within a time. */
#ifndef FLIXIM_DATABASE_H
#define FLIXIM_DATABASE_H

#include "httpd.h"

#include "flx_statement.h"

/* libpq's result, by its own declaration. */
typedef struct pg_result PGresult;

/* How a statement ended, grouped by what is known to have happened. */
typedef enum flixim_database_outcome {
    /* the statement ran and is committed; there is a result */
    FLIXIM_DATABASE_DONE,
    /* nothing of it is committed: no turn within FlixIMDatabaseWait, no connection, stopped by the
     * server at the end of its time, or by a state of the server's that passes (a procedure that commits
     * on its way: what it had committed by then stays); trying again later may help */
    FLIXIM_DATABASE_UNAVAILABLE,
    /* it did not run: the server refused it (logged with its SQLSTATE); a fault of ours */
    FLIXIM_DATABASE_REFUSED,
    /* it may or may not have run: the connection ended, or the time, with no answer, or it is committed
     * without the standby that has to have it; never so for a read-only statement */
    FLIXIM_DATABASE_UNKNOWN
} flixim_database_outcome;

/* Runs STATEMENT for R. VALUES are its parameters as text (NULL for an SQL null), as many as it
 * has; VALUES itself may be NULL if it has none.
 *
 * If the outcome is FLIXIM_DATABASE_DONE, *RESULT has its rows in binary form and lives as long as
 * R; otherwise it is NULL, and the reason is in the log, once. The connection is back in the pool
 * when this returns, so a slow client holds none. A connection that died while it was idle is
 * replaced unseen; one that died under a read-only statement is replaced and the statement sent
 * once more. A statement that met a deadlock is tried three times in all. */
flixim_database_outcome flixim_database_run(request_rec *r, const flx_statement *statement,
                                            const char *const *values, PGresult **result)
    __attribute__((warn_unused_result));

/* The same in steps, for who has something to do between them.
 *
 * Takes a turn to run STATEMENT, waiting for one until UNTIL by flixim_clock_now(): 1, and
 * flixim_database_leave must follow; 0 if there was none, which is in the log. */
int flixim_database_enter(request_rec *r, const flx_statement *statement, apr_time_t until)
    __attribute__((warn_unused_result));

/* Runs STATEMENT in its turn, as flixim_database_run does. LATEST is when to give up if that is before the
 * statement's own time is over; 0 for none. */
flixim_database_outcome flixim_database_run_now(request_rec *r, const flx_statement *statement,
                                                const char *const *values, apr_time_t latest,
                                                PGresult **result)
    __attribute__((warn_unused_result));

/* Gives the turn back. */
void flixim_database_leave(request_rec *r, const flx_statement *statement);

/* Ties a result to R: it is freed with it, or by flixim_database_release. */
void flixim_database_keep(request_rec *r, PGresult *result);

/* Frees a result now rather than with R. */
void flixim_database_release(request_rec *r, PGresult *result);

/* The int4 in a row and column of a result, 0 if it is null. */
int flixim_database_int4(const PGresult *result, int row, int column);

/* Whether mod_dbd is loaded; from post_config on. */
int flixim_database_is_there(void);

/* The child_init hook: makes what this child's threads share. */
void flixim_database_child_init(apr_pool_t *pchild, server_rec *main_server);

#endif
