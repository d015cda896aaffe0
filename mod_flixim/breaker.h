/* SPDX-License-Identifier: Apache-2.0 */
/* A circuit breaker: while the database is away, one request at a time tries it, the others fail. */
#ifndef FLIXIM_BREAKER_H
#define FLIXIM_BREAKER_H

#include "apr_pools.h"
#include "apr_time.h"

/* Connecting to a database that does not answer takes seconds, and mod_dbd lets its threads connect
 * one after the other: without a breaker they would queue up behind each other. */
typedef struct flixim_breaker flixim_breaker;

/* Makes a breaker, in a child process, for as long as POOL lives. It starts in doubt: the first
 * request tries the database while others wait for what it finds. NULL if the system has no mutex
 * left. */
flixim_breaker *flixim_breaker_make(apr_pool_t *pool);

/* Asks whether to try the database: 1 for yes, and flixim_breaker_tell must follow; 0 for no, since
 * it was away a moment ago, or whoever is trying it has found nothing within WAIT. */
int flixim_breaker_ask(flixim_breaker *breaker, apr_interval_time_t wait)
    __attribute__((warn_unused_result));

/* Tells how the try ended: whether the database was THERE. */
void flixim_breaker_tell(flixim_breaker *breaker, int there);

#endif
