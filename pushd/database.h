/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the database that never block the loop: libpq in pipeline mode, connections by kind of
 * work. */
#ifndef PUSH_DATABASE_H
#define PUSH_DATABASE_H

#include <libpq-fe.h>

#include "flx_form.h"
#include "flx_outcome.h"
#include "flx_statement.h"

struct push_server;
struct push_database;

/* Connections by kind of work: what waits in one holds up nothing in another. */
typedef enum push_lane {
    PUSH_LANE_SEND,
    PUSH_LANE_WRITE,
    PUSH_LANE_READ,
    PUSH_LANE_NOTIFY, /* one connection: what no client waits for */
    PUSH_LANES
} push_lane;

/* What came of a call; lent for the time of the callback. */
typedef struct push_answer {
    /* the rows (binary form), if it was done; NULL otherwise */
    const PGresult *result;
    /* the first row's outcome was "created" */
    int is_created;
    /* why not, if it was not done: a refusal of the schema, or FLX_UNAVAILABLE (away, too slow, too many
     * waiting; whether it ran nobody knows), or FLX_INTERNAL. For FLX_INVALID_FIELDS fault names the field. */
    flx_outcome refusal;
    flx_fault fault;
} push_answer;

typedef void push_answered(void *data, const push_answer *answer);
typedef struct push_call push_call;

/* Starts to connect; calls are FLX_UNAVAILABLE until that has happened. NULL if there is no memory. */
struct push_database *push_database_open(struct push_server *server);

/* Ends all calls (their callbacks are called with FLX_UNAVAILABLE) and closes; *closed is called when the loop
 * has let go of everything. */
void push_database_close(struct push_database *database, void (*closed)(void *data), void *data);

/* Whether calls can be made: some connection is up. */
int push_database_is_up(const struct push_database *database);

/* Whether calls of clients that write are waiting or on their way. */
int push_database_is_writing(const struct push_database *database);

/* Sends a statement with the caller's FLX_CALLER_PARAMETERS (NULL for statements without a caller) and then its
 * own parameters; all of them are copied. done is called once, never from within this call, and only
 * after the last result of the statement: what it says is committed. NULL if there is no memory: done is then not called.
 * With nothing connected the answer is FLX_UNAVAILABLE at once (from the loop). Calls on one lane may overtake each other. */
push_call *push_database_call(struct push_database *database, push_lane which,
                              const flx_statement *statement, const char *const *caller,
                              const char *const *parameters, push_answered *done, void *data)
    __attribute__((warn_unused_result));

/* The caller does not want to hear of it any more; the statement runs all the same. */
void push_call_forget(push_call *call);

#endif
