/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP request that is no WebSocket's, and its answer: long-poll, metrics, health. */
#ifndef PUSH_EXCHANGE_H
#define PUSH_EXCHANGE_H

#include "flx_json_scan.h" /* flx_slice */
#include "flx_upgrade.h"

struct push_server;

/* Owned by its connection. Valid until it is answered, or gone was called. */
typedef struct push_exchange push_exchange;

struct push_exchange {
    /* the head: method, path, query, headers; valid as long as the exchange */
    const flx_request *request;
    /* the whole body, de-chunked; empty if there is none */
    flx_slice body;
    /* whether it came over the Unix socket, as GET /metrics and /health must */
    int is_local;
    /* for whoever answers: what it likes, and a call if the client goes away before the answer (or the
     * daemon ends); NULL: it does not care. After gone the exchange is not to be touched. */
    void *data;
    void (*gone)(push_exchange *exchange);
};

/* Answers, once. headers: whole lines, each with its CRLF ("cache-control: no-store\r\n"), NULL for none;
 * date, content-length and connection are added, and cache-control: max-age=0, private, must-revalidate unless
 * headers have a cache-control. body may be NULL with length 0. A HEAD gets no body. */
void push_exchange_answer(push_exchange *exchange, int status, const char *headers,
                          const char *body, size_t length);

#endif
