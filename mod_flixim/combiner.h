/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of several requests that meet go to the database as one statement, each with its own answer. */
#ifndef FLIXIM_COMBINER_H
#define FLIXIM_COMBINER_H

#include "httpd.h"

#include "database.h"

/* The calls of one virtual host in one child. While one of them is on its way the others wait for its end;
 * the first of those then sends all that wait, in one transaction. With nobody on the way a call goes at
 * once, and alone (docs/decisions/0025). */
typedef struct flixim_combiner flixim_combiner;

/* Makes it, in a child process, for as long as POOL lives. NULL if the system has no mutex left. */
flixim_combiner *flixim_combiner_make(apr_pool_t *pool);

/* Runs STATEMENT, which has a batch form, as flixim_database_run would: with the same limits, outcomes
 * and *RESULT, and a line of its own in the log if it comes to nothing. VALUES may be read by another
 * thread meanwhile. */
flixim_database_outcome flixim_combiner_run(request_rec *r, const flx_statement *statement,
                                            const char *const *values, PGresult **result)
    __attribute__((warn_unused_result));

#endif
