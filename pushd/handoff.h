/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that httpd hands over: it asks, we judge, and the client's socket comes after our yes (libflixim/flx_handoff.h). */
#ifndef PUSH_HANDOFF_H
#define PUSH_HANDOFF_H

#include "server.h"

struct push_handoffs;

/* NULL if there is no memory. */
struct push_handoffs *push_handoffs_make(push_server *server);

/* Somebody has connected to the socket for it: reads the question and all that comes after it. fd becomes ours whatever happens. */
void push_handoffs_accept(struct push_handoffs *all, int fd);

/* Says no to whoever has connected, without a descriptor or memory beside that one. */
void push_handoffs_refuse(struct push_handoffs *all, int fd);

/* Takes the clients that are on their way and forgets the others, whom httpd then asks another daemon about. Calls closed when the loop
 * has let go, perhaps at once; all is gone then. */
void push_handoffs_close(struct push_handoffs *all, void (*closed)(void *data), void *data);

#endif
