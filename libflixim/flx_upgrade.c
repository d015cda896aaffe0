/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a WebSocket's upgrade in Phoenix's order, and its answer (RFC 6455, 4.2). */
#include "flx_upgrade.h"

#include "flx_connect.h"
#include "flx_request.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define KEY_LENGTH 24 /* 16 bytes in base64 */
#define GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

int flx_upgrade_read(flx_connect *connect, const flx_request *request, const flx_origin_rule *rule)
{
    int status;

    if (request->method.length != 3 || memcmp(request->method.at, "GET", 3) != 0) {
        return 400;
    }
    status = flx_connect_query(connect, request);
    if (status == 0 && !flx_origin_is_allowed(request, rule)) {
        status = 403;
    }
    if (status == 0) {
        status = flx_connect_judge(connect, request);
    }
    if (status != 0) {
        flx_connect_free(connect);
    }
    return status;
}

/* Appends all values of a header as Elixir prints a list of strings: ["a", "b"]. */
static void add_values(flx_buffer *buffer, const flx_request *request, const char *name)
{
    flx_slice value;
    int index = 0, is_first = 1;
    size_t i;

    flx_buffer_add_text(buffer, "[");
    while (flx_request_next(request, name, &index, &value)) {
        flx_buffer_add_text(buffer, is_first ? "\"" : ", \"");
        is_first = 0;
        for (i = 0; i < value.length; i++) {
            unsigned char c = (unsigned char)value.at[i];
            if (c < 0x20 || c > 0x7E) {
                char escape[8];
                snprintf(escape, sizeof escape, "\\x%02X", c);
                flx_buffer_add_text(buffer, escape);
            }
            else {
                if (c == '"' || c == '\\') {
                    flx_buffer_add_text(buffer, "\\");
                }
                flx_buffer_add(buffer, &value.at[i], 1);
            }
        }
        flx_buffer_add_text(buffer, "\"");
    }
    flx_buffer_add_text(buffer, "]");
}

static int refuse(flx_buffer *buffer, const char *text)
{
    flx_buffer_add_text(buffer, text);
    return 400;
}

static int refuse_values(flx_buffer *buffer, const flx_request *request, const char *name,
                         const char *text)
{
    flx_buffer_add_text(buffer, "'");
    flx_buffer_add_text(buffer, name);
    flx_buffer_add_text(buffer, text);
    add_values(buffer, request, name);
    return 400;
}

/* How often a header is there. */
static int count(const flx_request *request, const char *name)
{
    flx_slice value;
    int index = 0, found = 0;

    while (flx_request_next(request, name, &index, &value)) {
        found++;
    }
    return found;
}

static int is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* Sixteen bytes in base64: 22 characters, the last of which has four spare bits, and "==". */
static int is_key(flx_slice key)
{
    size_t i;

    if (key.length != KEY_LENGTH || memcmp(key.at + KEY_LENGTH - 2, "==", 2) != 0) {
        return 0;
    }
    for (i = 0; i < KEY_LENGTH - 2; i++) {
        if (!is_base64(key.at[i])) {
            return 0;
        }
    }
    return strchr("AQgw", key.at[KEY_LENGTH - 3]) != NULL;
}

static int has_body(const flx_request *request)
{
    flx_slice length = flx_request_header(request, "content-length");
    size_t i;

    for (i = 0; i < length.length; i++) {
        if (length.at[i] != '0') {
            return 1;
        }
    }
    return flx_request_header(request, "transfer-encoding").at != NULL;
}

/* Whether it is an upgrade, in the order in which Bandit looks; then what it leaves open. */
static int check(flx_buffer *buffer, const flx_request *request)
{
    if (request->minor != 1) {
        return refuse(buffer, "HTTP version HTTP/1.0 unsupported");
    }
    if (count(request, "host") == 0) {
        return refuse(buffer, "'host' header is absent");
    }
    if (!flx_request_lists(request, "connection", "upgrade")) {
        return refuse_values(buffer, request, "connection",
                             "' header must contain 'upgrade', got ");
    }
    if (!flx_request_lists(request, "upgrade", "websocket")) {
        return refuse_values(buffer, request, "upgrade", "' header must contain 'websocket', got ");
    }
    if (count(request, "sec-websocket-key") == 0) {
        return refuse(buffer, "'sec-websocket-key' header is absent");
    }
    if (count(request, "sec-websocket-version") != 1 ||
        !flx_request_is(flx_request_header(request, "sec-websocket-version"), "13")) {
        return refuse_values(buffer, request, "sec-websocket-version",
                             "' header must equal '13', got ");
    }
    if (count(request, "sec-websocket-key") != 1 ||
        !is_key(flx_request_header(request, "sec-websocket-key"))) {
        return refuse(buffer, "'sec-websocket-key' header must be 16 bytes in base64, once");
    }
    if (has_body(request)) {
        return refuse(buffer, "an upgrade has no body");
    }
    return 0;
}

int flx_upgrade_answer(flx_buffer *buffer, const flx_request *request, const flx_connect *connect,
                       const char *date)
{
    char text[KEY_LENGTH + sizeof GUID];
    unsigned char digest[SHA_DIGEST_LENGTH], accept[32];
    int status = check(buffer, request);

    if (status != 0) {
        return status;
    }
    memcpy(text, flx_request_header(request, "sec-websocket-key").at, KEY_LENGTH);
    memcpy(text + KEY_LENGTH, GUID, sizeof GUID);
    SHA1((const unsigned char *)text, strlen(text), digest);
    EVP_EncodeBlock(accept, digest, sizeof digest);
    flx_buffer_add_text(buffer, "HTTP/1.1 101 Switching Protocols\r\ndate: ");
    flx_buffer_add_text(buffer, date);
    flx_buffer_add_text(buffer, "\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                                "sec-websocket-accept: ");
    flx_buffer_add_text(buffer, (const char *)accept);
    flx_buffer_add_text(buffer, "\r\ncache-control: max-age=0, private, must-revalidate\r\n");
    if (connect->echoes_protocol) {
        flx_buffer_add_text(buffer, "sec-websocket-protocol: phoenix\r\n");
    }
    flx_buffer_add_text(buffer, "\r\n");
    return 0;
}
