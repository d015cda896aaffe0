/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a request: envelope, headers, status. */
#include "reply.h"
#include "private.h"

#include <stdlib.h>

#include "apr_strings.h"
#include "http_protocol.h"
#include "util_filter.h"

#include "brigade.h"
#include "cors.h"
#include "flx_language.h"

/* Seconds after which a client may ask again: the least there is, which is longer than a child holds
 * off from a database that was away (breaker.c), so that one patient client meets the next try. */
#define RETRY_AFTER "1"

/* The challenge of RFC 6750, with the error it names; constant, so nothing from outside gets in. */
static const char *challenge_of(flx_outcome outcome)
{
    switch (outcome) {
    case FLX_UNAUTHORIZED:
        return "Bearer realm=\"flixim\"";
    case FLX_INVALID_TOKEN:
        return "Bearer realm=\"flixim\", error=\"invalid_token\"";
    case FLX_INVALID_REQUEST:
        return "Bearer realm=\"flixim\", error=\"invalid_request\"";
    case FLX_INSUFFICIENT_SCOPE:
        return "Bearer realm=\"flixim\", error=\"insufficient_scope\", scope=\"system\"";
    default:
        return NULL;
    }
}

static void set_common_headers(request_rec *r)
{
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    /* What mod_mime makes of an id that ends in ".gz". */
    r->content_encoding = NULL;
    r->content_languages = NULL;
    flixim_cors_add(r);
}

void flixim_reply_set_headers(request_rec *r, flx_outcome outcome)
{
    const char *challenge = challenge_of(outcome);

    r->status = flx_outcome_status(outcome);
    set_common_headers(r);
    if (!flx_outcome_is_success(outcome)) {
        apr_table_mergen(r->headers_out, "Vary", "Accept-Language");
    }
    if (challenge && !apr_table_get(r->headers_out, "WWW-Authenticate")) {
        apr_table_setn(r->headers_out, "WWW-Authenticate", challenge);
    }
    if ((r->status == HTTP_SERVICE_UNAVAILABLE || r->status == HTTP_TOO_MANY_REQUESTS) &&
        !apr_table_get(r->headers_out, "Retry-After")) {
        apr_table_setn(r->headers_out, "Retry-After", RETRY_AFTER);
    }
}

static flx_language language_of(const request_rec *r)
{
    const char *header = apr_table_get(r->headers_in, "Accept-Language");

    return header && flx_language_prefers_english(header, strlen(header)) ? FLX_ENGLISH
                                                                          : FLX_CHINESE;
}

/* Sends HEAD, what DATA holds, and TAIL as the body. */
static int send_body(request_rec *r, const char *head, flx_buffer *data, const char *tail)
{
    apr_bucket_alloc_t *allocator = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, allocator);
    apr_size_t length = strlen(head) + strlen(tail) + (data ? data->length : 0);

    ap_set_content_type(r, "application/json; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)length);
    APR_BRIGADE_INSERT_TAIL(brigade,
                            apr_bucket_pool_create(head, strlen(head), r->pool, allocator));
    if (data && data->length > 0) {
        /* The bucket frees the memory once the client has it. */
        APR_BRIGADE_INSERT_TAIL(brigade,
                                apr_bucket_heap_create(data->at, data->length, free, allocator));
        flx_buffer_init(data, data->limit);
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_immortal_create(tail, strlen(tail), allocator));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(allocator));
    if (ap_pass_brigade(r->output_filters, brigade) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "FLX0404: the client is gone");
    }
    return OK;
}

int flixim_reply(request_rec *r, flx_outcome outcome, flx_buffer *data)
{
    const char *head =
        apr_pstrcat(r->pool, "{\"success\":true,\"message\":\"",
                    flx_outcome_message(outcome, FLX_CHINESE), data ? "\",\"data\":" : "\"", NULL);

    if (data && flx_buffer_failed(data)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "FLX0405: the answer has over %" APR_SIZE_T_FMT
                      " bytes, or there is no memory",
                      FLIXIM_REPLY_LIMIT);
        flx_buffer_free(data);
        /* What was asked for may be done and committed: that is no refusal, and asking again is safe. */
        return flixim_reply_error(r, FLX_UNAVAILABLE, NULL, 0);
    }
    flixim_reply_set_headers(r, outcome);
    return send_body(r, head, data, "}");
}

const char *flixim_reply_error_text(request_rec *r, flx_outcome outcome, const flx_fault *faults,
                                    int count)
{
    flx_language language = language_of(r);
    const char *fields = "";

    for (int i = 0; i < count; i++) {
        fields = apr_pstrcat(r->pool, fields, i > 0 ? "," : ",\"fields\":{", "\"", faults[i].field,
                             "\":\"", flx_rule_message(faults[i].field, faults[i].rule, language),
                             "\"", NULL);
    }
    return apr_pstrcat(r->pool, "{\"success\":false,\"message\":\"",
                       flx_outcome_message(outcome, language), "\",\"error\":{\"code\":\"",
                       flx_outcome_code(outcome), "\"", fields, count > 0 ? "}}}" : "}}", NULL);
}

int flixim_reply_error(request_rec *r, flx_outcome outcome, const flx_fault *faults, int count)
{
    flixim_reply_set_headers(r, outcome);
    apr_table_unset(r->headers_out, "Location");
    return send_body(r, flixim_reply_error_text(r, outcome, faults, count), NULL, "");
}

int flixim_reply_empty(request_rec *r)
{
    r->status = HTTP_NO_CONTENT;
    set_common_headers(r);
    return OK;
}
