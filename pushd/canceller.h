/* SPDX-License-Identifier: Apache-2.0 */
/* Tells server processes to stop what nobody waits for any more. */
#ifndef PUSH_CANCELLER_H
#define PUSH_CANCELLER_H

#include <libpq-fe.h>

typedef struct push_canceller push_canceller;

/* NULL if there is no memory. */
push_canceller *push_canceller_make(void);

/* Lets go of it; what is under way ends by itself, or with the process. */
void push_canceller_free(push_canceller *canceller);

/* Sends a cancel request and frees it (NULL is fine). PQcancel waits for the server without limit, so each has a thread of
 * its own (docs/decisions/0010); beyond a few at a time the request is dropped. Returns 0, or -1 if it was. */
int push_canceller_send(push_canceller *canceller, PGcancel *cancel);

#endif
