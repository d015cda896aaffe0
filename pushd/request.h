/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1 request out of bytes: http-parser, with what it lets through looked at again. */
#ifndef PUSH_REQUEST_H
#define PUSH_REQUEST_H

#include <stddef.h>

#include "flx_upgrade.h"

#define PUSH_REQUEST_BODY ((size_t)1088 * 1024) /* bytes of a body at most */

typedef enum push_request_state {
    PUSH_REQUEST_WANTS, /* more bytes */
    PUSH_REQUEST_HEAD,  /* the head is there, a body follows: call again for it */
    PUSH_REQUEST_WHOLE, /* all of it */
    PUSH_REQUEST_BAD /* status says why: 400, 413, 431, 500, 501, 505; the connection is of no more use */
} push_request_state;

typedef struct push_request push_request;

/* The head, once there is one; its slices live as long as the request. */
const flx_request *push_request_head(const push_request *request);

/* The whole body, once there is one. */
flx_slice push_request_body(const push_request *request);

/* Whether all of it is there; whether another request may follow; whether the client waits for a 100; whether it began at all (an empty line does not). */
int push_request_is_whole(const push_request *request);
int push_request_keeps_alive(const push_request *request);
int push_request_expects(const push_request *request);
int push_request_has_begun(const push_request *request);

/* The status of one that is bad. */
int push_request_status(const push_request *request);

/* Bytes of the body at most, from now on; not more than PUSH_REQUEST_BODY. */
void push_request_limit_body(push_request *request, size_t size);

/* head_size: bytes of a head at most. NULL if there is no memory. */
push_request *push_request_make(size_t head_size);
void push_request_free(push_request *request);

/* Takes bytes, *taken of them; those behind the request are left. */
push_request_state push_request_take(push_request *request, const char *bytes, size_t length,
                                     size_t *taken);

#endif
