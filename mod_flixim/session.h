/* SPDX-License-Identifier: Apache-2.0 */
/* What this module knows of the server process behind a pooled connection, and what it tells it. */
#ifndef FLIXIM_SESSION_H
#define FLIXIM_SESSION_H

#include "httpd.h"

#include "exchange.h"
#include "flx_statement.h"

/* Kept beside the connection, for as long as that is in the pool. A connection that was made anew has
 * another server process, which knows nothing of what the one before it was told: it is told again,
 * when it is used next. */
typedef struct flixim_session flixim_session;

/* The session of LINE's connection, whose pool is POOL, now in use for R and STATEMENT; until
 * flixim_session_leave. */
flixim_session *flixim_session_enter(apr_pool_t *pool, const flixim_line *line,
                                     const request_rec *r, const flx_statement *statement);
void flixim_session_leave(flixim_session *session);

/* Has the server stop a statement a little before TIME is over, when this side gives up on it: the
 * connection then stays good, and it is certain that nothing of the statement remains (of a procedure
 * that commits on its way: nothing since its last commit). Asks the server nothing if it knows that
 * already, unless it MUST_ASK. */
flixim_exchange_end flixim_session_greet(flixim_session *session, flixim_line *line,
                                         apr_interval_time_t time, int must_ask);

/* Runs the session's statement with VALUES, prepared if the server has it so. *SENT is set to 1 as
 * soon as it may be running. */
flixim_exchange_end flixim_session_run(flixim_session *session, flixim_line *line,
                                       const char *const *values, int *sent);

/* Has the session's statement be prepared anew when it is run next. */
void flixim_session_forget(flixim_session *session);

/* Whether something was committed since flixim_session_enter without the standby that
 * synchronous_standby_names wants, since the wait for that was cancelled: the server calls it success
 * all the same. */
int flixim_session_is_unreplicated(const flixim_session *session);

#endif
