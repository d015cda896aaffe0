/* SPDX-License-Identifier: Apache-2.0 */
/* httpd's own error pages, made JSON where a request was for the API. */
#include "errors.h"
#include "private.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_protocol.h"

#include "brigade.h"
#include "location.h"
#include "reply.h"

void flixim_errors_insert_filter(request_rec *r)
{
    if (ap_is_HTTP_ERROR(r->status) && flixim_location_is_below(r)) {
        ap_add_output_filter(FLIXIM_ERRORS_FILTER, NULL, r, r->connection);
    }
}

/* Sets the headers, as they are for an error of our own; returns the body. What httpd asks for by
 * itself stays: its challenge, and a status of which the API has no outcome. */
static const char *write_answer(request_rec *r)
{
    flx_outcome outcome = flx_outcome_of_status(r->status);
    const char *body = flixim_reply_error_text(r, outcome, NULL, 0);
    int status = r->status;

    flixim_reply_set_headers(r, outcome);
    r->status = status;
    ap_set_content_type(r, "application/json; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)strlen(body));
    return body;
}

/* httpd has sorted the headers by now: headers_out holds what an error may have. The page comes in
 * pieces, or as nothing but its end for HEAD; httpd's header filter leaves out the body there. */
apr_status_t flixim_errors_filter(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    static char done;
    request_rec *r = f->r;
    apr_bucket_alloc_t *alloc = f->c->bucket_alloc;
    const char *body;

    apr_brigade_cleanup(brigade);
    if (f->ctx == &done) {
        return APR_SUCCESS;
    }
    f->ctx = &done;
    body = write_answer(r);
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(body, strlen(body), r->pool, alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    return ap_pass_brigade(f->next, brigade);
}

/* A response of the request's own outweighs an ErrorDocument, and being no URL it leads nowhere. */
int flixim_errors_set_documents_aside(request_rec *r)
{
    static const struct {
        int first;
        int last;
    } ranges[] = { { 400, 431 }, { 451, 451 }, { 500, 511 } };
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    if (!core->response_code_exprs || !flixim_location_is_below(r)) {
        return DECLINED;
    }
    for (apr_size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        for (int status = ranges[i].first; status <= ranges[i].last; status++) {
            ap_custom_response(r, status, "-");
        }
    }
    return DECLINED;
}

int flixim_errors_refuse_document(request_rec *r)
{
    request_rec *failed = r->prev;

    return failed && ap_is_HTTP_ERROR(failed->status) && flixim_location_is_below(failed)
               ? failed->status
               : DECLINED;
}
