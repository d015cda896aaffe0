/* SPDX-License-Identifier: Apache-2.0 */
/* A gate that lets a fixed number of threads in at a time; the others wait for so long, no longer. */
#include "gate.h"

#include "apr_thread_cond.h"
#include "apr_thread_mutex.h"

#include "clock.h"

struct flixim_gate {
    apr_thread_mutex_t *mutex;
    /* signalled for each place that comes free */
    apr_thread_cond_t *freed;
    /* free places; under the mutex */
    int places;
};

flixim_gate *flixim_gate_make(apr_pool_t *pool, int places)
{
    flixim_gate *gate = apr_pcalloc(pool, sizeof(*gate));

    if (apr_thread_mutex_create(&gate->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        apr_thread_cond_create(&gate->freed, pool) != APR_SUCCESS) {
        return NULL;
    }
    gate->places = places;
    return gate;
}

int flixim_gate_enter(flixim_gate *gate, apr_interval_time_t wait)
{
    apr_time_t deadline = flixim_clock_now() + wait;
    apr_interval_time_t left = wait;
    int entered;

    apr_thread_mutex_lock(gate->mutex);
    while (gate->places == 0 && left > 0) {
        apr_thread_cond_timedwait(gate->freed, gate->mutex, left);
        left = deadline - flixim_clock_now();
    }
    entered = gate->places > 0;
    gate->places -= entered;
    apr_thread_mutex_unlock(gate->mutex);
    return entered;
}

void flixim_gate_leave(flixim_gate *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    gate->places++;
    apr_thread_cond_signal(gate->freed);
    apr_thread_mutex_unlock(gate->mutex);
}
