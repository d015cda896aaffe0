/* SPDX-License-Identifier: Apache-2.0 */
/* Whether notifications arrive at all: a pooler between the daemon and PostgreSQL may swallow them. */
#ifndef PUSH_HEARING_H
#define PUSH_HEARING_H

#include <stdint.h>

#include "flx_uuid.h"

typedef struct push_hearing {
    char payload[FLX_UUID_TEXT + 1]; /* what is waited for; "" if nothing is */
    uint64_t due;                    /* when to try (again), ms */
    int is_heard;
    int is_logged;
} push_hearing;

/* A session has begun to listen. */
void push_hearing_begin(push_hearing *hearing, uint64_t now);

/* Returns the payload to notify with, if it is time to: the one before was not heard (which is logged), or there was none. Or
 * NULL. */
const char *push_hearing_test(push_hearing *hearing, uint64_t now);

/* A notification: whether it is a test's, of this daemon or another one. */
int push_hearing_take(push_hearing *hearing, const char *payload);

#endif
