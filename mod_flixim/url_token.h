/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps tokens that stand in a URL (token=, access_token=) out of what httpd shows and logs. */
#ifndef FLIXIM_URL_TOKEN_H
#define FLIXIM_URL_TOKEN_H

#include "httpd.h"

/* The token that stood in R's URL, as it was written there (percent codes and all), the first if
 * there were several; NULL if there was none, or R's virtual host has no tokens. From
 * post_read_request on; lives as long as R. Never log it. */
const char *flixim_url_token(const request_rec *r);

/* The hooks, in the order in which a request meets them. Each leaves "token=" where a token was.
 *
 * post_read_request: the request line, the URI as it was sent, and the query in parsed_uri, before
 * httpd copies the line into the scoreboard. r->args keeps the token for whoever reads arguments on
 * this host, a tunnel to the daemon for one: only those who need it look there.
 *
 * post_perdir_config: r->args too if the request is for the API, which takes no token from a URL.
 *
 * insert_error_filter: the same as the first, for requests that failed before it.
 *
 * log_transaction: everything, in time for the access log. */
int flixim_url_token_hide_line(request_rec *r);
int flixim_url_token_hide_arguments(request_rec *r);
void flixim_url_token_hide_early(request_rec *r);
int flixim_url_token_hide_all(request_rec *r);

#endif
