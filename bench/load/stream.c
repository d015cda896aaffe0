/* SPDX-License-Identifier: Apache-2.0 */
/* A stream: a TCP connection of a client, with TLS or without. */
#include "stream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static void close_it(load_stream *stream)
{
    SSL_free(stream->ssl);
    stream->ssl = NULL;
    if (stream->is_open) {
        (void)close(stream->fd);
    }
    stream->is_open = 0;
    stream->is_connected = 0;
    /* It may be in the list of those to be written, which finds it closed. */
    free(stream->in);
    stream->in = NULL;
    stream->in_length = 0;
    stream->out_length = 0;
    stream->out_sent = 0;
}

void load_stream_fail(load_stream *stream, const char *why)
{
    if (stream->is_open) {
        close_it(stream);
        stream->functions->ended(stream, why);
    }
}

void load_stream_free(load_stream *stream)
{
    close_it(stream);
    free(stream->out);
    stream->out = NULL;
    stream->out_room = 0;
}

char *load_stream_extend(load_stream *stream, size_t length)
{
    size_t needed = stream->out_length + length;
    char *at;

    if (!stream->is_open) {
        return NULL;
    }
    if (needed > stream->out_room) {
        size_t room = needed < 512 ? 512 : needed * 2;
        char *out = needed < LOAD_UNIT ? realloc(stream->out, room) : NULL;
        if (out == NULL) {
            load_stream_fail(stream, "too much waits to be written");
            return NULL;
        }
        stream->out = out;
        stream->out_room = (unsigned)room;
    }
    at = stream->out + stream->out_length;
    stream->out_length = (unsigned)needed;
    if (!stream->is_dirty) {
        stream->is_dirty = 1;
        stream->next_dirty = stream->net->dirty;
        stream->net->dirty = stream;
    }
    return at;
}

static void wait_for_room(load_stream *stream, int is_wanted)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = stream };

    if (stream->is_waiting != (unsigned)is_wanted) {
        stream->is_waiting = is_wanted != 0;
        event.events |= is_wanted ? EPOLLOUT : 0U;
        (void)epoll_ctl(stream->net->epoll, EPOLL_CTL_MOD, stream->fd, &event);
    }
}

/* Bytes that went, 0 if none can now, or -1. */
static ssize_t put(load_stream *stream, const char *bytes, size_t length)
{
    ssize_t went;

    stream->net->write_count++;
    if (stream->ssl != NULL) {
        int done = SSL_write(stream->ssl, bytes, (int)length);
        int why = done > 0 ? SSL_ERROR_NONE : SSL_get_error(stream->ssl, done);
        return done > 0 ? done : why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
    }
    went = send(stream->fd, bytes, length, MSG_NOSIGNAL);
    return went >= 0 ? went : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

void load_stream_write(load_stream *stream)
{
    while (stream->is_connected && stream->out_sent < stream->out_length) {
        size_t left = stream->out_length - stream->out_sent;
        ssize_t went = put(stream, stream->out + stream->out_sent, left);
        if (went < 0) {
            load_stream_fail(stream, "cannot be written to");
            return;
        }
        stream->out_sent += (unsigned)went;
        if ((size_t)went < left) {
            break;
        }
    }
    if (!stream->is_connected) {
        return;
    }
    if (stream->out_sent == stream->out_length) {
        stream->out_sent = 0;
        stream->out_length = 0;
    }
    wait_for_room(stream, stream->out_length > 0);
}

/* Bytes that came, 0 if none are there, or -1. */
static ssize_t get(load_stream *stream, char *bytes, size_t room)
{
    ssize_t got;

    stream->net->read_count++;
    if (stream->ssl != NULL) {
        int done = SSL_read(stream->ssl, bytes, (int)room);
        int why = done > 0 ? SSL_ERROR_NONE : SSL_get_error(stream->ssl, done);
        return done > 0 ? done : why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
    got = recv(stream->fd, bytes, room, 0);
    return got > 0 ? got : got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* Keeps what is left of a read until more of it comes. */
static int keep(load_stream *stream, const char *bytes, size_t length)
{
    free(stream->in);
    stream->in = NULL;
    stream->in_length = 0;
    if (length == 0) {
        return 0;
    }
    stream->in = length <= LOAD_UNIT ? malloc(length) : NULL;
    if (stream->in == NULL) {
        return -1;
    }
    memcpy(stream->in, bytes, length);
    stream->in_length = (unsigned)length;
    return 0;
}

/* One read, told; whether there may be more. */
static int read_once(load_stream *stream)
{
    char *buffer = stream->net->buffer;
    size_t length = stream->in_length, took;
    ssize_t got = get(stream, buffer + length, LOAD_STREAM_READ);

    if (got <= 0) {
        if (got < 0) {
            load_stream_fail(stream, "the server ended the connection");
        }
        return 0;
    }
    if (length > 0) {
        memcpy(buffer, stream->in, length);
    }
    length += (size_t)got;
    took = stream->functions->received(stream, buffer, length);
    if (stream->is_open && keep(stream, buffer + took, length - took) != 0) {
        load_stream_fail(stream, "the server's message is too long");
    }
    /* TLS keeps what it has decrypted to itself, where epoll does not see it. */
    return stream->is_open && stream->ssl != NULL && SSL_has_pending(stream->ssl);
}

/* Goes on connecting. */
static void connect_on(load_stream *stream)
{
    int fault = 0, done;
    socklen_t size = sizeof fault;

    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &fault, &size) != 0 || fault != 0) {
        load_stream_fail(stream, "cannot connect");
        return;
    }
    if (stream->ssl != NULL) {
        done = SSL_connect(stream->ssl);
        if (done != 1) {
            int why = SSL_get_error(stream->ssl, done);
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
                wait_for_room(stream, why == SSL_ERROR_WANT_WRITE);
            }
            else {
                load_stream_fail(stream, "no handshake of TLS");
            }
            return;
        }
    }
    stream->is_connected = 1;
    stream->functions->connected(stream);
    load_stream_write(stream);
}

void load_stream_ready(load_stream *stream, uint32_t events)
{
    if (!stream->is_open) {
        return;
    }
    if (!stream->is_connected) {
        connect_on(stream);
        return;
    }
    if (events & EPOLLOUT) {
        load_stream_write(stream);
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        while (stream->is_open && read_once(stream)) {
        }
    }
}

/* The macro for it drops a const. */
static int set_name(SSL *ssl, const char *name)
{
    union {
        const char *given;
        void *taken;
    } host = { name };

    return (int)SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.taken);
}

static SSL *make_session(const load_net *net, int fd)
{
    SSL *ssl = SSL_new(net->tls);

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
        (net->host != NULL &&
         (set_name(ssl, net->host) != 1 || SSL_set1_host(ssl, net->host) != 1))) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

void load_stream_open(load_stream *stream, load_net *net, const struct sockaddr_in *to,
                      const struct sockaddr_in *from, int is_tls)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = stream };
    int one = 1;

    stream->net = net;
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    stream->is_open = stream->fd >= 0;
    stream->is_waiting = 1;
    if (stream->fd < 0) {
        stream->functions->ended(stream, "no socket: too many open files?");
        return;
    }
    (void)setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (from != NULL) {
        /* The port is chosen when it is known where to, so that each pair of addresses has all of them. */
        (void)setsockopt(stream->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(stream->fd, (const struct sockaddr *)from, sizeof *from) != 0) {
            load_stream_fail(stream, "no such address of ours");
            return;
        }
    }
    if (connect(stream->fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno != EINPROGRESS) {
        load_stream_fail(stream, "cannot connect");
        return;
    }
    if (is_tls && (stream->ssl = make_session(net, stream->fd)) == NULL) {
        load_stream_fail(stream, "no session of TLS");
        return;
    }
    if (epoll_ctl(net->epoll, EPOLL_CTL_ADD, stream->fd, &event) != 0) {
        load_stream_fail(stream, "cannot be waited for");
    }
}
