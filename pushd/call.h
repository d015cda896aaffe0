/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the database on its way from whoever asked to a session, and its answer back. For database.c and batch.c. */
#ifndef PUSH_CALL_H
#define PUSH_CALL_H

#include "database.h"

struct push_call {
    push_call *next; /* in its queue */
    struct push_server *server;
    struct push_database *database;
    int lane; /* see database.c */
    const flx_statement *statement;
    push_answered *done; /* NULL: forgotten */
    void *data;
    uint64_t deadline; /* in uv_now's time */
    int tries;
    int losses;
    size_t size; /* of its parameters' texts */
    /* its parameters; their texts lie behind them */
    const char *values[];
};

typedef struct push_queue {
    push_call *first;
    push_call *last;
    int count;
} push_queue;

void push_call_append(push_queue *queue, push_call *call);

/* Puts the calls of another queue, which is empty then, in front of those of this one. */
void push_call_prepend(push_queue *queue, push_queue *first);

/* NULL if it is empty. */
push_call *push_call_take(push_queue *queue);

/* A call with copies of its parameters; caller and parameters may be NULL. NULL if there is no memory. */
push_call *push_call_make(const flx_statement *statement, const char *const *caller,
                          const char *const *parameters) __attribute__((warn_unused_result));

/* Each ends a call: the last use of it. The first tells what the first row's outcome says; statements without such a column are
 * done. */
void push_call_answer(push_call *call, const PGresult *result);
void push_call_refuse(push_call *call, flx_outcome refusal);

#endif
