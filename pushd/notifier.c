/* SPDX-License-Identifier: Apache-2.0 */
/* The notifier: finds what is to be told to devices, and has it sent. */
#include "notifier.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "flx_result.h"
#include "flx_statement_push.h"
#include "log.h"
#include "providers.h"
#include "server.h"
#include "service.h"

/* Milliseconds. Who is not needed looks this often all the same: pushes come from other daemons as well, and from the end of presences. */
#define COLLECT_EVERY 1000
#define FIGURES_EVERY 5000
#define AGAIN         500

/* So long after a look for new events there is no other one, however many there are. */
#define COLLECT_LEAST 250

/* And not sooner than this unless the last look did not see everything. */
#define LEAST 20

/* At the end: how long what is under way may take, and then the database for what came of it. */
#define END_WAIT   1000
#define WRITE_WAIT 1000

typedef enum phase {
    RUNNING,
    ENDING,  /* nothing is begun; what is under way may end */
    WRITING, /* nothing is under way; what came of it is to be written */
    CLOSING
} phase;

struct push_notifier {
    struct push_server *server;
    phase phase;
    push_settle *settle;
    push_service *services[PUSH_PROVIDERS];
    uv_timer_t timer;
    push_call *collecting;
    push_call *figuring;
    uint64_t collect_due; /* these in uv_now's time */
    uint64_t collected;
    uint64_t figures_due;
    uint64_t end_due;
    int open; /* services, settle and the timer */
    void (*closed)(void *data);
    void *closed_data;
};

static void go_on(struct push_notifier *notifier);

static uint64_t now_of(const struct push_notifier *notifier)
{
    return uv_now(notifier->server->loop);
}

static void on_changed(void *data)
{
    go_on(data);
}

static void on_timer(uv_timer_t *timer)
{
    go_on(timer->data);
}

/* -- What is to be sent ------------------------------------------------------------------------------ */

static void hurry_services(struct push_notifier *notifier)
{
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        push_service_hurry(notifier->services[i]);
    }
}

static void on_collected(void *data, const push_answer *said)
{
    struct push_notifier *notifier = data;
    uint64_t now = now_of(notifier), wait = COLLECT_EVERY;
    flx_value next;
    int64_t collected;

    notifier->collecting = NULL;
    if (said->result == NULL) {
        notifier->collect_due = now + AGAIN;
        go_on(notifier);
        return;
    }
    collected = flx_value_int(flx_result_get(said->result, 0, "collected"));
    next = flx_result_get(said->result, 0, "next_in_ms");
    if (flx_value_bool(flx_result_get(said->result, 0, "has_more"))) {
        wait = 0;
    }
    else if (next.at != NULL && flx_value_int(next) < COLLECT_EVERY) {
        /* one that says "at once" each time is not to keep a processor busy */
        wait = flx_value_int(next) > LEAST ? (uint64_t)flx_value_int(next) : LEAST;
    }
    notifier->collect_due = now + wait;
    if (collected > 0) {
        notifier->server->metrics.pushes_collected_total += collected;
        hurry_services(notifier);
    }
    go_on(notifier);
}

static void collect(struct push_notifier *notifier)
{
    notifier->collected = now_of(notifier);
    notifier->collecting =
        push_database_call(notifier->server->database, PUSH_LANE_NOTIFY,
                           &flx_statement_collect_pushes, NULL, NULL, on_collected, notifier);
    if (notifier->collecting == NULL) {
        notifier->collect_due = now_of(notifier) + AGAIN;
    }
}

/* -- Figures ----------------------------------------------------------------------------------------- */

static int number_of(flx_value provider)
{
    static const char *const names[] = {
#define NAME(name) #name,
        PUSH_PROVIDER_NAMES(NAME)
#undef NAME
    };

    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        if (flx_value_is(provider, names[i])) {
            return i;
        }
    }
    return -1;
}

/* NULL: nobody asks for them any more. */
static void take_figures(push_metrics *metrics, const PGresult *result)
{
    metrics->pushes_waiting = 0;
    metrics->pushes_due = 0;
    metrics->pushes_dead = 0;
    metrics->pushes_oldest_due_seconds = 0;
    memset(metrics->provider_due, 0, sizeof metrics->provider_due);
    memset(metrics->provider_oldest_due_seconds, 0, sizeof metrics->provider_oldest_due_seconds);
    for (int row = 0; row < PQntuples(result); row++) {
        int number = number_of(flx_result_get(result, row, "provider"));
        int64_t due = flx_value_int(flx_result_get(result, row, "due"));
        int64_t oldest = flx_value_int(flx_result_get(result, row, "oldest_due_ms")) / 1000;

        metrics->pushes_waiting += flx_value_int(flx_result_get(result, row, "waiting"));
        metrics->pushes_dead += flx_value_int(flx_result_get(result, row, "dead"));
        metrics->pushes_due += due;
        if (oldest > metrics->pushes_oldest_due_seconds) {
            metrics->pushes_oldest_due_seconds = oldest;
        }
        if (number >= 0) {
            metrics->provider_due[number] = due;
            metrics->provider_oldest_due_seconds[number] = oldest;
        }
    }
}

static void on_figures(void *data, const push_answer *said)
{
    struct push_notifier *notifier = data;

    notifier->figuring = NULL;
    if (said->result != NULL) {
        take_figures(&notifier->server->metrics, said->result);
    }
    notifier->figures_due = now_of(notifier) + FIGURES_EVERY;
    go_on(notifier);
}

static void ask_figures(struct push_notifier *notifier)
{
    notifier->figures_due = now_of(notifier) + FIGURES_EVERY;
    notifier->figuring =
        push_database_call(notifier->server->database, PUSH_LANE_NOTIFY,
                           &flx_statement_push_figures, NULL, NULL, on_figures, notifier);
}

/* -- What to do next --------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* Returns when to look again. */
static uint64_t run(struct push_notifier *notifier)
{
    uint64_t now = now_of(notifier), due = PUSH_SERVICE_NEVER;

    if (!push_providers_are_there(notifier->server->providers)) {
        take_figures(&notifier->server->metrics, NULL);
        return PUSH_SERVICE_NEVER; /* until a reload */
    }
    if (!push_database_is_up(notifier->server->database)) {
        return now + AGAIN;
    }
    if (notifier->collecting == NULL && now >= notifier->collect_due) {
        collect(notifier);
    }
    if (notifier->figuring == NULL && now >= notifier->figures_due) {
        ask_figures(notifier);
    }
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        due = earlier(due, push_service_go_on(notifier->services[i]));
    }
    if (notifier->collecting == NULL) {
        due = earlier(due, notifier->collect_due);
    }
    return notifier->figuring == NULL ? earlier(due, notifier->figures_due) : due;
}

static int is_idle(const struct push_notifier *notifier)
{
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        if (notifier->services[i] != NULL && !push_service_is_idle(notifier->services[i])) {
            return 0;
        }
    }
    return 1;
}

static void part_closed(void *data)
{
    struct push_notifier *notifier = data;

    if (--notifier->open == 0) {
        notifier->server->notifier = NULL;
        if (notifier->closed != NULL) {
            notifier->closed(notifier->closed_data);
        }
        free(notifier);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

/* All is written, or has had its time. */
static void close_rest(struct push_notifier *notifier)
{
    notifier->phase = CLOSING;
    if (notifier->collecting != NULL) {
        push_call_forget(notifier->collecting);
    }
    if (notifier->figuring != NULL) {
        push_call_forget(notifier->figuring);
    }
    push_settle_close(notifier->settle, part_closed, notifier);
    uv_close((uv_handle_t *)&notifier->timer, timer_closed);
}

/* Ends what is under way, each with its word to the database. */
static void close_services(struct push_notifier *notifier)
{
    notifier->phase = CLOSING; /* what they say meanwhile is no reason to go on */
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        push_service_close(notifier->services[i], part_closed, notifier);
        notifier->services[i] = NULL;
    }
    notifier->phase = WRITING;
    notifier->end_due = now_of(notifier) + WRITE_WAIT;
}

/* On the way down. Returns when to look again. */
static uint64_t end(struct push_notifier *notifier)
{
    uint64_t now = now_of(notifier);

    if (notifier->phase == ENDING && (is_idle(notifier) || now >= notifier->end_due)) {
        close_services(notifier);
    }
    if (notifier->phase == WRITING &&
        (push_settle_is_empty(notifier->settle) || now >= notifier->end_due)) {
        close_rest(notifier);
    }
    return notifier->end_due;
}

static void go_on(struct push_notifier *notifier)
{
    uint64_t now = now_of(notifier), due;

    if (notifier->phase == CLOSING) {
        return;
    }
    due = notifier->phase == RUNNING ? run(notifier) : end(notifier);
    if (notifier->phase == CLOSING) {
        return;
    }
    if (due == PUSH_SERVICE_NEVER) {
        (void)uv_timer_stop(&notifier->timer);
    }
    else {
        (void)uv_timer_start(&notifier->timer, on_timer, due > now ? due - now : 0, 0);
    }
}

void push_notifier_hurry(struct push_notifier *notifier)
{
    uint64_t soonest;

    if (notifier == NULL || notifier->phase != RUNNING) {
        return;
    }
    soonest = notifier->collected + COLLECT_LEAST;
    if (soonest < notifier->collect_due) {
        notifier->collect_due = soonest;
    }
    go_on(notifier);
}

void push_notifier_note(struct push_notifier *notifier, int events)
{
    if (events > 0) {
        push_notifier_hurry(notifier);
    }
}

/* -- Beginning and end ------------------------------------------------------------------------------- */

static int open_parts(struct push_notifier *notifier)
{
    notifier->settle = push_settle_open(notifier->server, on_changed, notifier);
    if (notifier->settle == NULL) {
        return -1;
    }
    notifier->open++;
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        notifier->services[i] =
            push_service_open(notifier->server, i, notifier->settle, on_changed, notifier);
        if (notifier->services[i] == NULL) {
            return -1;
        }
        notifier->open++;
    }
    return 0;
}

struct push_notifier *push_notifier_open(struct push_server *server)
{
    struct push_notifier *notifier = calloc(1, sizeof *notifier);

    if (notifier == NULL) {
        return NULL;
    }
    notifier->server = server;
    notifier->open = 1;
    (void)uv_timer_init(server->loop, &notifier->timer); /* cannot fail */
    notifier->timer.data = notifier;
    if (open_parts(notifier) != 0) {
        return NULL; /* the daemon ends */
    }
    go_on(notifier);
    return notifier;
}

void push_notifier_close(struct push_notifier *notifier, void (*closed)(void *data), void *data)
{
    notifier->closed = closed;
    notifier->closed_data = data;
    notifier->phase = ENDING;
    notifier->end_due = now_of(notifier) + END_WAIT;
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        push_service_stop(notifier->services[i]);
    }
    go_on(notifier);
}

const char *push_notifier_web_push_key(const struct push_server *server)
{
    return push_providers_web_push_key(server->providers);
}
