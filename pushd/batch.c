/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that go together into one transaction, each with its own answer. */
#include "batch.h"

#include <stdlib.h>

#include "flx_array.h"
#include "flx_result.h"

/* Bytes of parameters; beyond that they go one after the other. */
#define SIZE_MAX_TOGETHER (1024UL * 1024)
/* Of an array's text: each byte of an element may be quoted. */
#define ARRAY_SIZE     (4UL * 1024 * 1024)
#define PARAMETERS_MAX 16
/* Calls at the head of a queue among which those are chosen that go together. */
#define LOOKED_AT 1024

typedef struct batch {
    const push_batch_owner *owner;
    void *data;
    int count;
    push_call *calls[PUSH_BATCH_CALLS];
} batch;

/* Ends the calls with what each of them has in common. */
static void end_all(batch *sent, push_session_end end)
{
    int i;

    for (i = 0; i < sent->count; i++) {
        sent->owner->ended(sent->data, sent->calls[i], end, NULL, sent->count - 1);
    }
}

/* The rows are in the order of the calls. */
static void share_out(batch *sent, const PGresult *result)
{
    int i;

    if (PQntuples(result) != sent->count) {
        end_all(sent, PUSH_SESSION_LOST);
        return;
    }
    if (sent->count == 1) {
        sent->owner->ended(sent->data, sent->calls[0], PUSH_SESSION_DONE, result, 0);
        return;
    }
    for (i = 0; i < sent->count; i++) {
        PGresult *row = flx_result_copy_row(result, i);

        /* Without memory for its answer it is done all the same, and the client will ask again. */
        sent->owner->ended(sent->data, sent->calls[i],
                           row != NULL ? PUSH_SESSION_DONE : PUSH_SESSION_LOST, row,
                           sent->count - 1);
        PQclear(row);
    }
}

static void answered(void *data, push_session_end end, const PGresult *result)
{
    batch *sent = data;

    if (end == PUSH_SESSION_DONE) {
        share_out(sent, result);
    }
    else {
        end_all(sent, end);
    }
    sent->owner->over(sent->data);
    free(sent);
}

/* Each parameter becomes an array with an element for each call. */
static void write_array(flx_buffer *array, const batch *made, int parameter)
{
    int i;

    flx_array_begin(array, ARRAY_SIZE);
    for (i = 0; i < made->count; i++) {
        flx_array_add(array, made->calls[i]->values[parameter]);
    }
    flx_array_end(array);
}

static int send_calls(push_session *session, const flx_statement *statement, uint64_t deadline,
                      batch *made)
{
    flx_buffer arrays[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    int failed = 0, i;

    for (i = 0; i < statement->parameters; i++) {
        write_array(&arrays[i], made, i);
        failed |= flx_buffer_failed(&arrays[i]);
        values[i] = arrays[i].at;
    }
    if (!failed) {
        failed = push_session_send(session, statement, values, deadline, answered, made);
    }
    for (i = 0; i < statement->parameters; i++) {
        flx_buffer_free(&arrays[i]);
    }
    return failed ? -1 : 0;
}

/* Whether a call goes with those that a batch has already. */
static int goes_with(const push_call *call, const batch *made, size_t size)
{
    return call->statement == made->calls[0]->statement && size + call->size <= SIZE_MAX_TOGETHER;
}

/* The first call of a queue, and of those behind it all that go with it. */
static void choose(batch *made, const push_queue *from)
{
    push_call *call = from->first;
    size_t size = 0;
    int looked_at = 0;

    made->calls[0] = call;
    for (; call != NULL && made->count < PUSH_BATCH_CALLS && looked_at < LOOKED_AT;
         call = call->next, looked_at++) {
        if (made->count == 0 || goes_with(call, made, size)) {
            made->calls[made->count++] = call;
            size += call->size;
        }
    }
}

/* Takes the calls of a batch, which are in the queue's order, out of it. */
static void take_chosen(const batch *made, push_queue *from)
{
    push_queue before = { 0 };
    int i = 0;

    while (i < made->count) {
        push_call *call = push_call_take(from);

        if (call == made->calls[i]) {
            i++;
        }
        else {
            push_call_append(&before, call);
        }
    }
    push_call_prepend(from, &before);
}

int push_batch_send(push_session *session, push_queue *from, uint64_t deadline,
                    const push_batch_owner *owner, void *data)
{
    const flx_statement *statement = from->first->statement->batch;
    batch *made = calloc(1, sizeof *made);

    if (made == NULL || statement->parameters > PARAMETERS_MAX) {
        free(made);
        return -1;
    }
    made->owner = owner;
    made->data = data;
    choose(made, from);
    if (send_calls(session, statement, deadline, made) != 0) {
        free(made);
        return -1;
    }
    take_chosen(made, from);
    return 0;
}
