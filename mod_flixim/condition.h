/* SPDX-License-Identifier: Apache-2.0 */
/* A mutex and a condition whose timed waits no change of the wall clock disturbs. */
#ifndef FLIXIM_CONDITION_H
#define FLIXIM_CONDITION_H

#include <pthread.h>

#include "apr_pools.h"
#include "apr_time.h"

/* APR's condition variables wait for an instant of the wall clock: when that is set back while a thread
 * waits for a second, it waits for so much longer. */
typedef struct flixim_condition {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} flixim_condition;

/* Makes CONDITION, in a child process, for as long as POOL lives. 0, or -1 if the system has none
 * left. */
int flixim_condition_init(flixim_condition *condition, apr_pool_t *pool)
    __attribute__((warn_unused_result));

void flixim_condition_lock(flixim_condition *condition);
void flixim_condition_unlock(flixim_condition *condition);

/* Waits, with the mutex held before and after, until somebody wakes this thread, or DEADLINE by
 * flixim_clock_now() has passed, or for no reason: look again what was waited for. */
void flixim_condition_wait(flixim_condition *condition, apr_time_t deadline);

/* Wakes one of those who wait, or all. */
void flixim_condition_wake_one(flixim_condition *condition);
void flixim_condition_wake_all(flixim_condition *condition);

#endif
