/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's long poll: sessions that GETs read from and POSTs write to (phoenix-channels.md 4). */
#ifndef PUSH_LONGPOLL_H
#define PUSH_LONGPOLL_H

#include "exchange.h"

struct push_server;
struct push_polls;

/* NULL if there is no memory. */
struct push_polls *push_polls_make(struct push_server *server);

/* Waiting polls are answered with 204, and all sessions end; from now on none begins. */
void push_polls_drain(struct push_polls *polls);

/* Whatever is left ends without a word. */
void push_polls_free(struct push_polls *polls);

/* Bytes of its body that are worth reading (application.h). */
size_t push_longpoll_body_size(struct push_server *server, const flx_request *request);

/* Answers a request for the path of the long poll, now or later. */
void push_longpoll_answer(struct push_server *server, push_exchange *exchange);

#endif
