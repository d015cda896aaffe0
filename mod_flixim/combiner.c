/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of several requests that meet go to the database as one statement, each with its own answer. */
#include "combiner.h"
#include "private.h"

#include "clock.h"
#include "condition.h"
#include "config.h"
#include "flx_array.h"
#include "flx_result.h"
#include "shared.h"

#define CALLS_MAX 64
/* Bytes of parameters; beyond that they go one after the other. */
#define SIZE_MAX_TOGETHER ((apr_size_t)1024 * 1024)
/* Of an array's text: each byte of an element may be quoted. */
#define ARRAY_SIZE     ((apr_size_t)4 * 1024 * 1024)
#define PARAMETERS_MAX 16

/* How long a call waits for another one's end. That one may be waiting for a lock, or its commit hang: the
 * others then go on without it, on connections of their own. Some ten times what a transaction takes. */
#define PATIENCE apr_time_from_msec(25)

/* What a thread that waits is told; under its own mutex. */
typedef enum { WAIT, LEAD, TAKE_ANSWER } word;

/* One call, in its request's pool; no other thread has it any more once it has its answer. */
typedef struct call {
    request_rec *r;
    const flx_statement *statement;
    const char *const *values;
    /* bytes of values */
    apr_size_t size;
    /* when to give up without a turn, and without an answer; by flixim_clock_now() */
    apr_time_t until;
    apr_time_t latest;
    /* under the combiner's mutex */
    struct call *next;
    int is_queued;
    /* its own, to wait for a word */
    flixim_condition condition;
    word told;
    /* the answer: how it ended, or that it has to go alone; how many went with it */
    flixim_database_outcome outcome;
    int goes_alone;
    int others;
    PGresult *result;
} call;

struct flixim_combiner {
    /* nobody waits on it: each call has its own */
    flixim_condition condition;
    /* under its mutex: the call whose end the others wait for, NULL for none; and those others */
    const call *leader;
    call *first;
    call *last;
};

/* Calls on their way as one statement. */
typedef struct batch {
    int count;
    call *calls[CALLS_MAX];
} batch;

flixim_combiner *flixim_combiner_make(apr_pool_t *pool)
{
    flixim_combiner *combiner = apr_pcalloc(pool, sizeof(*combiner));

    return flixim_condition_init(&combiner->condition, pool) == 0 ? combiner : NULL;
}

/* -- The queue; all with the combiner's mutex held --------------------------------------------------- */

static void append(flixim_combiner *combiner, call *c)
{
    if (combiner->first) {
        combiner->last->next = c;
    }
    else {
        combiner->first = c;
    }
    combiner->last = c;
    c->is_queued = 1;
}

static call *take_first(flixim_combiner *combiner)
{
    call *c = combiner->first;

    if (c) {
        combiner->first = c->next;
        c->next = NULL;
        c->is_queued = 0;
    }
    return c;
}

static void take_out(flixim_combiner *combiner, call *c)
{
    call **link = &combiner->first;
    call *before = NULL;

    while (*link != c) {
        before = *link;
        link = &before->next;
    }
    *link = c->next;
    if (combiner->last == c) {
        combiner->last = before;
    }
    c->next = NULL;
    c->is_queued = 0;
}

/* -- Waiting ---------------------------------------------------------------------------------------- */

static void tell(call *c, word what)
{
    flixim_condition_lock(&c->condition);
    c->told = what;
    flixim_condition_wake_one(&c->condition);
    flixim_condition_unlock(&c->condition);
}

/* What the call was told by UNTIL. */
static word listen_until(call *c, apr_time_t until)
{
    word told;

    flixim_condition_lock(&c->condition);
    while (c->told == WAIT && flixim_clock_now() < until) {
        flixim_condition_wait(&c->condition, until);
    }
    told = c->told;
    flixim_condition_unlock(&c->condition);
    return told;
}

/* Leads if nobody does, else queues. */
static word begin(flixim_combiner *combiner, call *own)
{
    word what = LEAD;

    flixim_condition_lock(&combiner->condition);
    if (combiner->leader) {
        append(combiner, own);
        what = WAIT;
    }
    else {
        combiner->leader = own;
    }
    flixim_condition_unlock(&combiner->condition);
    return what;
}

/* Waits in the queue; whoever has waited long enough leads in the place of the one it has waited for. */
static word follow(flixim_combiner *combiner, call *own)
{
    apr_time_t enough = flixim_clock_now() + PATIENCE;
    word told = listen_until(own, enough < own->until ? enough : own->until);

    if (told != WAIT) {
        return told;
    }
    flixim_condition_lock(&combiner->condition);
    if (own->is_queued) {
        take_out(combiner, own);
        combiner->leader = own;
        told = LEAD;
    }
    flixim_condition_unlock(&combiner->condition);
    /* Somebody has taken it along: that one's statement has its own time, after which there is a word. */
    while (told == WAIT) {
        told = listen_until(own, flixim_clock_now() + apr_time_from_sec(1));
    }
    return told;
}

/* The leader's turn is over: the first who waits is the next, unless somebody leads already. */
static void pass_on(flixim_combiner *combiner, const call *own)
{
    call *next = NULL;

    flixim_condition_lock(&combiner->condition);
    if (combiner->leader == own) {
        next = take_first(combiner);
        combiner->leader = next;
    }
    flixim_condition_unlock(&combiner->condition);
    if (next) {
        tell(next, LEAD);
    }
}

/* -- Leading ---------------------------------------------------------------------------------------- */

/* Takes OWN and, of those that wait, as many as go together with it. */
static void take_along(flixim_combiner *combiner, call *own, batch *taken)
{
    apr_time_t latest = flixim_clock_now() + flixim_config_database_timeout(own->r->server);
    apr_size_t size = own->size;

    taken->count = 1;
    taken->calls[0] = own;
    flixim_condition_lock(&combiner->condition);
    while (combiner->first && combiner->first->statement == own->statement &&
           taken->count < CALLS_MAX && size + combiner->first->size <= SIZE_MAX_TOGETHER) {
        size += combiner->first->size;
        taken->calls[taken->count++] = take_first(combiner);
    }
    flixim_condition_unlock(&combiner->condition);
    for (int i = 0; i < taken->count; i++) {
        taken->calls[i]->latest = latest;
        taken->calls[i]->others = taken->count - 1;
    }
}

/* Each parameter becomes an array with an element for each call: 1, or 0 if there is no memory. */
static int write_arrays(const batch *taken, int parameters, flx_buffer *arrays, const char **values)
{
    int written = 1;

    for (int i = 0; i < parameters; i++) {
        flx_array_begin(&arrays[i], ARRAY_SIZE);
        for (int k = 0; k < taken->count; k++) {
            flx_array_add(&arrays[i], taken->calls[k]->values[i]);
        }
        flx_array_end(&arrays[i]);
        written &= !flx_buffer_failed(&arrays[i]);
        values[i] = arrays[i].at;
    }
    return written;
}

/* Gives each call its row. Without memory for it the call is done all the same, and its client will ask
 * again. */
static void share_out(const batch *taken, const PGresult *rows)
{
    for (int i = 0; i < taken->count; i++) {
        call *c = taken->calls[i];

        if (flx_value_is(flx_result_get(rows, i, "outcome"), "busy")) {
            c->goes_alone = 1;
            continue;
        }
        c->result = PQntuples(rows) == taken->count ? flx_result_copy_row(rows, i) : NULL;
        c->outcome = c->result ? FLIXIM_DATABASE_DONE : FLIXIM_DATABASE_UNKNOWN;
    }
}

/* Runs the calls as one statement, for the request of the first. What the server refuses as a whole is one
 * call's fault: each then goes alone. */
static void run_together(const batch *taken)
{
    call *own = taken->calls[0];
    const flx_statement *statement = own->statement->batch;
    flx_buffer arrays[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    flixim_database_outcome outcome = FLIXIM_DATABASE_REFUSED;
    PGresult *rows = NULL;

    if (write_arrays(taken, statement->parameters, arrays, values)) {
        outcome = flixim_database_run_now(own->r, statement, values, own->latest, &rows);
    }
    for (int i = 0; i < statement->parameters; i++) {
        flx_buffer_free(&arrays[i]);
    }
    if (outcome == FLIXIM_DATABASE_DONE) {
        share_out(taken, rows);
        flixim_database_release(own->r, rows);
        return;
    }
    for (int i = 0; i < taken->count; i++) {
        taken->calls[i]->goes_alone = outcome == FLIXIM_DATABASE_REFUSED;
        taken->calls[i]->outcome = outcome;
    }
}

/* Runs OWN and what goes together with it. Its thread does so once, and then has its own answer. */
static void lead(flixim_combiner *combiner, call *own)
{
    batch taken;

    if (!flixim_database_enter(own->r, own->statement, own->until)) {
        own->outcome = FLIXIM_DATABASE_UNAVAILABLE;
        pass_on(combiner, own);
        return;
    }
    /* Not before: who waits for a turn takes along whoever comes meanwhile. */
    take_along(combiner, own, &taken);
    if (own->others == 0) {
        own->outcome =
            flixim_database_run_now(own->r, own->statement, own->values, own->latest, &own->result);
    }
    else {
        run_together(&taken);
    }
    flixim_database_leave(own->r, own->statement);
    pass_on(combiner, own);
    for (int i = 1; i < taken.count; i++) {
        tell(taken.calls[i], TAKE_ANSWER);
    }
}

/* -- A call ----------------------------------------------------------------------------------------- */

/* Runs a call alone that went with others in vain: it waits for locks now, with what is left of its time. */
static flixim_database_outcome run_alone(const call *own, PGresult **result)
{
    flixim_database_outcome outcome;

    if (flixim_clock_now() >= own->latest) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, own->r, "FLX0201: statement %s: no time left",
                      own->statement->name);
        return FLIXIM_DATABASE_UNAVAILABLE;
    }
    if (!flixim_database_enter(own->r, own->statement, own->until)) {
        return FLIXIM_DATABASE_UNAVAILABLE;
    }
    outcome = flixim_database_run_now(own->r, own->statement, own->values, own->latest, result);
    flixim_database_leave(own->r, own->statement);
    return outcome;
}

/* What came of a call that others may have run. */
static flixim_database_outcome take_answer(call *own, PGresult **result)
{
    if (own->goes_alone) {
        return run_alone(own, result);
    }
    if (own->others == 0) {
        *result = own->result;
    }
    else if (own->result) {
        *result = own->result;
        flixim_database_keep(own->r, own->result);
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, own->r,
                      "FLX0202: statement %s: went together with %d more, and %s",
                      own->statement->name, own->others,
                      own->outcome == FLIXIM_DATABASE_UNKNOWN ? "nobody knows whether it ran"
                                                              : "did not run");
    }
    return own->outcome;
}

flixim_database_outcome flixim_combiner_run(request_rec *r, const flx_statement *statement,
                                            const char *const *values, PGresult **result)
{
    flixim_combiner *combiner = flixim_shared_of(r->server)->combiner;
    call *own = apr_pcalloc(r->pool, sizeof(*own));
    word told;

    *result = NULL;
    own->r = r;
    own->statement = statement;
    own->values = values;
    for (int i = 0; i < statement->parameters; i++) {
        own->size += values[i] ? strlen(values[i]) : 0;
    }
    own->until = flixim_clock_now() + flixim_config_database_wait(r->server);
    if (flixim_condition_init(&own->condition, r->pool) != 0) {
        return flixim_database_run(r, statement, values, result);
    }
    told = begin(combiner, own);
    if (told == WAIT) {
        told = follow(combiner, own);
    }
    if (told == LEAD) {
        lead(combiner, own);
    }
    return take_answer(own, result);
}
