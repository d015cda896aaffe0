/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics and GET /health, for those who run the site: over the Unix socket only. */
#ifndef PUSH_ADMIN_H
#define PUSH_ADMIN_H

#include "exchange.h"

/* Whether a path is one of the two. */
int push_admin_is_path(flx_slice path);

/* Answers a request for such a path. The caller has seen to it that it is local. */
void push_admin_answer(struct push_server *server, push_exchange *exchange);

#endif
