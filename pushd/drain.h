/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the daemon in order: nobody new, everybody told to go elsewhere, what was accepted answered. */
#ifndef PUSH_DRAIN_H
#define PUSH_DRAIN_H

#include <uv.h>

struct push_server;

typedef struct push_drain {
    struct push_server *server;
    void (*done)(void *data);
    void *data;
    int waiting_for;    /* of listeners, connections and notifier */
    uint64_t begun;     /* in uv_now's time */
    uv_timer_t writing; /* looks whether writes are still on their way */
    uv_timer_t limit;
} push_drain;

/* Begins, once. The drain is the caller's, and lives until done was called: then nothing is left on the loop but
 * what the caller put there. It takes drain_time and a few seconds more at most; then the process ends here. */
void push_drain_begin(push_drain *drain, struct push_server *server, void (*done)(void *data),
                      void *data);

#endif
