/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to an HTTP request that is no WebSocket's. */
#include "exchange.h"

#include <string.h>

#include "http.h"

void push_exchange_answer(push_exchange *exchange, int status, const char *headers,
                          const char *body, size_t length)
{
    const flx_request *request = exchange->request;
    push_response response = {
        .status = status,
        .headers = headers,
        .body = body,
        .length = length,
        .minor = request->minor,
        .is_head = request->method.length == 4 && memcmp(request->method.at, "HEAD", 4) == 0,
    };

    push_http_answer(exchange, &response);
}
