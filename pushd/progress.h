/* SPDX-License-Identifier: Apache-2.0 */
/* How far what was sent over a connection has come: into the kernel, and to the client's system. */
#ifndef PUSH_PROGRESS_H
#define PUSH_PROGRESS_H

#include "connection.h"

/* How many bytes were sent so far; and of these, with a system call, how many the client's system has for certain. Through a tunnel
 * nobody but the client can say that. */
uint64_t push_progress_sent(const push_connection *connection);
uint64_t push_progress_arrived(const push_connection *connection);

/* Whether a TCP connection comes from this machine: that is httpd's tunnel. */
int push_progress_is_tunnel(int fd);

#endif
