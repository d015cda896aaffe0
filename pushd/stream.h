/* SPDX-License-Identifier: Apache-2.0 */
/* The event stream: what has become visible in the database, once, and how the daemon sleeps and is woken
 * (design.md, section 5). */
#ifndef PUSH_STREAM_H
#define PUSH_STREAM_H

struct push_server;
struct push_stream;

/* Starts to connect, and then to read, for the users of server->users. NULL if there is no memory. */
struct push_stream *push_stream_open(struct push_server *server);

/* Tells the writers that nobody sleeps here any more, if that can be told at once, and closes. closed is called when
 * the loop has let go of everything. */
void push_stream_close(struct push_stream *stream, void (*closed)(void *data), void *data);

/* Whether events are read and notifications arrive. */
int push_stream_is_up(const struct push_stream *stream);

/* Connects at once if it is waiting to: the database is there. */
void push_stream_hurry(struct push_stream *stream);

#endif
