/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a request: envelope, headers, status. */
#ifndef FLIXIM_REPLY_H
#define FLIXIM_REPLY_H

#include "httpd.h"

#include "flx_buffer.h"
#include "flx_form.h"
#include "flx_outcome.h"

/* The most that one answer may hold, in bytes: the largest notice to as many as it may go to. */
#define FLIXIM_REPLY_LIMIT ((apr_size_t)96 * 1024 * 1024)

/* How many bytes are enough for a page: it ends with the message with which it has them. A client that
 * does not read keeps all of its answer in memory. */
#define FLIXIM_REPLY_PAGE ((apr_size_t)8 * 1024 * 1024)

/* Each writes the whole answer and returns OK, for the handler hook to return: httpd then adds
 * nothing of its own, which would be HTML. */

/* {"success":true,"message":…,"data":DATA}. DATA is JSON, whose memory this takes over, or NULL for an
 * answer without data. If it has failed, the answer is FLX_UNAVAILABLE. */
int flixim_reply(request_rec *r, flx_outcome outcome, flx_buffer *data);

/* {"success":false,"message":…,"error":{"code":…}} with the outcome's status, its text in the language
 * that the request prefers, and the headers that belong to it (Retry-After, WWW-Authenticate). With
 * COUNT faults, error has "fields" as well. */
int flixim_reply_error(request_rec *r, flx_outcome outcome, const flx_fault *faults, int count);

/* 204 and no body. */
int flixim_reply_empty(request_rec *r);

/* The parts of an error, for one that goes out on another way (errors.c): its JSON, from R's pool, and
 * its status and headers. */
const char *flixim_reply_error_text(request_rec *r, flx_outcome outcome, const flx_fault *faults,
                                    int count);
void flixim_reply_set_headers(request_rec *r, flx_outcome outcome);

#endif
