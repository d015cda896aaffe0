/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a server outside: where to, its header fields and its body. */
#ifndef PUSH_HTTP_REQUEST_H
#define PUSH_HTTP_REQUEST_H

#include "flx_buffer.h"

#define PUSH_HTTP_BODY (64UL * 1024) /* bytes of a body, at most */

/* A POST; its texts are the caller's. */
typedef struct push_http_request {
    flx_buffer url;
    /* the header fields, "name: value" and a NUL each */
    flx_buffer headers;
    flx_buffer body;
} push_http_request;

/* An empty request, and the end of one; buffers that failed are noticed by send. */
void push_http_request_init(push_http_request *request);
void push_http_request_free(push_http_request *request);

/* Begins the URL: with that of a server from the settings, where a path is to follow. */
void push_http_request_start(push_http_request *request, const char *server);

/* Adds a header field. value is one line. */
void push_http_request_add(push_http_request *request, const char *name, const char *value);

#endif
