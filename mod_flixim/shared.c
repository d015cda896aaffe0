/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of a child process share for one virtual host. */
#include "shared.h"
#include "private.h"

#include "config.h"

const flixim_shared *flixim_shared_of(const server_rec *s)
{
    return *flixim_config_database_slot(s);
}

/* The first virtual host with the pool of S and as many places. Where there is an API, the same pool
 * means as many places: check.c has seen to that. */
static const server_rec *gate_owner(const server_rec *main_server, const server_rec *s)
{
    const server_rec *owner = main_server;

    while (flixim_config_database_connections(owner) != flixim_config_database_connections(s) ||
           !flixim_dbd_pool_is_same(flixim_config_dbd_pool(owner), flixim_config_dbd_pool(s))) {
        owner = owner->next;
    }
    return owner;
}

/* Makes the gates of a pool: 1 if that worked. */
static int make_gates(apr_pool_t *pchild, flixim_shared *own, int places)
{
    int reserve = places > 1 ? (places + 3) / 4 : 0;

    own->gate = flixim_gate_make(pchild, places);
    own->writers = flixim_gate_make(pchild, places - reserve);
    return own->gate && own->writers;
}

void flixim_shared_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    flixim_canceller *canceller = flixim_canceller_make();

    /* An owner other than S comes before S in the list, so it has its own by then. */
    for (const server_rec *s = main_server; s; s = s->next) {
        const server_rec *owner = gate_owner(main_server, s);
        flixim_shared *own = apr_pcalloc(pchild, sizeof(*own));
        int made = 1;

        own->canceller = canceller;
        own->breaker = flixim_breaker_make(pchild);
        own->combiner = flixim_combiner_make(pchild);
        own->upkeep = flixim_upkeep_make(pchild);
        own->known_tokens = flixim_known_tokens_make(pchild);
        if (owner == s) {
            made = make_gates(pchild, own, flixim_config_database_connections(s));
        }
        else {
            own->gate = flixim_shared_of(owner)->gate;
            own->writers = flixim_shared_of(owner)->writers;
        }
        if (!made || !own->canceller || !own->breaker || !own->combiner || !own->upkeep ||
            !own->known_tokens) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "FLX0101: no mutex left for this child");
            exit(APEXIT_CHILDSICK);
        }
        *flixim_config_database_slot(s) = own;
    }
}
