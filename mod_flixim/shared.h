/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of a child process share for one virtual host. */
#ifndef FLIXIM_SHARED_H
#define FLIXIM_SHARED_H

#include "httpd.h"

#include "breaker.h"
#include "canceller.h"
#include "combiner.h"
#include "gate.h"
#include "known_tokens.h"
#include "upkeep.h"

typedef struct flixim_shared {
    /* for whatever uses the database; shared further, among the virtual hosts with one pool, and so is
     * the next */
    flixim_gate *gate;
    /* for statements that write, before the other gate: fewer places, so that commits that hang leave
     * some for reading */
    flixim_gate *writers;
    flixim_breaker *breaker;
    flixim_combiner *combiner;
    flixim_upkeep_state *upkeep;
    flixim_known_tokens *known_tokens;
    /* one for the child */
    flixim_canceller *canceller;
} flixim_shared;

/* The child_init hook: makes all that, before there are threads. */
void flixim_shared_child_init(apr_pool_t *pchild, server_rec *main_server);

const flixim_shared *flixim_shared_of(const server_rec *s);

#endif
