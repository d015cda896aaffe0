/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of frames: whatever the read boundaries are, the same messages come out and the same frames go back, well-formed
 * ones, none behind a close frame. An input is a recipe, so that most of what comes out of it are frames: a seed, then for each frame
 * its first byte, a byte that says how long it is (bits 0 to 5; bit 6: unmasked; bit 7: bytes as they are), and the payload. */
#include "fuzz.h"

#include <string.h>

#include "flx_buffer.h"
#include "flx_utf8.h"
#include "flush.h"
#include "frames.h"
#include "progress.h"
#include "websocket.h"

#define FRAME_SIZE   100
#define FRAGMENTS    5
#define QUEUE_SIZE   (1 << 20)
#define IDLE_TIME    60000
#define MESSAGE_TIME 30000
#define LOG_LIMIT    1000000
#define HOLDS        'H' /* a message that begins with it holds the transport */
#define CLOSES       'C' /* ends it with 1011 */
#define FILLS        'F' /* finds that the client reads nothing */

/* One client, whose connection is played by the functions below. */
typedef struct client {
    push_receiver receiver; /* first */
    push_transport *transport;
    push_connection connection;
    int is_paused;
    int is_resumed;
    int ended;
    size_t backlog;
    flx_buffer log; /* what happened, in order */
} client;

static struct push_frames *pool;
static client *present;

static void note(char kind, const char *bytes, size_t length)
{
    flx_buffer_add(&present->log, &kind, 1);
    flx_buffer_add_number(&present->log, (int64_t)length);
    flx_buffer_add(&present->log, ":", 1);
    flx_buffer_add(&present->log, bytes, length);
}

/* ---- the connection ---- */

void push_connection_speak(push_connection *connection, const push_protocol *protocol, void *state)
{
    connection->protocol = protocol;
    connection->state = state;
}

void push_connection_send(push_connection *connection, push_block *block, int ends_unit)
{
    must(connection->phase == PUSH_CONNECTION_OPEN);
    flx_buffer_add(&present->log, block->bytes, block->length);
    (void)ends_unit;
    connection->written += block->length;
    push_block_release(block);
}

size_t push_connection_backlog(const push_connection *connection)
{
    (void)connection;
    return present->backlog;
}

uint64_t push_progress_sent(const push_connection *connection)
{
    return connection->written;
}

uint64_t push_progress_arrived(const push_connection *connection)
{
    return connection->proven;
}

void push_connection_drop(push_connection *connection)
{
    (void)connection;
    present->backlog = 0;
}

/* The kernel takes nothing. */
void push_flush(push_connection *connection)
{
    (void)connection;
}

void push_connection_set_deadline(push_connection *connection, uint64_t due)
{
    (void)connection;
    (void)due;
}

void push_connection_pause(push_connection *connection, int keeps_reading)
{
    (void)connection;
    (void)keeps_reading;
    must(!present->is_paused);
    present->is_paused = 1;
}

void push_connection_resume(push_connection *connection)
{
    (void)connection;
    present->is_paused = 0;
    present->is_resumed = 1;
}

void push_connection_finish(push_connection *connection)
{
    must(connection->phase == PUSH_CONNECTION_OPEN);
    connection->phase = PUSH_CONNECTION_FINISHING;
    note('E', "", 0);
}

void push_connection_cut(push_connection *connection)
{
    connection->phase = PUSH_CONNECTION_CLOSED;
    note('X', "", 0);
}

struct push_frames *push_connections_frames(struct push_connections *all)
{
    (void)all;
    return pool;
}

/* ---- the application, which echoes ---- */

static void message(push_receiver *receiver, int is_binary, const char *bytes, size_t length)
{
    client *it = (client *)(void *)receiver;
    push_block *block = push_block_make(bytes, length);

    must(it == present && it->connection.phase == PUSH_CONNECTION_OPEN && !it->is_paused);
    must(block != NULL && length <= FRAME_SIZE);
    must(is_binary || flx_utf8_valid(bytes, length));
    note(is_binary ? 'b' : 't', bytes, length);
    if (length > 0 && bytes[0] == FILLS) {
        it->backlog = QUEUE_SIZE - 1;
    }
    must(it->transport->functions->backlog(it->transport) == it->backlog);
    must(it->transport->functions->progress(it->transport, PUSH_SENT) == it->connection.written);
    it->transport->functions->send(it->transport, is_binary, &block, 1);
    if (length > 0 && bytes[0] == HOLDS) {
        it->transport->functions->hold(it->transport);
    }
    else if (length > 0 && bytes[0] == CLOSES) {
        it->transport->functions->close(it->transport, 1011);
    }
}

static void ended(push_receiver *receiver)
{
    ((client *)(void *)receiver)->ended++;
}

static const push_receiver_functions receiver_functions = { message, ended };

static push_receiver *open_receiver(struct push_server *server, push_transport *transport,
                                    const flx_connect *connect, push_identity *identity)
{
    (void)server;
    (void)connect;
    (void)identity;
    present->receiver.functions = &receiver_functions;
    present->transport = transport;
    return &present->receiver;
}

static void drop_identity(push_identity *identity)
{
    (void)identity;
}

/* ---- one run ---- */

/* Hands bytes over as connection.c does: what was not taken comes again, when nothing is held any more. */
static void feed(client *it, const char *bytes, size_t length)
{
    char *kept = malloc(length + (length == 0));
    size_t at = 0;

    must(kept != NULL);
    memcpy(kept, bytes, length);
    while (it->connection.phase == PUSH_CONNECTION_OPEN) {
        size_t taken = it->connection.protocol->received(&it->connection, kept + at, length - at);
        must(taken <= length - at);
        at += taken;
        if (it->is_paused) {
            it->transport->functions->release(it->transport);
        }
        else if (it->is_resumed) {
            it->is_resumed = 0; /* and once more, perhaps with nothing */
        }
        else {
            must(at == length || it->connection.phase != PUSH_CONNECTION_OPEN);
            break;
        }
    }
    free(kept);
}

/* What else may happen to a connection, when all bytes are there. */
static void come_to_an_end(push_connection *connection, unsigned ending)
{
    connection->heard = uv_now(connection->server->loop) - (ending & 4 ? IDLE_TIME : 0);
    switch (ending & 3) {
    case 0:
        connection->protocol->drain(connection);
        break;
    case 1:
        connection->protocol->hung_up(connection);
        break;
    case 2:
        connection->protocol->expired(connection);
        break;
    default:
        break;
    }
}

/* Runs the bytes in reads of at most so many bytes (0: as the seed has it); returns the log. */
static flx_buffer run(push_server *server, const char *bytes, size_t length, size_t most,
                      uint32_t seed, unsigned ending)
{
    client it;
    flx_connect connect;
    size_t at = 0;

    memset(&it, 0, sizeof it);
    memset(&connect, 0, sizeof connect);
    flx_buffer_init(&it.log, LOG_LIMIT);
    it.connection.server = server;
    present = &it;
    must(push_websocket_open(&it.connection, &connect, NULL) == 0);
    while (at < length && it.connection.phase == PUSH_CONNECTION_OPEN) {
        size_t count = most;
        if (most == 0) {
            seed = seed * 1103515245 + 12345;
            count = 1 + (seed >> 16) % 40;
        }
        count = count < length - at ? count : length - at;
        feed(&it, bytes + at, count);
        at += count;
    }
    if (it.connection.phase == PUSH_CONNECTION_OPEN) {
        come_to_an_end(&it.connection, ending);
    }
    it.connection.protocol->ended(&it.connection);
    must(it.ended == 1);
    must(!flx_buffer_failed(&it.log));
    return it.log;
}

/* What went back is frames, and nothing after a close frame. Notes of the log stand between them. */
static void check(const flx_buffer *log)
{
    size_t at = 0;
    int is_closed = 0;

    while (at < log->length) {
        unsigned char first = (unsigned char)log->at[at];
        size_t length;
        if (first < 0x80) { /* a note: its kind, and its length in decimal */
            length = 0;
            must(!is_closed || first == 'E');
            for (at++; log->at[at] != ':'; at++) {
                length = length * 10 + (size_t)(log->at[at] - '0');
            }
            at += 1 + length;
            continue;
        }
        must(!is_closed && log->length - at >= 2);
        must(first == 0x81 || first == 0x82 || first == 0x88 || first == 0x8A);
        length = (unsigned char)log->at[at + 1];
        must(length <= 125); /* unmasked, and no message here is longer */
        must(log->length - at >= 2 + length);
        is_closed = first == 0x88;
        must(!is_closed || length == 2);
        at += 2 + length;
    }
}

/* Makes bytes of a recipe. */
static void cook(flx_buffer *bytes, const uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at + 2 <= size) {
        static const char mask[4] = { 0x11, 0x22, 0x44, (char)0x88 };
        uint8_t first = data[at], second = data[at + 1];
        size_t length = second & 0x3F, i;
        char head[2] = { (char)first, (char)(length | (second & 0x40 ? 0 : 0x80)) };

        at += 2;
        length = length < size - at ? length : size - at;
        if (second & 0x80) {
            flx_buffer_add(bytes, head, 1);
            flx_buffer_add(bytes, (const char *)data + at, length);
            at += length;
            continue;
        }
        flx_buffer_add(bytes, head, 2);
        if (!(second & 0x40)) {
            flx_buffer_add(bytes, mask, 4);
        }
        for (i = 0; i < length; i++) {
            char byte = (char)(second & 0x40 ? data[at + i] : data[at + i] ^ (uint8_t)mask[i % 4]);
            flx_buffer_add(bytes, &byte, 1);
        }
        at += length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const push_application application = { .open = open_receiver, .drop = drop_identity };
    static push_settings settings = { .frame_size = FRAME_SIZE,
                                      .fragments = FRAGMENTS,
                                      .queue_size = QUEUE_SIZE,
                                      .idle_time = IDLE_TIME,
                                      .message_time = MESSAGE_TIME };
    static uv_loop_t loop;
    static push_server server = { .loop = &loop,
                                  .settings = &settings,
                                  .application = &application };
    flx_buffer bytes, whole, other;
    uint32_t seed;

    if (pool == NULL) {
        must(uv_loop_init(&loop) == 0);
        pool = push_frames_make();
        must(pool != NULL);
    }
    if (size < sizeof seed) {
        return 0;
    }
    memcpy(&seed, data, sizeof seed);
    flx_buffer_init(&bytes, LOG_LIMIT);
    cook(&bytes, data + sizeof seed, size - sizeof seed);
    whole = run(&server, bytes.at, bytes.length, bytes.length, 0, data[0]);
    check(&whole);
    for (int way = 0; way < 3; way++) {
        other = run(&server, bytes.at, bytes.length, (size_t)way, seed, data[0]);
        must(other.length == whole.length);
        must(whole.length == 0 || memcmp(other.at, whole.at, whole.length) == 0);
        flx_buffer_free(&other);
    }
    flx_buffer_free(&whole);
    flx_buffer_free(&bytes);
    return 0;
}
