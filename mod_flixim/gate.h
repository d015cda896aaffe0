/* SPDX-License-Identifier: Apache-2.0 */
/* A gate that lets a fixed number of threads in at a time; the others wait for so long, no longer. */
#ifndef FLIXIM_GATE_H
#define FLIXIM_GATE_H

#include "apr_pools.h"
#include "apr_time.h"

/* mod_dbd's pool has no time limit: a thread that asks it for one connection more than it may make
 * waits for as long as the others need. A gate with no more places than the pool has connections
 * keeps threads out of that queue. */
typedef struct flixim_gate flixim_gate;

/* Makes a gate with PLACES places, in a child process, for as long as POOL lives. NULL if the
 * system has no mutex left. */
flixim_gate *flixim_gate_make(apr_pool_t *pool, int places);

/* Takes a place, waiting up to WAIT for one: 1, or 0 if none came free. */
int flixim_gate_enter(flixim_gate *gate, apr_interval_time_t wait)
    __attribute__((warn_unused_result));

/* Gives the place back. */
void flixim_gate_leave(flixim_gate *gate);

#endif
