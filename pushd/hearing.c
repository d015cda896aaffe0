/* SPDX-License-Identifier: Apache-2.0 */
/* Whether notifications arrive at all: a pooler between the daemon and PostgreSQL may swallow them. */
#include "hearing.h"

#include <stddef.h>
#include <string.h>

#include "log.h"

/* Milliseconds until a test has failed, and from one test to the next once one has. */
#define TEST_WAIT  2000
#define TEST_AGAIN 10000

void push_hearing_begin(push_hearing *hearing, uint64_t now)
{
    hearing->payload[0] = '\0';
    hearing->due = now;
    hearing->is_heard = 0;
}

const char *push_hearing_test(push_hearing *hearing, uint64_t now)
{
    flx_uuid random;

    if (hearing->is_heard || now < hearing->due) {
        return NULL;
    }
    if (hearing->payload[0] != '\0' && !hearing->is_logged) {
        hearing->is_logged = 1;
        push_log(PUSH_LOG_ERROR,
                 "FLX1231: notifications do not arrive: is there a pooler (pgbouncer) between this "
                 "daemon and PostgreSQL? It needs sessions of its own");
    }
    flx_uuid_make(&random);
    flx_uuid_write(&random, hearing->payload);
    hearing->due = now + (hearing->is_logged ? TEST_AGAIN : TEST_WAIT);
    return hearing->payload;
}

int push_hearing_take(push_hearing *hearing, const char *payload)
{
    int is_test = payload[0] != '\0';

    if (is_test && strcmp(payload, hearing->payload) == 0) {
        hearing->payload[0] = '\0';
        hearing->is_heard = 1;
        hearing->is_logged = 0;
        push_log(PUSH_LOG_INFO, "FLX1234: the event stream is up");
    }
    return is_test;
}
