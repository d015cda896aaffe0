/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket (RFC 6455) over a connection: messages for its receiver, frames for the client. */
#ifndef PUSH_WEBSOCKET_H
#define PUSH_WEBSOCKET_H

#include "connection.h"

/* The connection has been upgraded: makes the transport, asks the application for its receiver, to which the identity then
 * belongs, and lets the connection speak frames. connect is lent. Returns 0; or -1 without memory: the connection is cut and
 * speaks what it spoke, and the identity is given back. */
int push_websocket_open(push_connection *connection, const flx_connect *connect,
                        push_identity *identity);

#endif
