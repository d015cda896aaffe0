/* SPDX-License-Identifier: Apache-2.0 */
/* A circuit breaker: while the database is away, one request at a time tries it, the others fail. */
#include "breaker.h"

#include "apr_thread_cond.h"
#include "apr_thread_mutex.h"

#include "clock.h"

/* How long a database that was away is left alone: each child learns by itself that it is back, and a
 * quarter of a second later all of them must have. */
#define PAUSE apr_time_from_msec(200)

struct flixim_breaker {
    apr_thread_mutex_t *mutex;
    /* broadcast when a try has ended */
    apr_thread_cond_t *told;
    /* all below under the mutex; THERE: everybody may go, AWAY: nobody until retry_at, then one,
     * TRIED: that one is on its way */
    enum { THERE, AWAY, TRIED } state;
    apr_time_t retry_at;
};

flixim_breaker *flixim_breaker_make(apr_pool_t *pool)
{
    flixim_breaker *breaker = apr_pcalloc(pool, sizeof(*breaker));

    if (apr_thread_mutex_create(&breaker->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        apr_thread_cond_create(&breaker->told, pool) != APR_SUCCESS) {
        return NULL;
    }
    breaker->state = AWAY;
    breaker->retry_at = 0;
    return breaker;
}

int flixim_breaker_ask(flixim_breaker *breaker, apr_interval_time_t wait)
{
    apr_time_t now = flixim_clock_now();
    apr_time_t deadline = now + wait;
    int go;

    apr_thread_mutex_lock(breaker->mutex);
    while (breaker->state == TRIED && now < deadline) {
        apr_thread_cond_timedwait(breaker->told, breaker->mutex, deadline - now);
        now = flixim_clock_now();
    }
    go = breaker->state == THERE || (breaker->state == AWAY && now >= breaker->retry_at);
    if (go && breaker->state == AWAY) {
        breaker->state = TRIED;
    }
    apr_thread_mutex_unlock(breaker->mutex);
    return go;
}

void flixim_breaker_tell(flixim_breaker *breaker, int there)
{
    apr_thread_mutex_lock(breaker->mutex);
    if (there) {
        breaker->state = THERE;
    }
    else {
        breaker->state = AWAY;
        breaker->retry_at = flixim_clock_now() + PAUSE;
    }
    apr_thread_cond_broadcast(breaker->told);
    apr_thread_mutex_unlock(breaker->mutex);
}
