/* SPDX-License-Identifier: Apache-2.0 */
/* What came of pushes on its way into the database: many at once, and kept while that is away. */
#ifndef PUSH_SETTLE_H
#define PUSH_SETTLE_H

#include "provider.h"

struct push_server;
typedef struct push_settle push_settle;

/* emptied is called from the loop whenever all that was added has been written, or given up. NULL if there is no memory. */
push_settle *push_settle_open(struct push_server *server, void (*emptied)(void *data), void *data);

/* Drops what is not written: then the database finds by its own time that these were claimed and not settled. */
void push_settle_close(push_settle *settle, void (*closed)(void *data), void *data);

/* Adds one; its reason is copied. */
void push_settle_add(push_settle *settle, const char *push_id, const push_verdict *verdict);

/* Whether all that was added is written. */
int push_settle_is_empty(const push_settle *settle);

/* Whether some of it may or may not be written, and will be once more: nothing is to be claimed until emptied is called. */
int push_settle_is_in_doubt(const push_settle *settle);

#endif
