/* SPDX-License-Identifier: Apache-2.0 */
/* The round of flixim-load: one epoll, one buffer to read into, one write for each stream that has something to say. */
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#define EVENTS 512

int64_t load_now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static SSL_CTX *make_tls(const load_options *options)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    if (tls == NULL) {
        return NULL;
    }
    (void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls, 1);
    (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    if (options->authority != NULL) {
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_locations(tls, options->authority, NULL) != 1) {
            SSL_CTX_free(tls);
            return NULL;
        }
    }
    return tls;
}

static int watch(const load_net *net, int fd, void *tag, uint32_t how)
{
    struct epoll_event event = { .events = EPOLLIN | how, .data.ptr = tag };

    return epoll_ctl(net->epoll, EPOLL_CTL_ADD, fd, &event);
}

int load_net_open(load_net *net, const load_options *options)
{
    memset(net, 0, sizeof *net);
    net->host = options->host;
    net->epoll = epoll_create1(EPOLL_CLOEXEC);
    net->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    net->buffer = malloc(LOAD_STREAM_READ + LOAD_UNIT);
    if (getrandom(&net->random, sizeof net->random, 0) != sizeof net->random || net->epoll < 0 ||
        net->timer < 0 || net->buffer == NULL || watch(net, net->timer, &net->timer, 0) != 0) {
        perror("flixim-load");
        return -1;
    }
    net->random |= 1;
    /* A file cannot be waited for, and has always something to say. */
    net->is_input_polled = watch(net, STDIN_FILENO, &net->is_input_ready, EPOLLONESHOT) == 0;
    if (options->is_tls && (net->tls = make_tls(options)) == NULL) {
        fprintf(stderr, "flixim-load: no TLS\n");
        return -1;
    }
    return 0;
}

void load_net_close(load_net *net)
{
    SSL_CTX_free(net->tls);
    free(net->buffer);
    (void)close(net->timer);
    (void)close(net->epoll);
}

/* xorshift64. */
uint64_t load_net_random(load_net *net)
{
    net->random ^= net->random << 13;
    net->random ^= net->random >> 7;
    net->random ^= net->random << 17;
    return net->random;
}

void load_net_wake_at(load_net *net, int64_t at)
{
    struct itimerspec when = { .it_value = { at / 1000000000, at % 1000000000 } };

    if (at != net->wake_at) {
        net->wake_at = at;
        (void)timerfd_settime(net->timer, TFD_TIMER_ABSTIME, &when, NULL);
    }
}

void load_net_want_input(load_net *net)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT,
                                 .data.ptr = &net->is_input_ready };

    net->is_input_ready = !net->is_input_polled;
    if (net->is_input_polled) {
        (void)epoll_ctl(net->epoll, EPOLL_CTL_MOD, STDIN_FILENO, &event);
    }
}

static void flush(load_net *net)
{
    load_stream *stream, *next;

    for (stream = net->dirty, net->dirty = NULL; stream != NULL; stream = next) {
        next = stream->next_dirty;
        stream->is_dirty = 0;
        load_stream_write(stream);
    }
}

void load_net_round(load_net *net, int milliseconds)
{
    struct epoll_event events[EVENTS];
    uint64_t times;
    int i, count;

    flush(net);
    count = epoll_wait(net->epoll, events, EVENTS, milliseconds);
    for (i = 0; i < count; i++) {
        if (events[i].data.ptr == &net->timer) {
            net->wake_at = 0;
            (void)!read(net->timer, &times, sizeof times);
        }
        else if (events[i].data.ptr == &net->is_input_ready) {
            net->is_input_ready = 1;
        }
        else {
            load_stream_ready(events[i].data.ptr, events[i].events);
        }
    }
    flush(net);
}
