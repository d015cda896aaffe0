/* SPDX-License-Identifier: Apache-2.0 */
/* A client's side of WebSocket (RFC 6455) on a stream. */
#ifndef LOAD_WEBSOCKET_H
#define LOAD_WEBSOCKET_H

#include "net.h"

/* The user's part of a handshake: whatever makes the key differ. */
typedef struct load_handshake {
    const char *target; /* path and query */
    const char *host;
    uint64_t number;
} load_handshake;

/* Asks for the upgrade. */
void load_websocket_ask(load_stream *stream, const load_handshake *handshake);

/* Reads the answer: how many bytes it took, 0 if more of it has to come; fails the stream unless it is the 101 to
 * what was asked. */
size_t load_websocket_answer(load_stream *stream, const load_handshake *handshake,
                             const char *bytes, size_t length);

/* Called with the text of each message. */
typedef void load_websocket_text_seen(load_stream *stream, const char *text, size_t length);

/* Takes the frames that have come whole: how many bytes they were. Pings are answered; anything that no server of
 * ours says fails the stream. */
size_t load_websocket_take(load_stream *stream, const char *bytes, size_t length,
                           load_websocket_text_seen *seen);

/* Says a text. */
void load_websocket_say(load_stream *stream, const char *text, size_t length);

#endif
