/* SPDX-License-Identifier: Apache-2.0 */
/* Hands plain WebSockets over to a daemon: which requests, and what becomes of the client's connection. */
#include "handoff.h"
#include "private.h"

#include "apr_strings.h"
#include "http_protocol.h"
#include "http_ssl.h"
#include "util_filter.h"

#include "body.h"
#include "brigade.h"
#include "config.h"
#include "daemon.h"
#include "handoff_question.h"
#include "let_go.h"

#define TRANSPORT "/websocket"

/* The most that a client may send behind its request before it has the answer. One that knows WebSockets sends nothing. */
#define READ_LIMIT ((apr_size_t)64 * 1024)

/* Seconds after which a client that was refused for now may come back. */
#define RETRY_AFTER "1"

static const flx_slice no_body = { "", 0 };

/* ---- which requests ---- */

/* The path, as access control sees it, is that of the WebSockets. */
static int is_ours(const request_rec *r)
{
    const apr_array_header_t *sockets = flixim_config_handoff(r->server);
    const char *path;
    apr_size_t length;

    if (!sockets || sockets->nelts == 0 || !r->uri) {
        return 0;
    }
    path = flixim_config_handoff_path(r->server);
    length = strlen(path);
    return !strncmp(r->uri, path, length) && !strcmp(r->uri + length, TRANSPORT);
}

static int header_lists(request_rec *r, const char *name, const char *item)
{
    const char *value = apr_table_get(r->headers_in, name);

    return value && ap_find_token(r->pool, value, item);
}

/* Whether it is an upgrade whose connection is the client's own, in the clear: no stream of HTTP/2, no part or successor of another
 * request, nothing still to be read. */
static int can_be_handed_over(request_rec *r)
{
    conn_rec *c = r->connection;

    return r->method_number == M_GET && !r->header_only && r->proto_num == HTTP_VERSION(1, 1) &&
           !c->master && !r->main && !r->prev && !flixim_body_is_there(r) &&
           header_lists(r, "Upgrade", "websocket") && header_lists(r, "Connection", "upgrade") &&
           !ap_ssl_conn_is_ssl(c) && flixim_let_go_descriptor(c) >= 0;
}

int flixim_handoff_translate_name(request_rec *r)
{
    if (!is_ours(r)) {
        return DECLINED;
    }
    r->filename = r->uri;
    /* Nobody's, but for FallbackResource, which takes what has none. */
    r->handler = "flixim-handoff";
    return OK;
}

int flixim_handoff_map_to_storage(request_rec *r)
{
    return is_ours(r) && r->filename == r->uri ? OK : DECLINED;
}

/* ---- answers ---- */

/* Answers as a daemon does that refuses on its own connection. */
static int answer(request_rec *r, int status, flx_slice body)
{
    apr_bucket_alloc_t *allocator = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, allocator);

    /* One that is no refusal would be taken for the end of the request, or for none. */
    r->status = ap_is_HTTP_ERROR(status) ? status : HTTP_SERVICE_UNAVAILABLE;
    apr_table_setn(r->headers_out, "Cache-Control", "max-age=0, private, must-revalidate");
    if (r->status == HTTP_SERVICE_UNAVAILABLE || r->status == HTTP_TOO_MANY_REQUESTS) {
        apr_table_setn(r->headers_out, "Retry-After", RETRY_AFTER);
    }
    if (body.length > 0) {
        ap_set_content_type(r, "text/plain");
        APR_BRIGADE_INSERT_TAIL(brigade,
                                apr_bucket_pool_create(body.at, body.length, r->pool, allocator));
    }
    ap_set_content_length(r, (apr_off_t)body.length);
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(allocator));
    if (ap_pass_brigade(r->output_filters, brigade) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "FLX0505: the client is gone");
    }
    return OK;
}

/* ---- the connection ---- */

/* Sends what earlier answers on the connection have left in the filters: the daemon's 101 must not overtake it. */
static void flush_earlier_answers(request_rec *r)
{
    conn_rec *c = r->connection;

    if (c->keepalives > 0) {
        apr_bucket_brigade *brigade = apr_brigade_create(r->pool, c->bucket_alloc);

        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_flush_create(c->bucket_alloc));
        if (ap_pass_brigade(c->output_filters, brigade) != APR_SUCCESS) {
            c->aborted = 1;
        }
    }
}

/* Moves the bytes of BRIGADE to READ. */
static apr_status_t move(apr_bucket_brigade *brigade, flx_buffer *read)
{
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && !APR_BRIGADE_EMPTY(brigade)) {
        apr_bucket *bucket = APR_BRIGADE_FIRST(brigade);
        const char *bytes;
        apr_size_t length;

        if (!APR_BUCKET_IS_METADATA(bucket)) {
            status = apr_bucket_read(bucket, &bytes, &length, APR_NONBLOCK_READ);
            if (status == APR_SUCCESS) {
                flx_buffer_add(read, bytes, length);
            }
        }
        apr_bucket_delete(bucket);
    }
    return status;
}

/* Takes what httpd has read of the connection behind the head, and what else is there, until there is nothing: only then is nothing
 * left in a filter. (Its end is for the daemon to see, too.) 0, or -1 if the client is gone or has sent too much. */
static int take_what_was_read(request_rec *r, flx_buffer *read)
{
    conn_rec *c = r->connection;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, c->bucket_alloc);
    apr_status_t status;

    do {
        status = ap_get_brigade(c->input_filters, brigade, AP_MODE_READBYTES, APR_NONBLOCK_READ,
                                (apr_off_t)(READ_LIMIT - read->length + 1));
        if (status == APR_SUCCESS && APR_BRIGADE_EMPTY(brigade)) {
            status = APR_EAGAIN;
        }
        if (status == APR_SUCCESS) {
            status = move(brigade, read);
        }
    } while (status == APR_SUCCESS && !flx_buffer_failed(read));
    if (flx_buffer_failed(read)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "FLX0506: a client does not wait for the answer to its upgrade");
        return -1;
    }
    return APR_STATUS_IS_EAGAIN(status) || APR_STATUS_IS_EOF(status) ? 0 : -1;
}

/* The daemon has the connection. httpd has nothing to send, not even a head, and nothing more to read. */
static int end(request_rec *r, int dummy)
{
    flixim_let_go(r->connection, dummy);
    r->status = HTTP_SWITCHING_PROTOCOLS;
    r->eos_sent = 1;
    r->output_filters = r->connection->output_filters;
    r->proto_output_filters = r->connection->output_filters;
    return OK;
}

/* A daemon has said 101. */
static int pass(request_rec *r, flixim_daemon_line *line)
{
    flx_buffer read;
    flx_slice bytes;
    int dummy = flixim_let_go_prepare(r->connection);
    int status = HTTP_SERVICE_UNAVAILABLE;

    flx_buffer_init(&read, READ_LIMIT);
    if (dummy >= 0 && take_what_was_read(r, &read) != 0) {
        /* What was taken may have been requests: the connection is of no use any more. */
        r->connection->keepalive = AP_CONN_CLOSE;
        status = HTTP_BAD_REQUEST;
    }
    else if (dummy >= 0) {
        bytes.at = read.at;
        bytes.length = read.length;
        if (flixim_daemon_pass(line, flixim_let_go_descriptor(r->connection), bytes) == 0) {
            status = 0;
        }
        else if (read.length > 0) {
            r->connection->keepalive = AP_CONN_CLOSE;
        }
    }
    flx_buffer_free(&read);
    if (status == 0) {
        return end(r, dummy);
    }
    flixim_daemon_hang_up(line);
    if (dummy >= 0) {
        flixim_let_go_cancel(dummy);
    }
    return answer(r, status, no_body);
}

int flixim_handoff(request_rec *r)
{
    const server_rec *s = r->server;
    flixim_handoff_question *question;
    flixim_daemon_line *line;
    flx_handoff_verdict verdict;
    int status;

    if (!is_ours(r) || !can_be_handed_over(r)) {
        return DECLINED;
    }
    question = apr_pcalloc(r->pool, sizeof(*question));
    flixim_handoff_question_make(r, question);
    if (flx_buffer_failed(&question->head)) {
        return answer(r, HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, no_body);
    }
    flush_earlier_answers(r);
    if (r->connection->aborted) {
        return answer(r, HTTP_BAD_REQUEST, no_body);
    }
    status = flixim_daemon_ask(r->pool, r->server, flixim_config_handoff(s),
                               flixim_config_handoff_wait(s), question->key, &question->question,
                               &line, &verdict);
    if (status != 0) {
        return answer(r, status, no_body);
    }
    apr_table_setn(r->notes, "flixim-daemon", flixim_daemon_line_path(line));
    return verdict.status == HTTP_SWITCHING_PROTOCOLS ? pass(r, line)
                                                      : answer(r, verdict.status, verdict.body);
}
