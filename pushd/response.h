/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers as bytes. */
#ifndef PUSH_RESPONSE_H
#define PUSH_RESPONSE_H

#include <stddef.h>

#include "block.h"

typedef struct push_response {
    int status;
    const char *date;
    const char *headers; /* whole lines with their CRLF; NULL: none */
    const char *body;
    size_t length;
    int is_head;    /* the answer to HEAD: no body, but its length */
    int minor;      /* of the request's version */
    int keeps_open; /* the connection takes another request */
} push_response;

/* The whole answer. A cache-control is added unless headers have one. NULL if there is no memory. */
push_block *push_response_make(const push_response *response);

#endif
