/* SPDX-License-Identifier: Apache-2.0 */
/* What the round does with a stream. */
#ifndef LOAD_STREAM_H
#define LOAD_STREAM_H

#include "net.h"

/* Read at a time. */
#define LOAD_STREAM_READ ((size_t)256 << 10)

/* Writes what waits, as far as the kernel takes it. */
void load_stream_write(load_stream *stream);

/* Does what epoll says can be done. */
void load_stream_ready(load_stream *stream, uint32_t events);

#endif
