/* SPDX-License-Identifier: Apache-2.0 */
/* One client's connection, over TCP, TLS or a Unix socket: bytes in, blocks out, one deadline, and an end. */
#ifndef PUSH_CONNECTION_H
#define PUSH_CONNECTION_H

#include <uv.h>

#include "block.h"
#include "outbox.h"
#include "server.h"
#include "wheel.h"

struct push_frames;
struct push_tls_session;

typedef struct push_connection push_connection;

/* What is spoken over a connection: HTTP first, frames later. None of them may free the connection; it goes away by itself, later,
 * when it is closed. */
typedef struct push_protocol {
    /* Bytes, which may be changed in place; returns how many of them were taken. What is left over comes again: at once,
     * or, if the connection was paused, when it is resumed (perhaps with length 0). */
    size_t (*received)(push_connection *connection, char *bytes, size_t length);
    /* The client sends no more. */
    void (*hung_up)(push_connection *connection);
    /* The deadline has passed. */
    void (*expired)(push_connection *connection);
    /* The daemon goes down: come to an end soon. */
    void (*drain)(push_connection *connection);
    /* It is closed: the last call of all, to give the state back. */
    void (*ended)(push_connection *connection);
} push_protocol;

typedef enum push_connection_phase {
    PUSH_CONNECTION_OPEN,
    PUSH_CONNECTION_FINISHING, /* what waits is written, nothing is read any more */
    PUSH_CONNECTION_SHUT,      /* everything was written; waits for the client to close */
    PUSH_CONNECTION_CLOSED     /* waits for libuv to let go */
} push_connection_phase;

/* Members above the line are for the protocol, those below private to connection.c and flush.c. */
struct push_connection {
    push_server *server;
    const push_protocol *protocol;
    void *state;
    int is_local; /* came over a Unix socket */
    int is_tunnelled; /* what is at its other end is httpd, or another program of this machine, not the client */
    push_connection_phase phase;
    uint64_t heard; /* when the last byte came, in uv_now's time */
    /* ---- */
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } handle;
    push_wheel_timer timer;
    push_outbox outbox;
    push_block *cipher;   /* TLS: what is to be written before anything of the outbox */
    size_t cipher_offset; /* of which that much is written */
    size_t in_flight;     /* bytes that libuv writes */
    uint64_t written;     /* bytes of the outbox, before TLS, that are in the kernel */
    size_t leaving;       /* and those that have left it and may not be there yet */
    uint64_t proven;      /* written when the last byte came */
    struct push_tls_session *tls;
    char *kept; /* bytes that were not taken */
    size_t kept_length;
    int is_reading;
    int is_paused;
    int keeps_reading; /* although it is paused */
    int has_ended;     /* the client sends no more */
    int has_work;
    int is_resumed;
    int is_shutting;
    int is_told;           /* to come to an end */
    size_t left;           /* finishing: what waited when it was last looked at; 0: not yet */
    uint64_t cut_at;       /* finishing: whatever happens */
    push_connection *next; /* of all */
    push_connection *previous;
    push_connection *next_work; /* of those that have something to do before the loop waits again */
    push_connection **work_link;
};

/* A connection from fd, which becomes its own whatever happens; it speaks HTTP. is_tls: TLS below it. */
void push_connection_accept(push_server *server, int fd, int is_local, int is_tls);

/* A connection from fd that somebody else began, and of which he has read some bytes; fd becomes its own whatever happens. It speaks what
 * speak lets it, and is paused. NULL if that is not possible; what it spoke is then told so. */
push_connection *push_connection_adopt(push_server *server, int fd, int is_tls,
                                       void (*speak)(push_connection *connection),
                                       flx_slice read_already);

/* From now on another protocol is spoken, also with what is left of the bytes that are being received. */
void push_connection_speak(push_connection *connection, const push_protocol *protocol, void *state);

/* Sends a block and takes over one reference of it. It is written before the loop waits again, together with all else. */
void push_connection_send(push_connection *connection, push_block *block, int ends_unit);

/* Bytes that are sent and not yet in the kernel. */
size_t push_connection_backlog(const push_connection *connection);

/* Drops what was sent and is not partly written. */
void push_connection_drop(push_connection *connection);

/* When to call expired, in uv_now's time; 0: never. */
void push_connection_set_deadline(push_connection *connection, uint64_t due);

/* Receive nothing from now on. keeps_reading: go on reading into memory, a little, to notice when the client goes. */
void push_connection_pause(push_connection *connection, int keeps_reading);

/* Go on, from the loop: never from within this call. */
void push_connection_resume(push_connection *connection);

/* Ends it: writes what was sent, says so to the client, waits for it to close, all in five seconds; a client that goes on
 * taking what was sent has idle_time for it. */
void push_connection_finish(push_connection *connection);

/* Ends it at once. */
void push_connection_cut(push_connection *connection);

/* NULL if there is no memory or libuv cannot. */
struct push_connections *push_connections_make(push_server *server);

/* Spreads the end of all connections over so many milliseconds, cuts what is left a little later, and calls done when there is
 * none and the loop has let go. To be called once. */
void push_connections_drain(struct push_connections *all, int64_t milliseconds,
                            void (*done)(void *data), void *data);

/* After drain has called done; or, if it never was asked to, without any connection and before the loop's last run. */
void push_connections_free(struct push_connections *all);

/* Keeps a place for a connection that is to be adopted: it counts as one until it is given back. Returns 0, or -1 if there are too
 * many. */
int push_connections_reserve(struct push_connections *all) __attribute__((warn_unused_result));
void push_connections_unreserve(struct push_connections *all);

/* Now, as the header date has it. */
const char *push_connections_date(struct push_connections *all);

/* The pool of frame readers. */
struct push_frames *push_connections_frames(struct push_connections *all);

#endif
