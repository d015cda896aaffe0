/* SPDX-License-Identifier: Apache-2.0 */
/* Clients' connections: how they begin, receive, wait and end. */
#include "connection.h"

#include "connections.h"
#include "flush.h"
#include "http.h"
#include "log.h"
#include "progress.h"
#include "tls.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_UNSENT (128 * 1024) /* bytes that a socket takes in and has not sent */

#define REFUSALS      64 /* connections beyond the limit that hear why */

static void start_reading(push_connection *connection);

/* ---- work: what is done before the loop waits again ---- */

static void add_work(push_connection *connection)
{
    struct push_connections *all = connection->server->connections;

    if (connection->has_work || connection->phase == PUSH_CONNECTION_CLOSED) {
        return;
    }
    connection->has_work = 1;
    connection->next_work = NULL;
    connection->work_link = all->work_tail;
    *all->work_tail = connection;
    all->work_tail = &connection->next_work;
    uv_idle_start(&all->idle, push_connection_work);
}

static void remove_work(push_connection *connection)
{
    struct push_connections *all = connection->server->connections;

    if (!connection->has_work) {
        return;
    }
    connection->has_work = 0;
    *connection->work_link = connection->next_work;
    if (connection->next_work != NULL) {
        connection->next_work->work_link = connection->work_link;
    }
    else {
        all->work_tail = connection->work_link;
    }
}

/* Keeps bytes that were not taken. A connection that keeps too much is not read any more, so there is a bound. */
static void keep(push_connection *connection, const char *bytes, size_t length)
{
    char *kept = realloc(connection->kept, connection->kept_length + length);

    if (kept == NULL) {
        push_connection_cut(connection);
        return;
    }
    memcpy(kept + connection->kept_length, bytes, length);
    connection->kept = kept;
    connection->kept_length += length;
    if (connection->kept_length >= PUSH_CONNECTIONS_KEPT && connection->is_reading) {
        connection->is_reading = 0;
        uv_read_stop(&connection->handle.stream);
    }
}

/* Hands bytes to the protocol, and to the one that may come after it. */
static void offer(push_connection *connection, char *bytes, size_t length)
{
    do {
        size_t taken = connection->protocol->received(connection, bytes, length);
        bytes += taken;
        length -= taken;
        if (connection->phase != PUSH_CONNECTION_OPEN || connection->is_paused) {
            break;
        }
        if (taken == 0 && length > 0) {
            push_log(PUSH_LOG_ERROR, "FLX1001: bytes that nobody takes: connection cut");
            push_connection_cut(connection);
            return;
        }
    } while (length > 0);
    if (length > 0 && connection->phase == PUSH_CONNECTION_OPEN) {
        keep(connection, bytes, length);
    }
}

static void receive(push_connection *connection, char *bytes, size_t length)
{
    if (connection->is_paused) {
        keep(connection, bytes, length);
    }
    else {
        offer(connection, bytes, length);
    }
}

static void resume(push_connection *connection)
{
    char *kept = connection->kept;
    size_t length = connection->kept_length;

    connection->is_resumed = 0;
    connection->is_paused = 0;
    connection->kept = NULL;
    connection->kept_length = 0;
    offer(connection, kept, length);
    free(kept);
    if (connection->phase == PUSH_CONNECTION_OPEN && !connection->is_paused) {
        start_reading(connection);
    }
}

/* What is not in the kernel, to the byte: of what libuv writes a part may be there. */
static size_t count_left(const push_connection *connection)
{
    return push_connection_backlog(connection) - connection->in_flight +
           uv_stream_get_write_queue_size(&connection->handle.stream);
}

void push_connection_work(uv_idle_t *idle)
{
    struct push_connections *all = idle->data;
    size_t bound = all->count; /* what comes up meanwhile waits for the loop's next round */

    while (all->work != NULL && bound-- > 0) {
        push_connection *connection = all->work;
        remove_work(connection);
        if (connection->is_resumed && connection->phase == PUSH_CONNECTION_OPEN) {
            resume(connection);
        }
        push_flush(connection);
        if (connection->phase == PUSH_CONNECTION_FINISHING && connection->left == 0) {
            connection->left = count_left(connection);
        }
    }
    if (all->work == NULL) {
        uv_idle_stop(idle);
    }
}

/* ---- reading ---- */

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    push_connection *connection = handle->data;

    (void)size;
    buffer->base = connection->server->connections->read;
    buffer->len = connection->is_paused ? PUSH_CONNECTIONS_KEPT : PUSH_CONNECTIONS_READ;
}

static void hang_up(push_connection *connection)
{
    connection->has_ended = 1;
    connection->is_reading = 0;
    uv_read_stop(&connection->handle.stream);
    if (connection->phase == PUSH_CONNECTION_OPEN) {
        connection->protocol->hung_up(connection);
    }
    else if (connection->phase == PUSH_CONNECTION_SHUT) {
        push_connection_cut(connection);
    }
}

static void receive_tls(push_connection *connection, const char *bytes, size_t length)
{
    char *text = connection->server->connections->text;
    int got, is_clean = 0;

    push_tls_feed(connection->tls, bytes, length);
    do {
        got = push_tls_read(connection->tls, text, PUSH_CONNECTIONS_TEXT, &is_clean);
        if (got > 0 && connection->phase == PUSH_CONNECTION_OPEN) {
            receive(connection, text, (size_t)got);
        }
    } while (got > 0 && connection->phase != PUSH_CONNECTION_CLOSED);
    add_work(connection); /* the session may have something to say of its own */
    if (got < 0 && connection->phase == PUSH_CONNECTION_OPEN) {
        if (is_clean) {
            hang_up(connection);
        }
        else {
            push_connection_finish(connection); /* with the alert */
        }
    }
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    push_connection *connection = stream->data;

    if (length == 0 || connection->phase == PUSH_CONNECTION_CLOSED) {
        return;
    }
    if (length == UV_EOF) {
        hang_up(connection);
        return;
    }
    if (length < 0) {
        push_connection_cut(connection);
        return;
    }
    connection->server->metrics.bytes_received_total += length;
    connection->heard = uv_now(connection->server->loop);
    connection->proven = connection->written;
    if (connection->phase != PUSH_CONNECTION_OPEN) {
        return;
    }
    if (connection->tls != NULL) {
        receive_tls(connection, buffer->base, (size_t)length);
    }
    else {
        receive(connection, buffer->base, (size_t)length);
    }
}

static void start_reading(push_connection *connection)
{
    if (connection->is_reading || connection->has_ended) {
        return;
    }
    if (uv_read_start(&connection->handle.stream, on_room, on_read) != 0) {
        push_connection_cut(connection);
        return;
    }
    connection->is_reading = 1;
}

void push_connection_pause(push_connection *connection, int keeps_reading)
{
    connection->is_paused = 1;
    connection->is_resumed = 0;
    if (!keeps_reading && connection->is_reading) {
        connection->is_reading = 0;
        uv_read_stop(&connection->handle.stream);
    }
}

void push_connection_resume(push_connection *connection)
{
    if (connection->is_paused && connection->phase == PUSH_CONNECTION_OPEN) {
        connection->is_resumed = 1;
        add_work(connection);
    }
}

void push_connection_speak(push_connection *connection, const push_protocol *protocol, void *state)
{
    connection->protocol = protocol;
    connection->state = state;
}

/* ---- sending ---- */

void push_connection_send(push_connection *connection, push_block *block, int ends_unit)
{
    if (connection->phase != PUSH_CONNECTION_OPEN) {
        push_block_release(block);
        return;
    }
    if (push_outbox_add(&connection->outbox, block, ends_unit) != 0) {
        push_connection_cut(connection);
        return;
    }
    add_work(connection);
}

size_t push_connection_backlog(const push_connection *connection)
{
    size_t cipher =
        connection->cipher != NULL ? connection->cipher->length - connection->cipher_offset : 0;

    return connection->outbox.bytes + connection->in_flight + cipher;
}

void push_connection_drop(push_connection *connection)
{
    push_outbox_drop(&connection->outbox);
}

void push_connection_set_deadline(push_connection *connection, uint64_t due)
{
    if (connection->phase != PUSH_CONNECTION_OPEN) {
        return;
    }
    if (due == 0) {
        push_wheel_disarm(&connection->timer);
    }
    else {
        push_wheel_arm(&connection->server->connections->wheel, &connection->timer, due);
    }
}

/* ---- ends ---- */

static void on_closed(uv_handle_t *handle)
{
    push_connection *connection = handle->data;
    push_server *server = connection->server;
    struct push_connections *all = server->connections;

    connection->protocol->ended(connection);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    }
    else {
        all->all = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    all->count--;
    server->metrics.connections--;
    push_tls_session_free(connection->tls);
    free(connection);
    push_connections_check_drained(all);
}

void push_connection_cut(push_connection *connection)
{
    if (connection->phase == PUSH_CONNECTION_CLOSED) {
        return;
    }
    connection->phase = PUSH_CONNECTION_CLOSED;
    remove_work(connection);
    push_wheel_disarm(&connection->timer);
    push_outbox_free(&connection->outbox);
    push_block_release(connection->cipher);
    connection->cipher = NULL;
    free(connection->kept);
    connection->kept = NULL;
    connection->kept_length = 0;
    uv_close((uv_handle_t *)&connection->handle.stream, on_closed);
}

/* Whether a client that is slow has taken some of what it was sent since this was last asked. */
static int is_taking(push_connection *connection, uint64_t now)
{
    size_t left = count_left(connection), before = connection->left;

    connection->left = left;
    return connection->phase == PUSH_CONNECTION_FINISHING && left < before &&
           now < connection->cut_at;
}

void push_connection_finish(push_connection *connection)
{
    if (connection->phase != PUSH_CONNECTION_OPEN) {
        return;
    }
    push_connection_set_deadline(connection,
                                 uv_now(connection->server->loop) + PUSH_CONNECTIONS_GOODBYE);
    connection->phase = PUSH_CONNECTION_FINISHING;
    connection->cut_at =
        uv_now(connection->server->loop) + (uint64_t)connection->server->settings->idle_time;
    free(connection->kept);
    connection->kept = NULL;
    connection->kept_length = 0;
    connection->is_paused = 0;
    connection->is_resumed = 0;
    start_reading(connection); /* to see the client close */
    add_work(connection);
}

void push_connection_expire(push_wheel_timer *timer)
{
    push_connection *connection =
        (push_connection *)(void *)((char *)timer - offsetof(push_connection, timer));
    uint64_t now = uv_now(connection->server->loop);

    if (connection->phase == PUSH_CONNECTION_OPEN) {
        connection->protocol->expired(connection);
    }
    else if (is_taking(connection, now)) {
        push_wheel_arm(&connection->server->connections->wheel, &connection->timer,
                       now + PUSH_CONNECTIONS_GOODBYE);
    }
    else {
        push_connection_cut(connection);
    }
}

/* ---- beginnings ---- */

static int open_handle(push_connection *connection, int fd)
{
    uv_loop_t *loop = connection->server->loop;
    const int unsent = KERNEL_UNSENT;
    int failed;

    if (connection->is_local) {
        failed = uv_pipe_init(loop, &connection->handle.pipe, 0);
        return failed ? failed : uv_pipe_open(&connection->handle.pipe, fd);
    }
    failed = uv_tcp_init(loop, &connection->handle.tcp);
    failed = failed ? failed : uv_tcp_open(&connection->handle.tcp, fd);
    if (failed == 0) {
        uv_tcp_nodelay(&connection->handle.tcp, 1);
        /* What a slow reader leaves waits with us, where queue_size counts it; the kernel would take in
         * four megabytes first. */
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    }
    return failed;
}

static void begin(push_connection *connection)
{
    struct push_connections *all = connection->server->connections;

    connection->handle.stream.data = connection;
    connection->next = all->all;
    if (all->all != NULL) {
        all->all->previous = connection;
    }
    all->all = connection;
    all->count++;
    connection->server->metrics.connections++;
    connection->server->metrics.connections_accepted_total++;
}

/* Makes a connection of a descriptor. Returns NULL, or one that may be cut already; the descriptor is not the caller's any more. */
static push_connection *make(push_server *server, int fd, int is_local, int is_tls,
                             void (*speak)(push_connection *connection))
{
    push_connection *connection = calloc(1, sizeof *connection);
    int failed;

    if (connection == NULL) {
        close(fd);
        return NULL;
    }
    connection->server = server;
    connection->is_local = is_local;
    connection->heard = uv_now(server->loop);
    failed = open_handle(connection, fd);
    begin(connection);
    speak(connection);
    if (failed != 0) {
        push_log(PUSH_LOG_WARNING, "FLX1002: a connection cannot be used: %s", uv_strerror(failed));
        close(fd);
        push_connection_cut(connection);
    }
    else if (is_tls &&
             (server->tls == NULL || (connection->tls = push_tls_accept(server->tls)) == NULL)) {
        push_connection_cut(connection);
    }
    return connection;
}

void push_connection_accept(push_server *server, int fd, int is_local, int is_tls)
{
    struct push_connections *all = server->connections;
    size_t limit = (size_t)server->settings->connections, count = all->count + all->reserved;
    int is_refused = count >= limit;
    push_connection *connection;

    if (is_refused) {
        server->metrics.connections_refused_total++;
    }
    if (is_refused && (is_tls || count >= limit + REFUSALS)) {
        close(fd);
        return;
    }
    connection = make(server, fd, is_local, is_tls, push_http_begin);
    if (connection == NULL || connection->phase != PUSH_CONNECTION_OPEN) {
        return;
    }
    connection->is_tunnelled = is_local || push_progress_is_tunnel(fd);
    start_reading(connection);
    if (is_refused && connection->phase == PUSH_CONNECTION_OPEN) {
        push_http_refuse(connection, 503);
    }
}

push_connection *push_connection_adopt(push_server *server, int fd, int is_tls,
                                       void (*speak)(push_connection *connection),
                                       flx_slice read_already)
{
    push_connection *connection = make(server, fd, 0, is_tls, speak);

    if (connection == NULL || connection->phase != PUSH_CONNECTION_OPEN) {
        return NULL;
    }
    connection->is_paused = 1;
    if (read_already.length > 0) {
        server->metrics.bytes_received_total += (int64_t)read_already.length;
        keep(connection, read_already.at, read_already.length);
    }
    return connection->phase == PUSH_CONNECTION_OPEN ? connection : NULL;
}
