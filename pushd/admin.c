/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics and GET /health, for those who run the site: over the Unix socket only. */
#include "admin.h"

#include <string.h>

#include "database.h"
#include "flx_buffer.h"
#include "flx_outcome.h"
#include "log.h"
#include "server.h"
#include "stream.h"

#define ANSWER_LIMIT 65536

static int is_text(flx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

int push_admin_is_path(flx_slice path)
{
    return is_text(path, "/metrics") || is_text(path, "/health");
}

static void answer(push_exchange *exchange, int status, const char *type, flx_buffer *body)
{
    if (flx_buffer_failed(body)) {
        push_log(PUSH_LOG_ERROR, "FLX1301: no memory for an answer to the administrator");
        push_exchange_answer(exchange, 500, NULL, NULL, 0);
    }
    else {
        push_exchange_answer(exchange, status, type, body->at, body->length);
    }
    flx_buffer_free(body);
}

static void add_part(flx_buffer *buffer, const char *name, int is_up)
{
    flx_buffer_add_text(buffer, name);
    flx_buffer_add_text(buffer, is_up ? "\"ok\"" : "\"unavailable\"");
}

/* The envelope of the REST API, whose GET /health it is a sister of. On its way down the daemon is not
 * healthy, so that nobody is sent here any more. */
static void answer_health(struct push_server *server, push_exchange *exchange)
{
    int database = push_database_is_up(server->database);
    int stream = push_stream_is_up(server->stream);
    int is_well = database && stream && !server->is_draining;
    flx_outcome outcome = is_well ? FLX_HEALTHY : FLX_UNAVAILABLE;
    flx_buffer body;

    flx_buffer_init(&body, ANSWER_LIMIT);
    flx_buffer_add_text(&body, is_well ? "{\"success\":true,\"message\":\""
                                       : "{\"success\":false,\"message\":\"");
    flx_buffer_add_text(&body, flx_outcome_message(outcome, FLX_CHINESE));
    if (!is_well) {
        flx_buffer_add_text(&body, "\",\"error\":{\"code\":\"");
        flx_buffer_add_text(&body, flx_outcome_code(outcome));
        flx_buffer_add_text(&body, "\"}");
    }
    else {
        flx_buffer_add_text(&body, "\"");
    }
    flx_buffer_add_text(&body, is_well ? ",\"data\":{\"status\":\"ok\""
                                       : ",\"data\":{\"status\":\"unavailable\"");
    add_part(&body, ",\"database\":", database);
    add_part(&body, ",\"stream\":", stream);
    flx_buffer_add_text(&body,
                        server->is_draining ? ",\"draining\":true}}" : ",\"draining\":false}}");
    answer(exchange, flx_outcome_status(outcome),
           is_well ? "content-type: application/json; charset=utf-8\r\ncache-control: no-store\r\n"
                   : "content-type: application/json; charset=utf-8\r\ncache-control: no-store\r\n"
                     "retry-after: 1\r\n",
           &body);
}

static void answer_metrics(struct push_server *server, push_exchange *exchange)
{
    flx_buffer body;

    flx_buffer_init(&body, ANSWER_LIMIT);
    push_metrics_write(&body, &server->metrics);
    answer(exchange, 200,
           "content-type: text/plain; version=0.0.4; charset=utf-8\r\ncache-control: no-store\r\n",
           &body);
}

void push_admin_answer(struct push_server *server, push_exchange *exchange)
{
    const flx_request *request = exchange->request;

    if (!is_text(request->method, "GET") && !is_text(request->method, "HEAD")) {
        push_exchange_answer(exchange, 405, "allow: GET, HEAD\r\n", NULL, 0);
    }
    else if (is_text(request->path, "/metrics")) {
        answer_metrics(server, exchange);
    }
    else {
        answer_health(server, exchange);
    }
}
