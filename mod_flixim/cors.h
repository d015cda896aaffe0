/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-origin requests (the Fetch standard's CORS protocol): which pages may read the answers. */
#ifndef FLIXIM_CORS_H
#define FLIXIM_CORS_H

#include "httpd.h"

/* Adds to R's answer what lets the page read it that asks, if its origin is in FlixIMAllowOrigin,
 * and Vary: Origin wherever there is such a list. To be called when R's headers_out are those that
 * will be sent: in replies of ours, and in the error filter for those of httpd's; twice does no
 * harm. */
void flixim_cors_add(request_rec *r);

/* Whether R is a preflight request: OPTIONS, by which a browser asks whether a page may send the
 * request that it wants to send. A preflight carries no token. */
int flixim_cors_is_preflight(const request_rec *r);

/* flixim_cors_add for the answer to a preflight request. ALLOW is the value of Allow. */
void flixim_cors_add_preflight(request_rec *r, const char *allow);

/* The access_checker_ex hook: lets preflight requests of allowed origins pass where the section
 * requires a login, which they cannot bring. The answer to OPTIONS names methods and nothing else.
 * */
int flixim_cors_let_preflight_pass(request_rec *r);

#endif
