/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's long poll: which request is which, and who may begin a session. */
#include "longpoll.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "poll.h"
#include "server.h"
#include "socket.h"

#define JSON_BATCH "application/x-ndjson"

/* What those get who cannot be served now. */
#define RETRY_HEADERS PUSH_POLL_HEADERS "retry-after: 5\r\n"

struct push_polls *push_polls_make(push_server *server)
{
    struct push_polls *polls = calloc(1, sizeof *polls);

    if (polls == NULL) {
        return NULL;
    }
    polls->server = server;
    polls->deadlines = push_deadlines_make(server->loop);
    if (polls->deadlines == NULL) {
        free(polls);
        return NULL;
    }
    return polls;
}

void push_polls_drain(struct push_polls *polls)
{
    for (size_t i = 0; i < PUSH_POLL_BUCKETS; i++) {
        while (polls->buckets[i] != NULL) {
            push_poll_drain(polls->buckets[i]);
        }
    }
}

void push_polls_free(struct push_polls *polls)
{
    if (polls == NULL) {
        return;
    }
    for (size_t i = 0; i < PUSH_POLL_BUCKETS; i++) {
        while (polls->buckets[i] != NULL) {
            push_poll_free(polls->buckets[i]);
        }
    }
    push_deadlines_free(polls->deadlines);
    free(polls);
}

static int slice_is(flx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

/* -- A new session ----------------------------------------------------------------------------------- */

/* A connect that is being judged. */
typedef struct opening {
    push_server *server;
    push_exchange *exchange;
    flx_connect connect;
    void *ticket;
} opening;

static void answer_new(push_exchange *exchange, const push_poll *poll)
{
    flx_buffer body;

    flx_buffer_init(&body, 256);
    flx_buffer_add_text(&body, "{\"messages\":[],\"status\":410,\"token\":");
    flx_buffer_add_string(&body, push_poll_token(poll), PUSH_POLL_TOKEN);
    flx_buffer_add_text(&body, "}");
    if (flx_buffer_failed(&body)) {
        push_exchange_answer(exchange, 500, PUSH_POLL_HEADERS, NULL, 0);
    }
    else {
        push_exchange_answer(exchange, 200, PUSH_POLL_HEADERS, body.at, body.length);
    }
    flx_buffer_free(&body);
}

static void connected(void *data, int status, push_identity *identity)
{
    opening *question = data;
    push_exchange *exchange = question->exchange;
    struct push_polls *polls = question->server->polls;
    push_poll *poll = NULL;

    if (status == 0) {
        poll = push_poll_make(polls, &question->connect, identity);
    }
    flx_connect_free(&question->connect);
    free(question);
    exchange->gone = NULL;
    if (poll != NULL) {
        answer_new(exchange, poll);
    }
    else if (status == 403) {
        push_poll_answer(exchange, 403);
    }
    else {
        push_exchange_answer(exchange, status == 0 ? 503 : status, RETRY_HEADERS, NULL, 0);
    }
}

static void gone(push_exchange *exchange)
{
    opening *question = exchange->data;

    question->server->application->forget(question->ticket);
    flx_connect_free(&question->connect);
    free(question);
}

/* Takes over connect. */
static void open_session(push_server *server, push_exchange *exchange, flx_connect *connect)
{
    opening *question;
    void *ticket;

    if (server->is_draining || server->polls->count >= server->settings->longpoll_sessions) {
        flx_connect_free(connect);
        push_exchange_answer(exchange, 503, RETRY_HEADERS, NULL, 0);
        return;
    }
    question = calloc(1, sizeof *question);
    if (question == NULL) {
        flx_connect_free(connect);
        push_exchange_answer(exchange, 503, RETRY_HEADERS, NULL, 0);
        return;
    }
    *question = (opening){ server, exchange, *connect, NULL };
    exchange->data = question;
    ticket = server->application->connect(server, &question->connect, exchange->is_local, connected,
                                          question);
    if (ticket != NULL) {
        question->ticket = ticket;
        exchange->gone = gone;
    }
}

size_t push_longpoll_body_size(push_server *server, const flx_request *request)
{
    const push_poll *poll;
    flx_connect connect;
    size_t size;

    if (!slice_is(request->method, "POST")) {
        return PUSH_SOCKET_UNJOINED;
    }
    if (flx_connect_read(&connect, request) != 0) {
        return 0;
    }
    poll = push_poll_find(server->polls, connect.session);
    size = poll != NULL ? push_poll_body_size(poll) : 0;
    flx_connect_free(&connect);
    return size;
}

/* -- Requests ---------------------------------------------------------------------------------------- */

static void get(push_server *server, push_exchange *exchange, flx_connect *connect)
{
    push_poll *poll = push_poll_find(server->polls, connect->session);

    if (poll == NULL) {
        open_session(server, exchange, connect);
        return;
    }
    flx_connect_free(connect);
    push_poll_get(poll, exchange);
}

/* Whether a body is lines of messages: by its media type, parameters aside. */
static int is_batch(const flx_request *request)
{
    flx_slice type = flx_request_header(request, "content-type");
    size_t length = sizeof JSON_BATCH - 1;

    return type.at != NULL && type.length >= length &&
           strncasecmp(type.at, JSON_BATCH, length) == 0 &&
           (type.length == length || type.at[length] == ';' || type.at[length] == ' ');
}

static void post(push_server *server, push_exchange *exchange, const flx_connect *connect)
{
    push_poll *poll = push_poll_find(server->polls, connect->session);

    if (poll == NULL) {
        push_poll_answer(exchange, 410);
        return;
    }
    push_poll_post(poll, exchange, is_batch(exchange->request));
}

static void options(push_exchange *exchange)
{
    flx_slice asked = flx_request_header(exchange->request, "access-control-request-headers");
    flx_buffer headers;

    flx_buffer_init(&headers, asked.length + 512);
    flx_buffer_add_text(&headers, PUSH_POLL_HEADERS "access-control-allow-headers: ");
    flx_buffer_add(&headers, asked.at, asked.length);
    flx_buffer_add_text(&headers, "\r\naccess-control-allow-methods: get, post, options\r\n"
                                  "access-control-max-age: 3600\r\n");
    flx_buffer_add(&headers, "", 1);
    if (flx_buffer_failed(&headers)) {
        push_exchange_answer(exchange, 500, PUSH_POLL_HEADERS, NULL, 0);
    }
    else {
        push_exchange_answer(exchange, 200, headers.at, NULL, 0);
    }
    flx_buffer_free(&headers);
}

/* Whether a page may use us. */
static int is_allowed(const push_server *server, const push_exchange *exchange)
{
    /* httpd's word counts where it comes over the Unix socket. */
    flx_origin_rule rule = { server->settings->allow_origins,
                             flx_request_host(exchange->request, exchange->is_local) };

    return flx_origin_is_allowed(exchange->request, &rule);
}

void push_longpoll_answer(push_server *server, push_exchange *exchange)
{
    const flx_request *request = exchange->request;
    int is_get = slice_is(request->method, "GET"), is_post = slice_is(request->method, "POST");
    int is_options = slice_is(request->method, "OPTIONS"), status;
    flx_connect connect;

    if (!is_get && !is_post && !is_options) {
        push_exchange_answer(exchange, 400, NULL, NULL, 0);
        return;
    }
    if (!is_allowed(server, exchange)) {
        push_poll_answer(exchange, 403);
        return;
    }
    if (is_options) {
        options(exchange);
        return;
    }
    status = flx_connect_read(&connect, request);
    if (status == 403) {
        push_poll_answer(exchange, is_get ? 403 : 410);
        return;
    }
    if (status != 0) {
        push_exchange_answer(exchange, status, PUSH_POLL_HEADERS, NULL, 0);
        return;
    }
    if (is_get) {
        get(server, exchange, &connect);
        return;
    }
    post(server, exchange, &connect);
    flx_connect_free(&connect);
}
