/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over TCP, with TLS or without, on one epoll: read as much as there is, written once per round. */
#ifndef LOAD_NET_H
#define LOAD_NET_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* The longest unit (a frame, a head) that a server may send. */
#define LOAD_UNIT ((size_t)1 << 20)

typedef struct load_stream load_stream;

/* What a stream's owner is told. All of them may write to the stream and may fail it. */
typedef struct load_stream_functions {
    void (*connected)(load_stream *stream); /* TLS included */
    /* Takes whole units and returns how many bytes they were; the rest comes again with more behind it. */
    size_t (*received)(load_stream *stream, const char *bytes, size_t length);
    void (*ended)(load_stream *stream, const char *why); /* once; it is closed by then */
} load_stream_functions;

typedef struct load_net {
    int epoll;
    int timer;
    int is_input_polled; /* standard input can be waited for: it is no file */
    int is_input_ready;  /* there is something to read on it */
    int64_t wake_at;     /* what the timer is set to; 0: nothing */
    SSL_CTX *tls;        /* NULL: none */
    const char *host;    /* that TLS asks for; NULL: none */
    load_stream *dirty;  /* those that have something to write */
    char *buffer;        /* what is being read */
    uint64_t random;     /* state of load_net_random */
    uint64_t read_count; /* system calls, of those that move data */
    uint64_t write_count;
} load_net;

/* Zeroed and with functions set before it is opened. */
struct load_stream {
    load_net *net;
    const load_stream_functions *functions;
    SSL *ssl;
    load_stream *next_dirty;
    char *out; /* waits to be written */
    char *in;  /* a part of a unit */
    unsigned out_length;
    unsigned out_room;
    unsigned out_sent;
    unsigned in_length;
    int fd; /* while is_open */
    unsigned is_open : 1;
    unsigned is_connected : 1;
    unsigned is_dirty : 1;
    unsigned is_waiting : 1; /* for room to write */
};

/* Nanoseconds of a clock that only goes forward. */
int64_t load_now(void);

/* 0, or -1 after it has said what is wrong. */
int load_net_open(load_net *net, const load_options *options);
void load_net_close(load_net *net);

/* Random enough for masks. */
uint64_t load_net_random(load_net *net);

/* Lets the next rounds end at an instant, at the latest. */
void load_net_wake_at(load_net *net, int64_t at);

/* Lets the next rounds look for standard input: is_input_ready, once. */
void load_net_want_input(load_net *net);

/* Writes what is to be written, waits up to so many milliseconds, reads, tells, and writes. */
void load_net_round(load_net *net, int milliseconds);

/* Begins to connect; what comes of it the functions are told. from: NULL, or an address of ours. */
void load_stream_open(load_stream *stream, load_net *net, const struct sockaddr_in *to,
                      const struct sockaddr_in *from, int is_tls);

/* Room for so many bytes at the end of what waits to be written; they are there by then. NULL: closed. */
char *load_stream_extend(load_stream *stream, size_t length);

/* Closes it and tells; nothing if it is closed. */
void load_stream_fail(load_stream *stream, const char *why);

/* Gives back what it holds, and tells nobody. */
void load_stream_free(load_stream *stream);

#endif
