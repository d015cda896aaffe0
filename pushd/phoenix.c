/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's protocol as what the transports serve. */
#include "application.h"

#include <string.h>

#include "admin.h"
#include "identity.h"
#include "longpoll.h"
#include "server.h"
#include "socket.h"

static int path_is(const flx_request *request, const char *path)
{
    return request->path.length == strlen(path) &&
           memcmp(request->path.at, path, request->path.length) == 0;
}

static void answer(push_server *server, push_exchange *exchange)
{
    const flx_request *request = exchange->request;
    const char *transport = flx_request_transport(request, server->settings->path);

    if (transport != NULL && strcmp(transport, "longpoll") == 0) {
        push_longpoll_answer(server, exchange);
    }
    else if (exchange->is_local && (path_is(request, "/metrics") || path_is(request, "/health"))) {
        push_admin_answer(server, exchange);
    }
    else {
        push_exchange_answer(exchange, 404, NULL, NULL, 0);
    }
}

static size_t body_size(push_server *server, const flx_request *request)
{
    const char *transport = flx_request_transport(request, server->settings->path);

    return transport != NULL && strcmp(transport, "longpoll") == 0
               ? push_longpoll_body_size(server, request)
               : PUSH_SOCKET_UNJOINED;
}

const push_application push_phoenix = {
    .connect = push_identity_connect,
    .forget = push_identity_forget,
    .open = push_socket_open,
    .drop = push_identity_drop,
    .body_size = body_size,
    .answer = answer,
};
