/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface on the loop: its sockets and its timer are libuv's. For http_client.c alone. */
#ifndef PUSH_HTTP_MULTI_H
#define PUSH_HTTP_MULTI_H

#include <curl/curl.h>
#include <uv.h>

typedef struct push_http_multi push_http_multi;

/* A transfer is over; it is to be removed. Called from the loop. */
typedef void push_http_multi_ended(void *data, CURL *easy, CURLcode code);

/* Connections of its own, of which most are kept when they are idle. NULL if there is no memory. */
push_http_multi *push_http_multi_open(uv_loop_t *loop, long most, push_http_multi_ended *ended,
                                      void *data);

/* Starts a transfer. Returns 0, or -1 if there is no memory. */
int push_http_multi_add(push_http_multi *multi, CURL *easy) __attribute__((warn_unused_result));

/* Takes a transfer out, whether it is over or not. */
void push_http_multi_remove(push_http_multi *multi, CURL *easy);

/* Closes all connections; no transfer is to be left. closed is called when the loop has let go of everything. May be called from within
 * ended. */
void push_http_multi_close(push_http_multi *multi, void (*closed)(void *data), void *data);

#endif
