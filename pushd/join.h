/* SPDX-License-Identifier: Apache-2.0 */
/* How a client joins its channel: whose the topic is, whether the token says so, and what the database says
 * of that. */
#ifndef PUSH_JOIN_H
#define PUSH_JOIN_H

#include "socket.h"

/* Answers a phx_join, at once or once the database has; until then the socket takes no message. A channel of the
 * same topic ends first, and its phx_close goes out behind the answer. */
void push_join(push_socket *socket, const push_frame *frame);

#endif
