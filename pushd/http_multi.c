/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface on the loop: its sockets and its timer are libuv's. */
#include "http_multi.h"

#include <stdlib.h>

/* A socket that libcurl wants to hear of. libcurl may close it, and open another one of the same number, before the loop has let go of
 * this. */
typedef struct watched {
    uv_poll_t poll;
    push_http_multi *multi;
    curl_socket_t socket;
} watched;

struct push_http_multi {
    CURLM *multi;
    uv_timer_t timer;
    push_http_multi_ended *ended;
    void *data;
    int is_closing;
    int open; /* handles that the loop still has */
    void (*closed)(void *data);
    void *closed_data;
};

static void handle_closed(push_http_multi *multi)
{
    if (--multi->open == 0) {
        if (multi->closed != NULL) {
            multi->closed(multi->closed_data);
        }
        free(multi);
    }
}

/* Tells of the transfers that are over. */
static void tell(push_http_multi *multi)
{
    CURLMsg *message;
    int left;

    while (!multi->is_closing && (message = curl_multi_info_read(multi->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            /* the message is gone once the transfer is removed */
            multi->ended(multi->data, message->easy_handle, message->data.result);
        }
    }
}

/* Sockets. */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    watched *socket = poll->data;
    push_http_multi *multi = socket->multi;
    int what = 0, running;

    if (status < 0) {
        what = CURL_CSELECT_ERR;
    }
    else {
        what |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
        what |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    }
    (void)curl_multi_socket_action(multi->multi, socket->socket, what, &running);
    tell(multi);
}

static void on_poll_closed(uv_handle_t *handle)
{
    watched *socket = handle->data;
    push_http_multi *multi = socket->multi;

    free(socket);
    handle_closed(multi);
}

static void forget(watched *socket)
{
    curl_multi_assign(socket->multi->multi, socket->socket, NULL);
    uv_close((uv_handle_t *)&socket->poll, on_poll_closed);
}

static watched *watch(push_http_multi *multi, curl_socket_t fd)
{
    watched *socket = calloc(1, sizeof *socket);

    if (socket == NULL || uv_poll_init_socket(multi->timer.loop, &socket->poll, fd) != 0) {
        free(socket);
        return NULL;
    }
    socket->poll.data = socket;
    socket->multi = multi;
    socket->socket = fd;
    multi->open++;
    curl_multi_assign(multi->multi, fd, socket);
    return socket;
}

/* libcurl says what it wants to hear of a socket. One that cannot be watched makes its transfers time out. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
    push_http_multi *multi = data;
    watched *socket = socket_data;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL) {
            forget(socket);
        }
        return 0;
    }
    if (socket == NULL && (socket = watch(multi, fd)) == NULL) {
        return 0;
    }
    events |= what & CURL_POLL_IN ? UV_READABLE : 0;
    events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
    (void)uv_poll_start(&socket->poll, events, on_poll);
    return 0;
}

/* The timer. */

static void on_time(uv_timer_t *timer)
{
    push_http_multi *multi = timer->data;
    int running;

    (void)curl_multi_socket_action(multi->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    tell(multi);
}

static int on_timer(CURLM *curl, long milliseconds, void *data)
{
    push_http_multi *multi = data;

    (void)curl;
    if (milliseconds < 0) {
        (void)uv_timer_stop(&multi->timer);
    }
    else {
        /* Never 0: the loop would not get round to sockets while libcurl asks for that again and again. */
        (void)uv_timer_start(&multi->timer, on_time, milliseconds > 0 ? (uint64_t)milliseconds : 1,
                             0);
    }
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

push_http_multi *push_http_multi_open(uv_loop_t *loop, long most, push_http_multi_ended *ended,
                                      void *data)
{
    push_http_multi *multi = calloc(1, sizeof *multi);

    if (multi == NULL) {
        return NULL;
    }
    multi->multi = curl_multi_init();
    if (multi->multi == NULL) {
        free(multi);
        return NULL;
    }
    (void)uv_timer_init(loop, &multi->timer); /* cannot fail */
    multi->timer.data = multi;
    multi->open = 1;
    multi->ended = ended;
    multi->data = data;
    curl_multi_setopt(multi->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi->multi, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi->multi, CURLMOPT_TIMERDATA, multi);
    curl_multi_setopt(multi->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi->multi, CURLMOPT_MAXCONNECTS, most);
    return multi;
}

int push_http_multi_add(push_http_multi *multi, CURL *easy)
{
    return curl_multi_add_handle(multi->multi, easy) == CURLM_OK ? 0 : -1;
}

void push_http_multi_remove(push_http_multi *multi, CURL *easy)
{
    (void)curl_multi_remove_handle(multi->multi, easy);
}

void push_http_multi_close(push_http_multi *multi, void (*closed)(void *data), void *data)
{
    multi->is_closing = 1;
    multi->closed = closed;
    multi->closed_data = data;
    /* Closes connections, and has their sockets forgotten; only then may its timer go. */
    (void)curl_multi_cleanup(multi->multi);
    uv_close((uv_handle_t *)&multi->timer, on_timer_closed);
}
