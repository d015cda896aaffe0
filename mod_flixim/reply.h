/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a request: envelope, headers, status. */
#ifndef FLIXIM_REPLY_H
#define FLIXIM_REPLY_H

#include "httpd.h"

#include "flx_outcome.h"

/* Each writes the whole answer and returns OK, for the handler hook to return: httpd then adds
 * nothing of its own, which would be HTML. */

/* {"success":true,"message":MESSAGE,"data":DATA}. MESSAGE is plain text that needs no escaping in
 * JSON; DATA is JSON. */
int flixim_reply_data(request_rec *r, int status, const char *message, const char *data);

/* {"success":false,"message":…,"error":{"code":…}} with the outcome's status and texts, and with
 * Retry-After where trying again later makes sense. */
int flixim_reply_error(request_rec *r, flx_outcome outcome);

/* 204 and no body. */
int flixim_reply_empty(request_rec *r);

#endif
