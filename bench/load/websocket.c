/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes and frames of a WebSocket client. */
#include "websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_TEXT    24
#define ACCEPT_TEXT 28
#define REQUEST     8192

enum opcode { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

static void write_key(const load_handshake *handshake, char key[KEY_TEXT + 1])
{
    unsigned char bytes[16] = "flixim-load";

    memcpy(bytes + 8, &handshake->number, sizeof handshake->number);
    (void)EVP_EncodeBlock((unsigned char *)key, bytes, sizeof bytes);
}

static void write_accept(const load_handshake *handshake, char accept[ACCEPT_TEXT + 1])
{
    char text[KEY_TEXT + 37];
    unsigned char digest[SHA_DIGEST_LENGTH];

    write_key(handshake, text);
    memcpy(text + KEY_TEXT, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 37);
    (void)SHA1((const unsigned char *)text, strlen(text), digest);
    (void)EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
}

void load_websocket_ask(load_stream *stream, const load_handshake *handshake)
{
    char request[REQUEST], key[KEY_TEXT + 1], *out;
    int length;

    write_key(handshake, key);
    length = snprintf(request, sizeof request,
                      "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                      handshake->target, handshake->host, key);
    if (length <= 0 || (size_t)length >= sizeof request) {
        load_stream_fail(stream, "the request is too long");
        return;
    }
    out = load_stream_extend(stream, (size_t)length);
    if (out != NULL) {
        memcpy(out, request, (size_t)length);
    }
}

/* The value of a header in a head, or NULL. */
static const char *header(const char *head, size_t length, const char *name)
{
    size_t size = strlen(name);
    const char *at = head, *end = head + length;

    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        if ((size_t)(end - at) > size && strncasecmp(at, name, size) == 0) {
            return at + size;
        }
    }
    return NULL;
}

size_t load_websocket_answer(load_stream *stream, const load_handshake *handshake,
                             const char *bytes, size_t length)
{
    char accept[ACCEPT_TEXT + 1], why[80];
    const char *end = memmem(bytes, length, "\r\n\r\n", 4), *given;
    size_t head;

    if (end == NULL) {
        return 0;
    }
    head = (size_t)(end + 4 - bytes);
    if (strncmp(bytes, "HTTP/1.1 101 ", 13) != 0) {
        (void)snprintf(why, sizeof why, "refused: %.*s", (int)strcspn(bytes, "\r"), bytes);
        load_stream_fail(stream, why);
        return head;
    }
    write_accept(handshake, accept);
    given = header(bytes, head, "sec-websocket-accept: ");
    if (given == NULL || strncmp(given, accept, ACCEPT_TEXT) != 0 || given[ACCEPT_TEXT] != '\r') {
        load_stream_fail(stream, "a 101 to something else");
    }
    return head;
}

/* ---- frames ---- */

typedef struct ws_frame {
    size_t head;
    uint64_t payload;
    unsigned opcode;
} ws_frame;

/* 1: a whole frame; 0: more has to come; -1: none that a server may send here. */
static int read_frame(ws_frame *frame, const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t i;

    if (length < 2) {
        return 0;
    }
    /* Whole messages, no extensions, no mask. */
    if ((bytes[0] & 0xf0) != 0x80 || bytes[1] & 0x80) {
        return -1;
    }
    frame->opcode = bytes[0] & 0x0f;
    frame->payload = bytes[1];
    frame->head = 2;
    if (bytes[1] >= 126) {
        frame->head = bytes[1] == 126 ? 4 : 10;
        if (length < frame->head) {
            return 0;
        }
        frame->payload = 0;
        for (i = 2; i < frame->head; i++) {
            frame->payload = frame->payload << 8 | bytes[i];
        }
    }
    if (frame->payload > LOAD_UNIT - 16 || (frame->opcode >= CLOSE && frame->payload > 125)) {
        return -1;
    }
    return length - frame->head >= frame->payload;
}

static void write_frame(load_stream *stream, unsigned opcode, const char *bytes, size_t length)
{
    size_t head = length < 126 ? 6 : 8, i;
    uint64_t mask = load_net_random(stream->net) & 0xffffffff, eight;
    char *out = load_stream_extend(stream, head + length);

    if (out == NULL) {
        return;
    }
    out[0] = (char)(0x80 | opcode);
    out[1] = (char)(0x80 | (length < 126 ? length : 126));
    if (length >= 126) {
        out[2] = (char)(length >> 8);
        out[3] = (char)(length & 0xff);
    }
    memcpy(out + head - 4, &mask, 4);
    mask |= mask << 32;
    out += head;
    for (i = 0; i + 8 <= length; i += 8) {
        memcpy(&eight, bytes + i, 8);
        eight ^= mask;
        memcpy(out + i, &eight, 8);
    }
    for (; i < length; i++) {
        out[i] = (char)(bytes[i] ^ (char)(mask >> (8 * (i & 3)) & 0xff));
    }
}

void load_websocket_say(load_stream *stream, const char *text, size_t length)
{
    if (length > 65535) {
        load_stream_fail(stream, "a message of ours is too long");
        return;
    }
    write_frame(stream, TEXT, text, length);
}

static void take_frame(load_stream *stream, const ws_frame *frame, const char *payload,
                       load_websocket_text_seen *seen)
{
    char why[64];

    switch (frame->opcode) {
    case TEXT:
        seen(stream, payload, (size_t)frame->payload);
        break;
    case PING:
        write_frame(stream, PONG, payload, (size_t)frame->payload);
        break;
    case PONG:
        break;
    case CLOSE:
        (void)snprintf(
            why, sizeof why, "closed with %d",
            frame->payload < 2 ? 0 : (unsigned char)payload[0] << 8 | (unsigned char)payload[1]);
        load_stream_fail(stream, why);
        break;
    default:
        load_stream_fail(stream, "a frame that is no text");
        break;
    }
}

size_t load_websocket_take(load_stream *stream, const char *bytes, size_t length,
                           load_websocket_text_seen *seen)
{
    size_t took = 0;
    ws_frame frame;
    int is_whole;

    while (stream->is_open && (is_whole = read_frame(&frame, bytes + took, length - took)) != 0) {
        if (is_whole < 0) {
            load_stream_fail(stream, "a frame that no server may send");
            break;
        }
        take_frame(stream, &frame, bytes + took + frame.head, seen);
        took += frame.head + (size_t)frame.payload;
    }
    return took;
}
