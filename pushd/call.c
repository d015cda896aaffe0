/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the database on its way from whoever asked to a session, and its answer back. */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "flx_result.h"
#include "server.h"

void push_call_append(push_queue *queue, push_call *call)
{
    call->next = NULL;
    if (queue->last != NULL) {
        queue->last->next = call;
    }
    else {
        queue->first = call;
    }
    queue->last = call;
    queue->count++;
}

push_call *push_call_take(push_queue *queue)
{
    push_call *call = queue->first;

    if (call != NULL) {
        queue->first = call->next;
        if (queue->first == NULL) {
            queue->last = NULL;
        }
        queue->count--;
    }
    return call;
}

void push_call_prepend(push_queue *queue, push_queue *first)
{
    if (first->last == NULL) {
        return;
    }
    first->last->next = queue->first;
    queue->first = first->first;
    if (queue->last == NULL) {
        queue->last = first->last;
    }
    queue->count += first->count;
    memset(first, 0, sizeof *first);
}

static size_t size_of(const char *const *values, size_t count)
{
    size_t size = 0, i;

    for (i = 0; i < count; i++) {
        size += values[i] != NULL ? strlen(values[i]) + 1 : 0;
    }
    return size;
}

/* Copies texts to where there is room for them; returns what is behind them. */
static char *copy(const char **into, const char *const *values, size_t count, char *room)
{
    size_t size, i;

    for (i = 0; i < count; i++) {
        into[i] = NULL;
        if (values[i] != NULL) {
            size = strlen(values[i]) + 1;
            into[i] = memcpy(room, values[i], size);
            room += size;
        }
    }
    return room;
}

push_call *push_call_make(const flx_statement *statement, const char *const *caller,
                          const char *const *parameters)
{
    size_t count = (size_t)statement->parameters;
    size_t callers = caller != NULL ? FLX_CALLER_PARAMETERS : 0;
    size_t own = parameters != NULL ? count - callers : 0;
    size_t size = sizeof(push_call) + count * sizeof(char *);
    push_call *call;
    char *room;

    size += caller != NULL ? size_of(caller, callers) : 0;
    size += parameters != NULL ? size_of(parameters, own) : 0;
    call = calloc(1, size);
    if (call == NULL) {
        return NULL;
    }
    room = (char *)(call->values + count);
    if (caller != NULL) {
        room = copy(call->values, caller, callers, room);
    }
    if (parameters != NULL) {
        (void)copy(call->values + callers, parameters, own, room);
    }
    call->statement = statement;
    call->size = size;
    return call;
}

static void answer(push_call *call, const push_answer *said)
{
    if (call->done != NULL) {
        call->done(call->data, said);
    }
    free(call);
}

void push_call_refuse(push_call *call, flx_outcome refusal)
{
    push_answer said = { .refusal = refusal };

    if (refusal == FLX_UNAVAILABLE) {
        call->server->metrics.database_unavailable_total++;
    }
    answer(call, &said);
}

void push_call_answer(push_call *call, const PGresult *result)
{
    push_answer said = { .result = result };
    int column = PQfnumber(result, "outcome");
    flx_value outcome;

    if (column < 0) {
        column = PQfnumber(result, "o_outcome"); /* a procedure's */
    }
    outcome = flx_result_at(result, 0, column);
    said.is_created = flx_value_is(outcome, "created");
    if (column >= 0 && !said.is_created && !flx_value_is(outcome, "ok")) {
        said.result = NULL;
        said.refusal =
            outcome.at != NULL ? flx_outcome_of_label(outcome.at, outcome.length) : FLX_INTERNAL;
    }
    if (said.result == NULL && said.refusal == FLX_INVALID_FIELDS) {
        /* libpq puts a NUL behind each value */
        said.fault.field = flx_result_get(result, 0, "field").at;
        said.fault.rule = flx_result_get(result, 0, "rule").at;
        said.fault.field = said.fault.field != NULL ? said.fault.field : "";
        said.fault.rule = said.fault.rule != NULL ? said.fault.rule : "";
    }
    answer(call, &said);
}

void push_call_forget(push_call *call)
{
    call->done = NULL;
}
