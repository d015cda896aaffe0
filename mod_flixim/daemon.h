/* SPDX-License-Identifier: Apache-2.0 */
/* The daemons that take connections over: which one for whom, its verdict, and the passing of the descriptor. */
#ifndef FLIXIM_DAEMON_H
#define FLIXIM_DAEMON_H

#include "httpd.h"

#include "flx_handoff.h"

/* A daemon's socket, as FlixIMHandoff names it. Made with the configuration; each child then has its own, which its threads
 * share. */
typedef struct flixim_daemon flixim_daemon;

/* A connection to a daemon; closes with its pool. */
typedef struct flixim_daemon_line flixim_daemon_line;

/* Makes one, in POOL, from the absolute PATH of a Unix socket; NULL if that is too long to be one. */
flixim_daemon *flixim_daemon_make(apr_pool_t *pool, const char *path);

/* Its path. */
const char *flixim_daemon_path(const flixim_daemon *daemon);

/* Asks one of SOCKETS (flixim_daemon *) and waits for its verdict until WAIT is over. Which one is a matter of KEY: the same key
 * has the same daemon, and where that does not live the same other one, so that each takes its part of the users and one
 * that dies moves its own alone. Nobody waits twice for one that was silent: for a second it counts as dead, then until one
 * who asks has heard of it. Returns 0 with *LINE and *VERDICT (in POOL), the line open if the verdict is 101; or the HTTP
 * status to answer with, 503 (431 where the question is too large for a packet). Logs why, as an error once a
 * second, else for debugging. */
int flixim_daemon_ask(apr_pool_t *pool, server_rec *server, const apr_array_header_t *sockets,
                      apr_interval_time_t wait, flx_slice key, const flx_handoff_question *question,
                      flixim_daemon_line **line, flx_handoff_verdict *verdict)
    __attribute__((warn_unused_result));

/* Passes the descriptor, and what was read of it already, and closes the line. 0; or -1, and it is still ours alone. Logs why. */
int flixim_daemon_pass(flixim_daemon_line *line, int fd, flx_slice read_already)
    __attribute__((warn_unused_result));

/* The path of the daemon that has judged. */
const char *flixim_daemon_line_path(const flixim_daemon_line *line);

/* Closes the line: what was promised over it is forgotten there. */
void flixim_daemon_hang_up(flixim_daemon_line *line);

#endif
