/* SPDX-License-Identifier: Apache-2.0 */
/* Hands plain WebSockets over to a daemon: which requests, and what becomes of the client's connection. */
#ifndef FLIXIM_HANDOFF_H
#define FLIXIM_HANDOFF_H

#include "httpd.h"

/* A WebSocket that httpd tunnels holds a thread for as long as it lives. One that comes over a plain connection of its own need
 * not: the daemon judges its request, and if it says 101 it gets the descriptor, and httpd has a free thread. What cannot be
 * handed over (TLS, HTTP/2, a body, what is no upgrade at all) is left alone, for ProxyPass to tunnel. */

/* The translate_name and map_to_storage hooks: where no ProxyPass has taken the path, it is looked for in no file system. */
int flixim_handoff_translate_name(request_rec *r);
int flixim_handoff_map_to_storage(request_rec *r);

/* The handler hook, which comes before mod_proxy's. Access control and all else of the site has passed the request then. */
int flixim_handoff(request_rec *r);

#endif
