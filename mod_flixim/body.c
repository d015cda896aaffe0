/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request: read up to a limit, or left aside without harm to the next request. */
#include "body.h"
#include "private.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "http_protocol.h"
#include "util_filter.h"

#include "brigade.h"

/* The Content-Length, 0 if there is none, -1 if it is more than the limit. httpd has seen to it that it
 * is a number. */
static apr_int64_t declared_length(const request_rec *r)
{
    const char *header = apr_table_get(r->headers_in, "Content-Length");
    apr_int64_t length = header ? apr_atoi64(header) : 0;

    return length > FLIXIM_BODY_LIMIT ? -1 : length;
}

int flixim_body_is_there(const request_rec *r)
{
    return declared_length(r) != 0 || apr_table_get(r->headers_in, "Transfer-Encoding") != NULL;
}

/* Whether the parameters of a media type leave it in UTF-8: they may name that, or no charset. */
static int is_utf8(const char *parameters)
{
    const char *charset = ap_strcasestr(parameters, "charset=");

    if (!charset) {
        return 1;
    }
    charset += strlen("charset=");
    charset += *charset == '"';
    return ap_cstr_casecmpn(charset, "utf-8", 5) == 0 && !apr_isalnum(charset[5]) &&
           charset[5] != '-';
}

int flixim_body_is_json(const request_rec *r)
{
    static const char json[] = "application/json";
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    const char *encoding = apr_table_get(r->headers_in, "Content-Encoding");

    if (encoding && *encoding && ap_cstr_casecmp(encoding, "identity") != 0) {
        return 0;
    }
    if (!type || ap_cstr_casecmpn(type, json, sizeof(json) - 1) != 0) {
        return 0;
    }
    type += sizeof(json) - 1;
    while (apr_isspace(*type)) {
        type++;
    }
    return *type == '\0' || (*type == ';' && is_utf8(type));
}

/* Reads the next part of the body: OK, or what flixim_body_read returns. BODY is NULL if it is not
 * wanted. *SEEN counts what was read, *DONE is set at the end. */
static int read_part(request_rec *r, apr_bucket_brigade *brigade, flx_buffer *body,
                     apr_size_t *seen, int *done)
{
    apr_status_t status = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES,
                                         APR_BLOCK_READ, HUGE_STRING_LEN);

    if (status != APR_SUCCESS) {
        return ap_map_http_request_error(status, HTTP_BAD_REQUEST);
    }
    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *bytes;
        apr_size_t length;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *done = 1;
            break;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        if (apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ) != APR_SUCCESS) {
            return HTTP_BAD_REQUEST;
        }
        *seen += length;
        if (*seen > FLIXIM_BODY_LIMIT) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        if (body) {
            flx_buffer_add(body, bytes, length);
        }
    }
    apr_brigade_cleanup(brigade);
    return OK;
}

/* Reads to the end of the body, or to the first fault, after which the connection must end. */
static int read_all(request_rec *r, flx_buffer *body)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_size_t seen = 0;
    int done = 0;
    int status = declared_length(r) < 0 ? HTTP_REQUEST_ENTITY_TOO_LARGE : OK;

    while (status == OK && !done) {
        status = read_part(r, brigade, body, &seen, &done);
    }
    if (status != OK) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    apr_brigade_destroy(brigade);
    return status;
}

static apr_status_t free_buffer(void *buffer)
{
    flx_buffer_free(buffer);
    return APR_SUCCESS;
}

int flixim_body_read(request_rec *r, flx_buffer **body)
{
    int status;

    *body = apr_palloc(r->pool, sizeof(**body));
    flx_buffer_init(*body, FLIXIM_BODY_LIMIT);
    apr_pool_cleanup_register(r->pool, *body, free_buffer, apr_pool_cleanup_null);
    status = read_all(r, *body);
    if (status == OK && flx_buffer_failed(*body)) {
        status = HTTP_INTERNAL_SERVER_ERROR;
    }
    return status;
}

int flixim_body_discard(request_rec *r)
{
    if (!flixim_body_is_there(r)) {
        return OK;
    }
    /* Reading would ask for the body that the client still holds back (Expect: 100-continue). */
    if (r->expecting_100) {
        r->connection->keepalive = AP_CONN_CLOSE;
        return declared_length(r) < 0 ? HTTP_REQUEST_ENTITY_TOO_LARGE : OK;
    }
    return read_all(r, NULL);
}
