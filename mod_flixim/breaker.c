/* SPDX-License-Identifier: Apache-2.0 */
/* A circuit breaker: while the database is away, one request at a time tries it, the others fail. */
#include "breaker.h"

#include "clock.h"
#include "condition.h"

/* How long a database that was away is left alone: each child learns by itself that it is back, and a
 * quarter of a second later all of them must have. */
#define PAUSE apr_time_from_msec(150)

/* How long each of the others waits for the try of a database that was away: enough for one that is
 * back, and little enough to call it at once if it is not. */
#define PATIENCE apr_time_from_msec(80)

struct flixim_breaker {
    /* all are woken when the state changes */
    flixim_condition condition;
    /* all below under its mutex; THERE: everybody may go; DOUBTFUL: one, the others wait for it; AWAY:
     * nobody until retry_at, then one; TRIED: that one is on its way */
    enum { THERE, DOUBTFUL, AWAY, TRIED } state;
    apr_time_t retry_at;
    /* whether the one that is tried was away */
    int was_away;
    /* when the server was heard of last */
    apr_time_t heard_at;
};

flixim_breaker *flixim_breaker_make(apr_pool_t *pool)
{
    flixim_breaker *breaker = apr_pcalloc(pool, sizeof(*breaker));

    if (flixim_condition_init(&breaker->condition, pool) != 0) {
        return NULL;
    }
    breaker->state = DOUBTFUL;
    return breaker;
}

flixim_breaker_leave flixim_breaker_ask(flixim_breaker *breaker, apr_interval_time_t wait)
{
    apr_time_t now = flixim_clock_now();
    apr_time_t deadline;
    flixim_breaker_leave leave = FLIXIM_BREAKER_STOP;

    flixim_condition_lock(&breaker->condition);
    deadline = now + (breaker->was_away && wait > PATIENCE ? PATIENCE : wait);
    while (breaker->state == TRIED && now < deadline) {
        flixim_condition_wait(&breaker->condition, deadline);
        now = flixim_clock_now();
    }
    if (breaker->state == THERE) {
        leave = FLIXIM_BREAKER_GO;
    }
    else if (breaker->state == DOUBTFUL || (breaker->state == AWAY && now >= breaker->retry_at)) {
        breaker->was_away = breaker->state == AWAY;
        breaker->state = TRIED;
        leave = FLIXIM_BREAKER_PROBE;
    }
    flixim_condition_unlock(&breaker->condition);
    return leave;
}

/* When to try again after a try that began at BEGAN and ended NOW: PAUSE counts from its beginning, as
 * the server may have come back since, but a long one is followed by a PAUSE all the same. */
static apr_time_t next_try(apr_time_t began, apr_time_t now)
{
    return began + PAUSE > now ? began + PAUSE : now + PAUSE;
}

void flixim_breaker_tell(flixim_breaker *breaker, flixim_breaker_finding finding, apr_time_t began,
                         int is_probe)
{
    apr_time_t now = flixim_clock_now();

    flixim_condition_lock(&breaker->condition);
    if (finding == FLIXIM_BREAKER_HEARD) {
        breaker->heard_at = now;
        breaker->state = THERE;
    }
    else if (breaker->state == (is_probe ? TRIED : THERE)) {
        if (finding == FLIXIM_BREAKER_DOUBTED || breaker->heard_at >= began) {
            breaker->state = DOUBTFUL;
        }
        else {
            breaker->state = AWAY;
            breaker->retry_at = next_try(began, now);
        }
    }
    flixim_condition_wake_all(&breaker->condition);
    flixim_condition_unlock(&breaker->condition);
}
