/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the database's event partitions: made a week ahead, dropped when they are past the retention. */
#ifndef FLIXIM_UPKEEP_H
#define FLIXIM_UPKEEP_H

#include "httpd.h"

#include "database.h"

/* When it is due; what the threads of a child share for one virtual host. */
typedef struct flixim_upkeep_state flixim_upkeep_state;

/* Makes it, in a child process, for as long as POOL lives; due at once. NULL if the system has no mutex
 * left. */
flixim_upkeep_state *flixim_upkeep_make(apr_pool_t *pool);

/* Does the upkeep if it is due in this child and virtual host: an hour after it went well, ten seconds
 * after it did not. One request does it, on its way to the database; the others go on at once.
 * FLIXIM_DATABASE_DONE if the request can go on, which it can if the upkeep came to nothing soon: the
 * reason is in the log, and if the database is away the request will find out. Otherwise what became of
 * the upkeep; the request has then waited long enough and is to be answered 503. */
flixim_database_outcome flixim_upkeep(request_rec *r) __attribute__((warn_unused_result));

#endif
