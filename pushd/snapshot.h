/* SPDX-License-Identifier: Apache-2.0 */
/* Up to where the event stream was read: the last snapshot, and since when what it does not show can have been
 * written. */
#ifndef PUSH_SNAPSHOT_H
#define PUSH_SNAPSHOT_H

#include <stdint.h>

#include "flx_json_scan.h" /* flx_slice */
#include "flx_time.h"

/* An xid that was given out after a time of the database's clock: so were all above it. */
typedef struct push_horizon {
    uint64_t xid; /* 0: none */
    flx_time after;
} push_horizon;

typedef struct push_snapshot {
    char *text; /* as read_stream takes it; NULL: none yet */
    uint64_t xmin;
    flx_time read_at;
    /* below all that the next read looks for; and the next such, once everything below it has ended */
    push_horizon floor;
    push_horizon candidate;
} push_snapshot;

/* What a read says. Returns 0, or -1 if there is no memory. */
int push_snapshot_set(push_snapshot *snapshot, flx_slice text, flx_time read_at)
    __attribute__((warn_unused_result));

/* An xid that was taken after the last read. */
void push_snapshot_add_horizon(push_snapshot *snapshot, uint64_t xid);

/* The lower bound of the stamps that the next read has to look at, as text in buffer; NULL: none is known.
 *
 * read_stream looks for transactions that the snapshot does not show as ended: all have xids of its xmin or above. Their stamps
 * are taken when they have their xids already. So where a horizon is below xmin, all of them are later than its time; but for
 * what the database's clock may step back, for which there is a day. A snapshot alone could not say so: the newest
 * xid of all may be in progress for hours without being on its list. */
const char *push_snapshot_since(const push_snapshot *snapshot, char buffer[FLX_TIME_TEXT + 1]);

/* Forgets all of it. */
void push_snapshot_clear(push_snapshot *snapshot);

#endif
