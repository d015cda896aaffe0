/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon is asked about a request for an upgrade, and which daemon it is. */
#include "handoff_question.h"
#include "private.h"

#include "apr_strings.h"

#include "flx_base64url.h"
#include "flx_token.h"
#include "flx_upgrade.h"

static flx_slice slice_of(const char *text)
{
    flx_slice slice = { text, text ? strlen(text) : 0 };

    return slice;
}

/* The claim "sub" of what may be a JWT, as it is written there; at is NULL if there is none. */
static flx_slice subject_of(apr_pool_t *pool, flx_slice token)
{
    static const char *const names[] = { "sub" };
    const char *claims = memchr(token.at, '.', token.length);
    const char *end;
    flx_slice subject = { NULL, 0 };
    size_t room, length;
    char *text;

    if (!claims || token.length > FLX_TOKEN_LENGTH) {
        return subject;
    }
    claims++;
    end = memchr(claims, '.', (size_t)(token.at + token.length - claims));
    if (!end) {
        return subject;
    }
    room = FLX_BASE64URL_BYTES((size_t)(end - claims));
    text = apr_palloc(pool, room);
    if (flx_base64url_decode(claims, (size_t)(end - claims), text, room, &length) != 0 ||
        flx_json_pick(text, length, names, &subject, 1) != FLX_JSON_FINE) {
        subject.at = NULL;
    }
    return subject;
}

static flx_slice key_of(request_rec *r, const flx_request *request)
{
    flx_slice key = slice_of(r->useragent_ip);
    flx_connect connect;

    /* What is malformed the daemon refuses, whichever it is. */
    if (flx_connect_read(&connect, request) != 0) {
        return key;
    }
    if (connect.token.length > 0) {
        key = subject_of(r->pool, connect.token);
        if (!key.at) {
            key.at = apr_pmemdup(r->pool, connect.token.at, connect.token.length);
            key.length = connect.token.length;
        }
    }
    flx_connect_free(&connect);
    return key;
}

static void add(flx_buffer *head, flx_slice slice)
{
    flx_buffer_add(head, slice.at, slice.length);
}

static void write_head(flx_buffer *head, const flx_request *request)
{
    add(head, request->method);
    flx_buffer_add_text(head, " ");
    add(head, request->path);
    if (request->query.at) {
        flx_buffer_add_text(head, "?");
        add(head, request->query);
    }
    flx_buffer_add_text(head, " HTTP/1.1\r\n");
    for (int i = 0; i < request->count; i++) {
        add(head, request->headers[i].name);
        flx_buffer_add_text(head, ": ");
        add(head, request->headers[i].value);
        flx_buffer_add_text(head, "\r\n");
    }
    flx_buffer_add_text(head, "\r\n");
}

static apr_status_t free_head(void *head)
{
    flx_buffer_free(head);
    return APR_SUCCESS;
}

/* The arguments and the headers still have their tokens here: url_token.c takes them out of what is logged, and header_token.c
 * has put the header back. A header that would end its line is left out: only a lax httpd, or one of its modules, has such. */
void flixim_handoff_question_make(request_rec *r, flixim_handoff_question *question)
{
    const apr_array_header_t *lines = apr_table_elts(r->headers_in);
    flx_request *request = apr_pcalloc(r->pool, sizeof(*request));

    request->method = slice_of(r->method);
    request->path = slice_of(r->uri);
    request->query = slice_of(r->args);
    request->minor = 1;
    flx_buffer_init(&question->head, FLX_HANDOFF_PACKET);
    apr_pool_cleanup_register(r->pool, &question->head, free_head, apr_pool_cleanup_null);
    for (int i = 0; i < lines->nelts; i++) {
        const apr_table_entry_t *line = &APR_ARRAY_IDX(lines, i, apr_table_entry_t);

        if (request->count == FLX_REQUEST_HEADERS) {
            question->head.failed = 1;
            break;
        }
        if (!strpbrk(line->key, "\r\n:") && !strpbrk(line->val, "\r\n")) {
            request->headers[request->count].name = slice_of(line->key);
            request->headers[request->count].value = slice_of(line->val);
            request->count++;
        }
    }
    write_head(&question->head, request);
    question->key = key_of(r, request);
    question->question.kind = FLX_HANDOFF_HTTP;
    question->question.address = slice_of(r->useragent_ip);
    question->question.head.at = question->head.at;
    question->question.head.length = question->head.length;
}
