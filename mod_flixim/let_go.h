/* SPDX-License-Identifier: Apache-2.0 */
/* How httpd lets go of a client's connection that somebody else has now. */
#ifndef FLIXIM_LET_GO_H
#define FLIXIM_LET_GO_H

#include "httpd.h"

/* Once a daemon has the descriptor, httpd must neither write to the client nor shut its connection down, which would end it for
 * the daemon too: shutdown() is of the connection, not of a descriptor. So another file takes the place of the client's under the
 * same number, an unconnected socket, for httpd to flush, shut down, poll and close as ever. */

/* The client's descriptor; -1 if there is none. */
int flixim_let_go_descriptor(conn_rec *c);

/* Makes the dummy, first of all, so that nothing can fail later. -1 if there is no descriptor left: logged. */
int flixim_let_go_prepare(conn_rec *c) __attribute__((warn_unused_result));

/* Gives a dummy back that is not needed. */
void flixim_let_go_cancel(int dummy);

/* Puts it in place, and marks the connection as one that ends: no keep-alive. Only for a thread that serves the connection at
 * present (a handler, process_connection), since then event has its descriptor in no pollset: epoll knows files, and would go on
 * telling of the daemon's. Nothing reaches the client from here on, whatever filters write. */
void flixim_let_go(conn_rec *c, int dummy);

#endif
