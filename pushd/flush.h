/* SPDX-License-Identifier: Apache-2.0 */
/* How what waits for a client gets into the kernel, in the clear or encrypted. */
#ifndef PUSH_FLUSH_H
#define PUSH_FLUSH_H

#include "connection.h"

/* Writes as much as the kernel takes; the rest follows by itself. Once everything is written a connection that is finishing
 * is shut down. May close the connection. */
void push_flush(push_connection *connection);

#endif
