/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests a user may make: a bucket for each, which all child processes share. */
#ifndef FLIXIM_LIMITER_H
#define FLIXIM_LIMITER_H

#include "apr_time.h"
#include "httpd.h"

/* The post_config hook: makes the buckets of each FlixIMRateLimit, in memory that the children inherit.
 * Its size is fixed: however many users there are, some 65,000 have a bucket at a time, and who has not
 * asked for the longest loses it first, and begins anew. OK, or !OK after logging why not. */
int flixim_limiter_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *main_server);

/* Takes a request out of USER's bucket, by the FlixIMRateLimit in force in S: 0 if there was one, or
 * if there is no limit; else how long it takes until there is one. Any number of threads of all
 * children may ask at once. */
apr_interval_time_t flixim_limiter_take(const server_rec *s, const char *user_id)
    __attribute__((warn_unused_result));

/* Puts back what flixim_limiter_take took: the token was not valid, so that user did not ask. */
void flixim_limiter_give_back(const server_rec *s, const char *user_id);

#endif
