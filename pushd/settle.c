/* SPDX-License-Identifier: Apache-2.0 */
/* What came of pushes on its way into the database: many at once, and kept while that is away. */
#include "settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "flx_array.h"
#include "flx_statement_push.h"
#include "flx_uuid.h"
#include "log.h"
#include "presence.h"
#include "server.h"

#define BATCH_MOST  500
#define ARRAY_LIMIT (1UL * 1024 * 1024)

/* Milliseconds: how long one waits for others to go with it, and until a batch that failed is tried again. */
#define TOGETHER 20
#define AGAIN    500

/* How often a batch is tried that the database refuses, which is a fault of ours. */
#define REFUSALS 3

typedef struct entry {
    struct entry *next;
    char push_id[FLX_UUID_TEXT + 1];
    push_verdict verdict;
} entry;

struct push_settle {
    struct push_server *server;
    uv_timer_t timer;
    entry *first; /* a batch that is under way is the first so many */
    entry **end;
    int count;
    int under_way;
    int refusals;
    int is_in_doubt; /* of a batch nobody knows whether it was written */
    push_call *call;
    void (*emptied)(void *data);
    void *data;
    void (*closed)(void *data);
    void *closed_data;
};

static const char *const labels[] = {
    [PUSH_VERDICT_SENT] = "sent",         [PUSH_VERDICT_RETRY] = "retry",
    [PUSH_VERDICT_DEAD] = "dead",         [PUSH_VERDICT_GONE] = "gone",
    [PUSH_VERDICT_RELEASED] = "released",
};

static void send_batch(push_settle *settle);

static void on_timer(uv_timer_t *timer)
{
    send_batch(timer->data);
}

static void wait_a_while(push_settle *settle, uint64_t milliseconds)
{
    if (settle->closed == NULL) {
        (void)uv_timer_start(&settle->timer, on_timer, milliseconds, 0);
    }
}

static void drop_first(push_settle *settle)
{
    entry *old = settle->first;

    settle->first = old->next;
    if (settle->first == NULL) {
        settle->end = &settle->first;
    }
    settle->count--;
    free(old);
}

/* The batch is over: written, or given up. */
static void end_batch(push_settle *settle)
{
    for (; settle->under_way > 0; settle->under_way--) {
        drop_first(settle);
    }
    settle->refusals = 0;
    settle->is_in_doubt = 0;
    if (settle->count > 0) {
        send_batch(settle);
    }
    else {
        settle->emptied(settle->data);
    }
}

static void on_settled(void *data, const push_answer *said)
{
    push_settle *settle = data;

    settle->call = NULL;
    if (said->result != NULL) {
        end_batch(settle);
    }
    else if (said->refusal != FLX_UNAVAILABLE && ++settle->refusals >= REFUSALS) {
        push_log(PUSH_LOG_ERROR, "FLX1401: what came of %d pushes could not be written",
                 settle->under_way);
        end_batch(settle);
    }
    else {
        /* A second time changes nothing, as long as what it is about is not claimed again meanwhile. */
        settle->is_in_doubt = 1;
        settle->under_way = 0;
        wait_a_while(settle, AGAIN);
    }
}

static void add_delay(flx_buffer *array, int64_t delay)
{
    char text[40];

    if (delay < 0) {
        flx_array_add(array, NULL);
        return;
    }
    snprintf(text, sizeof text, "%lld milliseconds", (long long)delay);
    flx_array_add(array, text);
}

static int call_database(push_settle *settle, flx_buffer *arrays)
{
    const char *values[5] = { push_presence_daemon_id(settle->server->presence) };
    int failed = 0;

    for (int i = 0; i < 4; i++) {
        flx_array_end(&arrays[i]);
        failed |= flx_buffer_failed(&arrays[i]);
        values[i + 1] = arrays[i].at;
    }
    if (!failed) {
        settle->call =
            push_database_call(settle->server->database, PUSH_LANE_NOTIFY,
                               &flx_statement_settle_pushes, NULL, values, on_settled, settle);
    }
    for (int i = 0; i < 4; i++) {
        flx_buffer_free(&arrays[i]);
    }
    return settle->call != NULL ? 0 : -1;
}

static void send_batch(push_settle *settle)
{
    flx_buffer arrays[4]; /* ids, results, reasons, delays */
    int count = 0;

    if (settle->call != NULL || settle->first == NULL || settle->closed != NULL) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        flx_array_begin(&arrays[i], ARRAY_LIMIT);
    }
    for (entry *one = settle->first; one != NULL && count < BATCH_MOST; one = one->next) {
        flx_array_add(&arrays[0], one->push_id);
        flx_array_add(&arrays[1], labels[one->verdict.result]);
        flx_array_add(&arrays[2], one->verdict.reason[0] != '\0' ? one->verdict.reason : NULL);
        add_delay(&arrays[3], one->verdict.delay);
        count++;
    }
    settle->under_way = count;
    if (call_database(settle, arrays) != 0) {
        settle->under_way = 0;
        wait_a_while(settle, AGAIN);
    }
}

/* Whatever a provider says, the database and the log get one line of ASCII. */
static void make_plain(char *reason)
{
    for (; *reason != '\0'; reason++) {
        if (*reason < ' ' || *reason > '~') {
            *reason = '?';
        }
    }
}

void push_settle_add(push_settle *settle, const char *push_id, const push_verdict *verdict)
{
    entry *new = calloc(1, sizeof *new);

    if (new == NULL) {
        push_log(PUSH_LOG_ERROR, "FLX1402: no memory to write what came of push %s", push_id);
        return;
    }
    snprintf(new->push_id, sizeof new->push_id, "%s", push_id);
    new->verdict = *verdict;
    make_plain(new->verdict.reason);
    *settle->end = new;
    settle->end = &new->next;
    settle->count++;
    if (settle->call == NULL && !uv_is_active((uv_handle_t *)&settle->timer)) {
        wait_a_while(settle, TOGETHER);
    }
}

int push_settle_is_empty(const push_settle *settle)
{
    return settle->count == 0;
}

int push_settle_is_in_doubt(const push_settle *settle)
{
    return settle->is_in_doubt;
}

push_settle *push_settle_open(struct push_server *server, void (*emptied)(void *data), void *data)
{
    push_settle *settle = calloc(1, sizeof *settle);

    if (settle == NULL) {
        return NULL;
    }
    settle->server = server;
    settle->end = &settle->first;
    settle->emptied = emptied;
    settle->data = data;
    (void)uv_timer_init(server->loop, &settle->timer); /* cannot fail */
    settle->timer.data = settle;
    return settle;
}

static void on_timer_closed(uv_handle_t *handle)
{
    push_settle *settle = handle->data;

    settle->closed(settle->closed_data);
    while (settle->first != NULL) {
        drop_first(settle);
    }
    free(settle);
}

void push_settle_close(push_settle *settle, void (*closed)(void *data), void *data)
{
    settle->closed = closed;
    settle->closed_data = data;
    if (settle->call != NULL) {
        push_call_forget(settle->call);
    }
    uv_close((uv_handle_t *)&settle->timer, on_timer_closed);
}
