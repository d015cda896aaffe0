/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection speaks first: HTTP/1, one request after the other, until one of them is an upgrade. */
#include "http.h"

#include "log.h"
#include "request.h"
#include "upgrade.h"
#include "websocket.h"

#include <stdlib.h>
#include <string.h>

enum phase {
    READING,   /* a request, or waiting for one */
    JUDGING,   /* the application looks at who connects */
    ANSWERING, /* the application has the exchange */
    OVER       /* nothing is asked or answered any more */
};

typedef struct http {
    push_exchange exchange; /* the first member: push_http_answer is given this */
    push_connection *connection;
    push_request *request; /* NULL: none has begun */
    push_upgrade upgrade;  /* while JUDGING */
    enum phase phase;
    int has_answered; /* a request before */
} http;

static http *of_exchange(push_exchange *exchange)
{
    return (http *)(void *)exchange;
}

static void set_deadline(http *state, int64_t milliseconds)
{
    push_connection_set_deadline(state->connection,
                                 uv_now(state->connection->server->loop) + (uint64_t)milliseconds);
}

/* ---- answers ---- */

/* Sends an answer, which finishes the request. The connection takes another request if it is to be kept open, or ends. */
static void finish(http *state, push_response *response, int keeps_open)
{
    push_connection *connection = state->connection;
    const push_settings *settings = connection->server->settings;
    size_t unread = push_connection_backlog(connection);
    push_block *block;

    response->date = push_connections_date(connection->server->connections);
    response->keeps_open = keeps_open && !connection->server->is_draining;
    block = push_response_make(response);
    push_request_free(state->request);
    state->request = NULL;
    if (block == NULL) {
        state->phase = OVER;
        push_connection_cut(connection);
        return;
    }
    push_connection_send(connection, block, 1);
    if (!response->keeps_open) {
        state->phase = OVER;
        push_connection_finish(connection);
    }
    else if (unread > (size_t)settings->queue_size) {
        /* It asks and asks, and never reads. This answer does not count: a long poll's may be as long as its queue. */
        state->phase = OVER;
        push_connection_cut(connection);
    }
    else {
        state->phase = READING;
        state->has_answered = 1;
        set_deadline(state, settings->idle_time);
        push_connection_resume(connection);
    }
}

/* An answer of ours to what is no request, or to one whose rest is not worth reading. */
static void refuse(http *state, int status)
{
    push_response response = { .status = status, .minor = 1 };

    finish(state, &response, 0);
}

void push_http_answer(push_exchange *exchange, push_response *response)
{
    http *state = of_exchange(exchange);

    if (state->phase != ANSWERING) {
        push_log(PUSH_LOG_ERROR, "FLX1003: an exchange was answered that is over");
        return;
    }
    exchange->gone = NULL;
    /* one that was answered before its body came is the last one */
    finish(state, response,
           push_request_keeps_alive(state->request) && push_request_is_whole(state->request));
}

/* The application is not to answer any more. */
static void let_go(http *state)
{
    enum phase phase = state->phase;

    state->phase = OVER;
    if (phase == JUDGING) {
        push_upgrade_end(&state->upgrade);
    }
    else if (phase == ANSWERING && state->exchange.gone != NULL) {
        state->exchange.gone(&state->exchange);
    }
}

/* ---- upgrades ---- */

/* Refuses as Phoenix on Bandit does. */
static void refuse_upgrade(http *state, int status, const push_block *text)
{
    const flx_request *head = push_request_head(state->request);
    push_response response = { .status = status };

    if (text != NULL) {
        response.body = text->bytes;
        response.length = text->length;
    }
    response.minor = head->minor;
    response.is_head = head->method.length == 4 && memcmp(head->method.at, "HEAD", 4) == 0;
    response.headers = response.length > 0 ? "vary: accept-encoding\r\ncontent-type: text/plain\r\n"
                       : status == 429 || status == 503
                           ? "vary: accept-encoding\r\nretry-after: 1\r\n"
                           : "vary: accept-encoding\r\n";
    finish(state, &response,
           push_request_keeps_alive(state->request) && push_request_is_whole(state->request));
}

static void on_judged(void *data)
{
    http *state = data;
    push_upgrade upgrade = state->upgrade; /* which the state does not outlive */

    memset(&state->upgrade, 0, sizeof state->upgrade);
    if (upgrade.status != 101) {
        state->phase = READING;
        refuse_upgrade(state, upgrade.status, upgrade.answer);
    }
    else {
        push_connection *connection = state->connection;
        push_connection_send(connection, upgrade.answer, 1);
        upgrade.answer = NULL;
        if (push_websocket_open(connection, &upgrade.connect, upgrade.identity) == 0) {
            push_connection_resume(connection);
            push_request_free(state->request);
            free(state);
        }
        else {
            state->phase = OVER; /* and freed when the connection has ended */
        }
        upgrade.identity = NULL;
    }
    push_upgrade_end(&upgrade);
}

static void judge(http *state)
{
    push_connection *connection = state->connection;

    state->phase = JUDGING;
    push_connection_pause(connection, 1);
    push_connection_set_deadline(connection, 0);
    push_upgrade_judge(&state->upgrade, connection->server, push_request_head(state->request),
                       connection->is_local, on_judged, state);
}

/* ---- requests ---- */

static void answer(http *state)
{
    push_server *server = state->connection->server;

    state->exchange.request = push_request_head(state->request);
    state->exchange.body = push_request_body(state->request);
    state->exchange.is_local = state->connection->is_local;
    state->exchange.data = NULL;
    state->exchange.gone = NULL;
    state->phase = ANSWERING;
    push_connection_pause(state->connection, 1);
    push_connection_set_deadline(state->connection, 0);
    server->application->answer(server, &state->exchange);
}

/* The head is there and a body follows. */
static void await_body(http *state)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    push_server *server = state->connection->server;
    size_t size = SIZE_MAX;

    if (server->application->body_size != NULL) {
        size = server->application->body_size(server, push_request_head(state->request));
    }
    if (size == 0) {
        answer(state);
        return;
    }
    push_request_limit_body(state->request, size);
    set_deadline(state, server->settings->message_time);
    if (push_request_expects(state->request)) {
        push_block *block = push_block_make(text, sizeof text - 1);
        if (block == NULL) {
            push_connection_cut(state->connection);
            return;
        }
        push_connection_send(state->connection, block, 1);
    }
}

/* A request begins. Returns 0 or -1. */
static int begin_request(http *state)
{
    const push_settings *settings = state->connection->server->settings;

    state->request = push_request_make((size_t)settings->head_size);
    if (state->request == NULL) {
        push_connection_cut(state->connection);
        return -1;
    }
    if (state->has_answered) {
        set_deadline(state, settings->head_time);
    }
    return 0;
}

static size_t received(push_connection *connection, char *bytes, size_t length)
{
    http *state = connection->state;
    push_request_state got;
    size_t taken;

    if (length == 0 || (state->request == NULL && begin_request(state) != 0)) {
        return length;
    }
    got = push_request_take(state->request, bytes, length, &taken);
    if (got == PUSH_REQUEST_BAD) {
        refuse(state, push_request_status(state->request));
        return length;
    }
    /* what is called from here on may end the state */
    if (got != PUSH_REQUEST_WANTS &&
        push_upgrade_is_asked(connection->server, push_request_head(state->request))) {
        judge(state);
    }
    else if (got == PUSH_REQUEST_WHOLE) {
        answer(state);
    }
    else if (got == PUSH_REQUEST_HEAD) {
        await_body(state);
    }
    return taken;
}

static void hung_up(push_connection *connection)
{
    http *state = connection->state;

    let_go(state);
    if (push_connection_backlog(connection) > 0) {
        push_connection_finish(connection); /* answers are under way */
    }
    else {
        push_connection_cut(connection);
    }
}

static void expired(push_connection *connection)
{
    http *state = connection->state;

    if (state->request != NULL && push_request_has_begun(state->request)) {
        connection->server->metrics.closed_slow_writer_total++;
        refuse(state, 408);
        return;
    }
    if (!state->has_answered) {
        connection->server->metrics.closed_slow_writer_total++;
    }
    state->phase = OVER;
    push_connection_finish(connection);
}

static void drain(push_connection *connection)
{
    http *state = connection->state;
    int is_waiting = state->phase == JUDGING || state->phase == ANSWERING;

    let_go(state);
    if (is_waiting) {
        refuse(state, 503);
        return;
    }
    push_connection_finish(connection);
}

static void ended(push_connection *connection)
{
    http *state = connection->state;

    if (state == NULL) {
        return;
    }
    let_go(state);
    push_request_free(state->request);
    free(state);
}

static const push_protocol protocol = {
    .received = received,
    .hung_up = hung_up,
    .expired = expired,
    .drain = drain,
    .ended = ended,
};

void push_http_begin(push_connection *connection)
{
    http *state = calloc(1, sizeof *state);

    push_connection_speak(connection, &protocol, state);
    if (state == NULL) {
        push_connection_cut(connection);
        return;
    }
    state->connection = connection;
    set_deadline(state, connection->server->settings->head_time);
}

void push_http_refuse(push_connection *connection, int status)
{
    refuse(connection->state, status);
}
