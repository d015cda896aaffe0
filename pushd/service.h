/* SPDX-License-Identifier: Apache-2.0 */
/* One push service as this daemon uses it: claims what is due, sends it, and says what came of it. */
#ifndef PUSH_SERVICE_H
#define PUSH_SERVICE_H

#include <stdint.h>

#include "settle.h"

struct push_server;
typedef struct push_service push_service;

#define PUSH_SERVICE_NEVER UINT64_MAX

/* The number is one of provider_names.h. changed is called from the loop when there may be something to do. NULL if there is no memory. */
push_service *push_service_open(struct push_server *server, int number, push_settle *settle,
                                void (*changed)(void *data), void *data);

/* Does what is due, if the service is configured. Returns when the next thing is, in uv_now's time. */
uint64_t push_service_go_on(push_service *service);

/* Pushes may be due. */
void push_service_hurry(push_service *service);

/* Nothing new is begun. */
void push_service_stop(push_service *service);

/* Whether nothing is under way. */
int push_service_is_idle(const push_service *service);

/* Ends what is under way; whether the service has taken it nobody knows. closed may be called from within this call. */
void push_service_close(push_service *service, void (*closed)(void *data), void *data);

#endif
