/* SPDX-License-Identifier: Apache-2.0 */
/* A gate that lets a fixed number of threads in at a time; the others wait for so long, no longer. */
#include "gate.h"

#include "clock.h"
#include "condition.h"

struct flixim_gate {
    /* one is woken for each place that comes free */
    flixim_condition condition;
    /* free places; under its mutex */
    int places;
};

flixim_gate *flixim_gate_make(apr_pool_t *pool, int places)
{
    flixim_gate *gate = apr_pcalloc(pool, sizeof(*gate));

    if (flixim_condition_init(&gate->condition, pool) != 0) {
        return NULL;
    }
    gate->places = places;
    return gate;
}

int flixim_gate_enter(flixim_gate *gate, apr_interval_time_t wait)
{
    apr_time_t deadline = flixim_clock_now() + wait;
    int entered;

    flixim_condition_lock(&gate->condition);
    while (gate->places == 0 && flixim_clock_now() < deadline) {
        flixim_condition_wait(&gate->condition, deadline);
    }
    entered = gate->places > 0;
    gate->places -= entered;
    flixim_condition_unlock(&gate->condition);
    return entered;
}

void flixim_gate_leave(flixim_gate *gate)
{
    flixim_condition_lock(&gate->condition);
    gate->places++;
    flixim_condition_wake_one(&gate->condition);
    flixim_condition_unlock(&gate->condition);
}
