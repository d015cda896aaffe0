/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the database's event partitions: made a week ahead, dropped when they are past the retention. */
#include "upkeep.h"

#include "apr_thread_mutex.h"

#include "clock.h"
#include "config.h"
#include "flx_statement.h"
#include "shared.h"

#define INTERVAL apr_time_from_sec(3600)
#define RETRY    apr_time_from_sec(10)

struct flixim_upkeep_state {
    apr_thread_mutex_t *mutex;
    /* by flixim_clock_now(), under the mutex */
    apr_time_t due_at;
};

flixim_upkeep_state *flixim_upkeep_make(apr_pool_t *pool)
{
    flixim_upkeep_state *state = apr_pcalloc(pool, sizeof(*state));

    return apr_thread_mutex_create(&state->mutex, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS
               ? state
               : NULL;
}

/* If it is due, puts it off by INTERVAL and returns 1: nobody else does it meanwhile. */
static int claim(flixim_upkeep_state *state)
{
    apr_time_t now = flixim_clock_now();
    int is_due;

    apr_thread_mutex_lock(state->mutex);
    is_due = now >= state->due_at;
    if (is_due) {
        state->due_at = now + INTERVAL;
    }
    apr_thread_mutex_unlock(state->mutex);
    return is_due;
}

flixim_database_outcome flixim_upkeep(request_rec *r)
{
    flixim_upkeep_state *state = flixim_shared_of(r->server)->upkeep;
    apr_time_t began = flixim_clock_now();
    apr_time_t ended;
    flixim_database_outcome outcome;
    PGresult *result;

    if (!claim(state)) {
        return FLIXIM_DATABASE_DONE;
    }
    outcome = flixim_database_run(r, &flx_statement_keep_partitions, NULL, &result);
    if (outcome == FLIXIM_DATABASE_DONE) {
        flixim_database_release(r, result);
        return outcome;
    }
    ended = flixim_clock_now();
    apr_thread_mutex_lock(state->mutex);
    state->due_at = ended + RETRY;
    apr_thread_mutex_unlock(state->mutex);
    return ended - began < flixim_config_database_timeout(r->server) / 2 ? FLIXIM_DATABASE_DONE
                                                                         : outcome;
}
