/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps tokens in the Authorization header, and all else in it, out of what httpd logs. */
#ifndef FLIXIM_HEADER_TOKEN_H
#define FLIXIM_HEADER_TOKEN_H

#include "httpd.h"

/* httpd logs all headers of a request at LogLevel http:trace4, and a LogFormat may name this one. On
 * virtual hosts with an API, or WebSockets handed over, the hooks put "***" in its place for as long as that may happen:
 *
 * post_read_request: hides the token, before httpd logs the headers that it has read.
 *
 * quick_handler, which is the next hook: puts it back for whoever needs it; DECLINED.
 *
 * log_transaction: hides it for good. */
int flixim_header_token_hide(request_rec *r);
int flixim_header_token_restore(request_rec *r, int lookup_uri);
int flixim_header_token_hide_for_good(request_rec *r);

#endif
