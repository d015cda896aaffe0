/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to servers outside, which never block the loop: libcurl's multi interface on libuv, HTTP/2 where the server has it. */
#ifndef PUSH_HTTP_CLIENT_H
#define PUSH_HTTP_CLIENT_H

#include <stdint.h>

#include "http_request.h"

struct push_server;
struct push_http_client;

/* What came of it; lent for the time of the callback. Whoever answers is not to be trusted: a body is cut at 64 KiB, no redirect is
 * followed. */
typedef struct push_http_answer {
    /* of HTTP, and it counts even if the rest of the answer did not come; 0: no answer came, and why says so in a few words (no URL in them) */
    int status;
    const char *why;
    const char *body; /* not NULL, and no NUL behind it */
    size_t length;
    /* Retry-After in milliseconds from now, of either form (RFC 9110, 10.2.3), a day at the most; -1: there is none, or it is over */
    int64_t retry_after;
} push_http_answer;

typedef void push_http_done(void *data, const push_http_answer *answer);

/* The client has its own connections: one for each provider, so that nothing that happens to one touches another. NULL if there is no memory. */
struct push_http_client *push_http_client_open(struct push_server *server);

/* Ends what is under way (its callbacks are called from within this call, with status 0); closed is called when the loop has let go of
 * everything. */
void push_http_client_close(struct push_http_client *client, void (*closed)(void *data),
                            void *data);

/* Sends it, and copies what it needs of it. done is called once, never from within this call, after provider_timeout at the latest. Returns 0; or
 * -1 if there is no memory, and done is not called. */
int push_http_client_send(struct push_http_client *client, const push_http_request *request,
                          push_http_done *done, void *data) __attribute__((warn_unused_result));

#endif
