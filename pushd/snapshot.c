/* SPDX-License-Identifier: Apache-2.0 */
/* Up to where the event stream was read: the last snapshot, and since when what it does not show can have been
 * written. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

#define DAY (INT64_C(24) * 60 * 60 * 1000)

int push_snapshot_set(push_snapshot *snapshot, flx_slice text, flx_time read_at)
{
    char *copy = malloc(text.length + 1);

    if (copy == NULL || text.at == NULL) {
        free(copy);
        return -1;
    }
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    free(snapshot->text);
    snapshot->text = copy;
    snapshot->xmin = strtoull(copy, NULL, 10);
    snapshot->read_at = read_at;
    if (snapshot->candidate.xid != 0 && snapshot->xmin > snapshot->candidate.xid) {
        snapshot->floor = snapshot->candidate;
        snapshot->candidate.xid = 0;
    }
    return 0;
}

void push_snapshot_add_horizon(push_snapshot *snapshot, uint64_t xid)
{
    /* An older one that still waits will be reached sooner. */
    if (snapshot->candidate.xid == 0 && snapshot->text != NULL) {
        snapshot->candidate.xid = xid;
        snapshot->candidate.after = snapshot->read_at;
    }
}

const char *push_snapshot_since(const push_snapshot *snapshot, char buffer[FLX_TIME_TEXT + 1])
{
    if (snapshot->floor.xid == 0 || snapshot->floor.after < FLX_TIME_MIN + DAY) {
        return NULL;
    }
    flx_time_write(snapshot->floor.after - DAY, buffer);
    buffer[FLX_TIME_TEXT] = '\0';
    return buffer;
}

void push_snapshot_clear(push_snapshot *snapshot)
{
    free(snapshot->text);
    memset(snapshot, 0, sizeof *snapshot);
}
