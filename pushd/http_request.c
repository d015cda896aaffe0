/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a server outside: where to, its header fields and its body. */
#include "http_request.h"

#include <string.h>

#define URL_LIMIT     8192
#define HEADERS_LIMIT 16384

void push_http_request_init(push_http_request *request)
{
    flx_buffer_init(&request->url, URL_LIMIT);
    flx_buffer_init(&request->headers, HEADERS_LIMIT);
    flx_buffer_init(&request->body, PUSH_HTTP_BODY);
}

void push_http_request_free(push_http_request *request)
{
    flx_buffer_free(&request->url);
    flx_buffer_free(&request->headers);
    flx_buffer_free(&request->body);
}

void push_http_request_start(push_http_request *request, const char *server)
{
    size_t length = strlen(server);

    /* The path brings a slash of its own. */
    while (length > 0 && server[length - 1] == '/') {
        length--;
    }
    flx_buffer_add(&request->url, server, length);
}

void push_http_request_add(push_http_request *request, const char *name, const char *value)
{
    flx_buffer_add_text(&request->headers, name);
    flx_buffer_add_text(&request->headers, ": ");
    flx_buffer_add(&request->headers, value, strlen(value) + 1);
}
