/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that go together into one transaction, each with its own answer (design.md, section 10). */
#ifndef PUSH_BATCH_H
#define PUSH_BATCH_H

#include "call.h"
#include "session.h"

/* Calls of a batch, at most (docs/decisions/0024). */
#define PUSH_BATCH_CALLS 64

/* Whose batches they are. */
typedef struct push_batch_owner {
    /* How a call ended; it is the owner's again. result has its row alone; others: how many calls went with it. */
    void (*ended)(void *data, push_call *call, push_session_end end, const PGresult *result,
                  int others);
    /* All calls of a batch have ended. */
    void (*over)(void *data);
} push_batch_owner;

/* Sends the first call of a queue, whose statement has a batch form, and with it as many others of that statement as go together.
 * Returns 0; or -1, and they stay in the queue: the session is not up, or there is no memory. */
int push_batch_send(push_session *session, push_queue *from, uint64_t deadline,
                    const push_batch_owner *owner, void *data) __attribute__((warn_unused_result));

#endif
