/* SPDX-License-Identifier: Apache-2.0 */
/* A mutex and a condition whose timed waits no change of the wall clock disturbs. */
#include "condition.h"

#include <time.h>

static apr_status_t destroy(void *data)
{
    flixim_condition *condition = data;

    pthread_cond_destroy(&condition->changed);
    pthread_mutex_destroy(&condition->mutex);
    return APR_SUCCESS;
}

int flixim_condition_init(flixim_condition *condition, apr_pool_t *pool)
{
    pthread_condattr_t attributes;
    int failed;

    if (pthread_condattr_init(&attributes) != 0) {
        return -1;
    }
    failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
             pthread_cond_init(&condition->changed, &attributes) != 0;
    pthread_condattr_destroy(&attributes);
    if (failed) {
        return -1;
    }
    if (pthread_mutex_init(&condition->mutex, NULL) != 0) {
        pthread_cond_destroy(&condition->changed);
        return -1;
    }
    apr_pool_cleanup_register(pool, condition, destroy, apr_pool_cleanup_null);
    return 0;
}

void flixim_condition_lock(flixim_condition *condition)
{
    pthread_mutex_lock(&condition->mutex);
}

void flixim_condition_unlock(flixim_condition *condition)
{
    pthread_mutex_unlock(&condition->mutex);
}

void flixim_condition_wait(flixim_condition *condition, apr_time_t deadline)
{
    struct timespec at = { .tv_sec = (time_t)(deadline / APR_USEC_PER_SEC),
                           .tv_nsec = (long)(deadline % APR_USEC_PER_SEC * 1000) };

    pthread_cond_timedwait(&condition->changed, &condition->mutex, &at);
}

void flixim_condition_wake_one(flixim_condition *condition)
{
    pthread_cond_signal(&condition->changed);
}

void flixim_condition_wake_all(flixim_condition *condition)
{
    pthread_cond_broadcast(&condition->changed);
}
