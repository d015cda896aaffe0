/* SPDX-License-Identifier: Apache-2.0 */
/* How what waits for a client gets into the kernel, in the clear or encrypted. */
#include "flush.h"

#include "tls.h"

#include <stdlib.h>

#define BUFFERS 64
#define BATCH   ((size_t)64 * 1024) /* bytes that are written, or encrypted, in one go */

/* Blocks that libuv writes. */
typedef struct batch {
    uv_write_t request;
    push_connection *connection;
    unsigned count;
    push_block *blocks[BUFFERS];
} batch;

static void free_batch(batch *written)
{
    unsigned i;

    for (i = 0; i < written->count; i++) {
        push_block_release(written->blocks[i]);
    }
    free(written);
}

static void on_written(uv_write_t *request, int status)
{
    batch *written = request->data;
    push_connection *connection = written->connection;

    if (status == 0) {
        connection->server->metrics.bytes_sent_total += (int64_t)connection->in_flight;
        connection->written += connection->leaving;
        connection->leaving = 0;
    }
    connection->in_flight = 0;
    free_batch(written);
    if (connection->phase == PUSH_CONNECTION_CLOSED) {
        return;
    }
    if (status != 0) {
        push_connection_cut(connection);
        return;
    }
    push_flush(connection);
}

/* Takes blocks for libuv to write: the ciphertext, or what comes first in the outbox. */
static unsigned fill(push_connection *connection, batch *out, uv_buf_t *buffers)
{
    size_t bytes = 0, offset;

    if (connection->tls != NULL) {
        out->blocks[0] = connection->cipher;
        buffers[0].base = connection->cipher->bytes + connection->cipher_offset;
        buffers[0].len = connection->cipher->length - connection->cipher_offset;
        connection->in_flight = buffers[0].len;
        connection->cipher = NULL;
        out->count = 1;
        return 1;
    }
    while (out->count < BUFFERS && bytes < BATCH) {
        push_block *block = push_outbox_take(&connection->outbox, &offset);
        if (block == NULL) {
            break;
        }
        out->blocks[out->count] = block;
        buffers[out->count].base = block->bytes + offset;
        buffers[out->count].len = block->length - offset;
        bytes += buffers[out->count].len;
        out->count++;
    }
    connection->in_flight = bytes;
    connection->leaving = bytes;
    return out->count;
}

/* The kernel takes no more now: lets libuv wait for it. Returns 0, or -1 if the connection is to be cut. */
static int write_later(push_connection *connection)
{
    uv_buf_t buffers[BUFFERS];
    batch *out = malloc(sizeof *out);
    unsigned count;

    if (out == NULL) {
        return -1;
    }
    out->count = 0;
    out->connection = connection;
    out->request.data = out;
    count = fill(connection, out, buffers);
    if (uv_write(&out->request, &connection->handle.stream, buffers, count, on_written) != 0) {
        free_batch(out);
        connection->in_flight = 0;
        return -1;
    }
    return 0;
}

/* Encrypts a batch of the outbox, so that there is ciphertext to write if there is anything at all. */
static int encrypt(push_connection *connection)
{
    uv_buf_t buffers[BUFFERS];
    unsigned count = push_outbox_peek(&connection->outbox, buffers, BUFFERS, BATCH), i;
    size_t bytes = 0;

    if (!push_tls_is_ready(connection->tls)) {
        count = 0;
    }
    for (i = 0; i < count; i++) {
        if (push_tls_write(connection->tls, buffers[i].base, buffers[i].len) != 0) {
            return -1;
        }
        bytes += buffers[i].len;
    }
    if (bytes > 0) {
        push_outbox_written(&connection->outbox, bytes);
        connection->leaving += bytes;
    }
    connection->cipher = push_tls_output(connection->tls);
    connection->cipher_offset = 0;
    return 0;
}

/* Returns how many bytes the kernel took, 0 if there is nothing to write, or libuv's error. */
static int try_plain(push_connection *connection)
{
    uv_buf_t buffers[BUFFERS];
    unsigned count = push_outbox_peek(&connection->outbox, buffers, BUFFERS, BATCH);
    int written;

    if (count == 0) {
        return 0;
    }
    written = uv_try_write(&connection->handle.stream, buffers, count);
    if (written > 0) {
        push_outbox_written(&connection->outbox, (size_t)written);
        connection->written += (uint64_t)written;
    }
    return written == 0 ? UV_EAGAIN : written;
}

static int try_cipher(push_connection *connection)
{
    uv_buf_t buffer;
    int written;

    if (connection->cipher == NULL && encrypt(connection) != 0) {
        return UV_EPROTO;
    }
    if (connection->cipher == NULL) {
        return 0;
    }
    buffer.base = connection->cipher->bytes + connection->cipher_offset;
    buffer.len = connection->cipher->length - connection->cipher_offset;
    written = uv_try_write(&connection->handle.stream, &buffer, 1);
    if (written > 0) {
        connection->cipher_offset += (size_t)written;
        if (connection->cipher_offset == connection->cipher->length) {
            push_block_release(connection->cipher);
            connection->cipher = NULL;
            connection->written += connection->leaving;
            connection->leaving = 0;
        }
    }
    return written == 0 ? UV_EAGAIN : written;
}

static void on_shut(uv_shutdown_t *request, int status)
{
    push_connection *connection = request->data;

    free(request);
    if (connection->phase == PUSH_CONNECTION_CLOSED) {
        return;
    }
    connection->phase = PUSH_CONNECTION_SHUT;
    if (status != 0 || connection->has_ended) {
        push_connection_cut(connection);
    }
}

/* Everything is written: says goodbye. */
static void shut(push_connection *connection)
{
    uv_shutdown_t *request = malloc(sizeof *request);

    if (request == NULL) {
        push_connection_cut(connection);
        return;
    }
    request->data = connection;
    connection->is_shutting = 1;
    if (uv_shutdown(request, &connection->handle.stream, on_shut) != 0) {
        free(request);
        push_connection_cut(connection);
    }
}

void push_flush(push_connection *connection)
{
    int written;

    if (connection->phase == PUSH_CONNECTION_CLOSED || connection->is_shutting ||
        connection->in_flight > 0) {
        return;
    }
    do {
        written = connection->tls != NULL ? try_cipher(connection) : try_plain(connection);
        if (written > 0) {
            connection->server->metrics.bytes_sent_total += written;
        }
    } while (written > 0);
    if (written == UV_EAGAIN) {
        written = write_later(connection);
    }
    if (written < 0) {
        push_connection_cut(connection);
    }
    else if (connection->in_flight == 0 && connection->phase == PUSH_CONNECTION_FINISHING) {
        if (connection->tls != NULL && push_tls_close(connection->tls)) {
            push_flush(connection);
            return;
        }
        shut(connection);
    }
}
