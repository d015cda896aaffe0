/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a request: envelope, headers, status. */
#include "reply.h"
#include "private.h"

#include "apr_strings.h"
#include "http_protocol.h"

/* Seconds after which a client may ask again: the least there is, which is longer than a child holds
 * off from a database that was away (breaker.c), so that one patient client meets the next try. */
#define RETRY_AFTER "1"

static void set_headers(request_rec *r, int status)
{
    r->status = status;
    /* What an error page of httpd's would keep; a reply of ours is written with them either way. */
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (status == HTTP_SERVICE_UNAVAILABLE) {
        apr_table_setn(r->headers_out, "Retry-After", RETRY_AFTER);
    }
}

static int write_body(request_rec *r, int status, const char *body)
{
    apr_size_t length = strlen(body);

    set_headers(r, status);
    ap_set_content_type(r, "application/json; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)length);
    ap_rwrite(body, (int)length, r);
    return OK;
}

int flixim_reply_data(request_rec *r, int status, const char *message, const char *data)
{
    return write_body(r, status,
                      apr_pstrcat(r->pool, "{\"success\":true,\"message\":\"", message,
                                  "\",\"data\":", data, "}", NULL));
}

int flixim_reply_error(request_rec *r, flx_outcome outcome)
{
    return write_body(r, flx_outcome_status(outcome),
                      apr_pstrcat(r->pool, "{\"success\":false,\"message\":\"",
                                  flx_outcome_message(outcome), "\",\"error\":{\"code\":\"",
                                  flx_outcome_code(outcome), "\"}}", NULL));
}

int flixim_reply_empty(request_rec *r)
{
    set_headers(r, HTTP_NO_CONTENT);
    return OK;
}
