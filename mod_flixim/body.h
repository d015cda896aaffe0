/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request: read up to a limit, or left aside without harm to the next request. */
#ifndef FLIXIM_BODY_H
#define FLIXIM_BODY_H

#include "httpd.h"

#include "flx_buffer.h"

/* The most that is read of a body, in bytes; what a channel's payload may have as well. */
#define FLIXIM_BODY_LIMIT 262144

/* Whether the request says that it has a body. */
int flixim_body_is_there(const request_rec *r);

/* Whether it is declared as JSON (RFC 8259: media type application/json, in no charset but UTF-8)
 * and not encoded further. */
int flixim_body_is_json(const request_rec *r);

/* Reads all of the body, whether it has a Content-Length or comes in chunks. OK and *BODY, which lives
 * as long as R; or an HTTP status, for the reply to have; or AP_FILTER_ERROR, if httpd has
 * answered already: the handler hook is to return that. */
int flixim_body_read(request_rec *r, flx_buffer **body) __attribute__((warn_unused_result));

/* Leaves aside a body that nobody needs. One that is too large, or that the client has not begun to
 * send, ends the connection instead: it must not be taken for the next request. Returns as
 * flixim_body_read does, for whoever would answer otherwise; a refusal may go on without looking. */
int flixim_body_discard(request_rec *r);

#endif
