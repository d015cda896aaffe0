/* SPDX-License-Identifier: Apache-2.0 */
/* A circuit breaker: while the database is away, one request at a time tries it, the others fail. */
#ifndef FLIXIM_BREAKER_H
#define FLIXIM_BREAKER_H

#include "apr_pools.h"
#include "apr_time.h"

/* Connecting to a database that does not answer takes seconds, and mod_dbd lets its threads connect
 * one after the other: without a breaker they would queue up behind each other. */
typedef struct flixim_breaker flixim_breaker;

/* What a request may do. */
typedef enum flixim_breaker_leave {
    FLIXIM_BREAKER_STOP, /* nothing: the database was away a moment ago */
    FLIXIM_BREAKER_GO,   /* run its statement */
    FLIXIM_BREAKER_PROBE /* find out for all: hear from the server, soon, before anything else */
} flixim_breaker_leave;

/* What a request has found. */
typedef enum flixim_breaker_finding {
    FLIXIM_BREAKER_HEARD,   /* the server has answered something */
    FLIXIM_BREAKER_DOUBTED, /* something is wrong that need not concern others */
    FLIXIM_BREAKER_MISSED   /* nothing was to be heard of the server */
} flixim_breaker_finding;

/* Makes a breaker, in a child process, for as long as POOL lives. It starts in doubt: the first
 * request tries the database while others wait for what it finds. NULL if the system has no mutex
 * left. */
flixim_breaker *flixim_breaker_make(apr_pool_t *pool);

/* Asks whether to go to the database; waits up to WAIT for what somebody else is about to find. Who may
 * PROBE must tell what it has found. */
flixim_breaker_leave flixim_breaker_ask(flixim_breaker *breaker, apr_interval_time_t wait)
    __attribute__((warn_unused_result));

/* Tells what a request has found, as often as it finds something; BEGAN is when it started (by
 * flixim_clock_now()) and IS_PROBE whether it still owes an answer to a PROBE. What was missed opens the
 * breaker unless others have heard of the server meanwhile. */
void flixim_breaker_tell(flixim_breaker *breaker, flixim_breaker_finding finding, apr_time_t began,
                         int is_probe);

#endif
