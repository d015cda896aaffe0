/* SPDX-License-Identifier: Apache-2.0 */
/* Host names whose TLS connections are a daemon's: found out by the ClientHello, before a byte of it is taken. */
#ifndef FLIXIM_SOCKET_HOST_H
#define FLIXIM_SOCKET_HOST_H

#include "httpd.h"

/* TLS that has begun in httpd cannot go on elsewhere. So on an address and port where a virtual host has FlixIMSocketHost the first
 * bytes of each connection are peeked at. A client that asks for one of those names is handed to a daemon, which speaks
 * TLS with it and all else; whoever asks for another name, for none, or in another protocol goes on as if nobody had
 * looked. */

/* NAME in lower case, in POOL, if it is a host's that a client may ask for: a DNS name, neither an address nor a pattern. NULL
 * if not. */
const char *flixim_socket_host_name(apr_pool_t *pool, const char *name);

/* Whether S has the name itself or from the main server. */
int flixim_socket_host_is_of(const server_rec *s, const char *name);

/* The process_connection hook, before all others. OK: it was handed over, was refused, or will be looked at again when
 * there is more of it. */
int flixim_socket_host(conn_rec *c);

/* The pre_close_connection hook: nobody begins a handshake with a client that httpd gave up waiting for. */
int flixim_socket_host_pre_close(conn_rec *c);

#endif
