/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to PostgreSQL that never blocks the loop: made and made anew, and calls on it in a pipeline. */
#ifndef PUSH_SESSION_H
#define PUSH_SESSION_H

#include "canceller.h"
#include "flx_statement.h"
#include "pipeline.h"
#include "server.h"

typedef struct push_session push_session;

/* Whose session it is. All are called from the loop; up and down take turns. */
typedef struct push_session_owner {
    const char *name; /* for log lines */
    /* Connected, and the schema is new enough. */
    void (*up)(void *data);
    /* It was lost; it is made anew by itself. The calls' ends follow. */
    void (*down)(void *data);
    /* A notification; NULL if it listens to none. */
    void (*notified)(void *data, const char *payload);
} push_session_owner;

/* Starts to connect. canceller is to outlive it. NULL if there is no memory. */
push_session *push_session_open(push_server *server, const push_session_owner *owner, void *data,
                                push_canceller *canceller);

/* Ends it, and its calls with PUSH_SESSION_LOST; closed is called from the loop when it is gone. down is not called. */
void push_session_close(push_session *session, void (*closed)(void *data), void *data);

int push_session_is_up(const push_session *session);

/* How many calls are on their way. */
int push_session_in_flight(const push_session *session);

/* Connects at once if it is waiting to: another session has found the server there. */
void push_session_hurry(push_session *session);

/* Sends a statement with its parameters, in a transaction of its own; all of them are copied. done is called once, from
 * the loop, after the last of its results: what it then says is committed. deadline: when to give it up, in uv_now's time.
 * Returns 0; or -1, and done is not called: the session is not up, or there is no memory. */
int push_session_send(push_session *session, const flx_statement *statement,
                      const char *const *values, uint64_t deadline, push_session_done *done,
                      void *data) __attribute__((warn_unused_result));

/* Until when a statement that is sent now may take, by the setting and its patience. */
uint64_t push_session_deadline(const push_server *server, const flx_statement *statement);

#endif
