/* SPDX-License-Identifier: Apache-2.0 */
/* What the query and the headers of a connect say: version and tokens, by Plug's and Phoenix's rules. */
#include "flx_connect.h"

#include "flx_hex.h"
#include "flx_query.h"
#include "flx_request.h"
#include "flx_utf8.h"

#include <stdlib.h>
#include <string.h>

#define QUERY_LIMIT 1000000
#define BEARER      "base64url.bearer.phx."

/* Plug's decoding: a "%" without its digits stands for itself. Returns the text's end, or NULL if it is not UTF-8. */
static char *decode(flx_slice written, char *text)
{
    char *to = text;
    size_t from = 0;

    while (from < written.length) {
        char c = written.at[from++];
        if (c == '+') {
            c = ' ';
        }
        else if (c == '%') {
            int32_t byte = flx_hex_read(written.at + from, written.length - from, 2);
            if (byte >= 0) {
                c = (char)byte;
                from += 2;
            }
        }
        *to++ = c;
    }
    return flx_utf8_valid(text, (size_t)(to - text)) ? to : NULL;
}

/* Takes one number without leading zeros off a version. Returns 0 and whether it is 0, 1 or 2 (3: more), or -1. */
static int take_number(flx_slice *text, int *number)
{
    size_t digits = 0;

    while (digits < text->length && text->at[digits] >= '0' && text->at[digits] <= '9') {
        digits++;
    }
    if (digits == 0 || (digits > 1 && text->at[0] == '0')) {
        return -1;
    }
    *number = digits > 1 || text->at[0] > '2' ? 3 : text->at[0] - '0';
    text->at += digits;
    text->length -= digits;
    return 0;
}

static int take_dot(flx_slice *text)
{
    if (text->length == 0 || text->at[0] != '.') {
        return -1;
    }
    text->at++;
    text->length--;
    return 0;
}

/* Takes "-rc.1" or "+build" off a version. Returns whether it is there and well-formed, 0 if there is none, -1 if it is
 * malformed: identifiers of [0-9A-Za-z-] between dots, and numbers of a pre-release without leading zeros. */
static int take_label(flx_slice *text, char mark)
{
    size_t i, began = 1;
    int is_number = 1;

    if (text->length == 0 || text->at[0] != mark) {
        return 0;
    }
    for (i = 1;; i++) {
        char c = '\0';
        int is_digit;
        if (i < text->length) {
            c = text->at[i];
        }
        is_digit = c >= '0' && c <= '9';
        if (is_digit || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-') {
            is_number = is_number && is_digit;
            continue;
        }
        if (i == began || (mark == '-' && is_number && i - began > 1 && text->at[began] == '0')) {
            return -1;
        }
        if (c != '.') {
            break;
        }
        began = i + 1;
        is_number = 1;
    }
    text->at += i;
    text->length -= i;
    return 1;
}

/* The serializer that a version asks for: "~> 1.0.0" or "~> 2.0.0"; 0 for none. */
static int version_of(flx_slice text)
{
    int major, minor, patch, has_label;

    if (take_number(&text, &major) != 0 || take_dot(&text) != 0 ||
        take_number(&text, &minor) != 0 || take_dot(&text) != 0 ||
        take_number(&text, &patch) != 0) {
        return 0;
    }
    has_label = take_label(&text, '-');
    if (has_label < 0 || take_label(&text, '+') < 0 || text.length > 0) {
        return 0;
    }
    if (major < 1 || major > 2 || minor != 0 || (has_label && patch == 0)) {
        return 0; /* a pre-release sorts below its release */
    }
    return major;
}

/* Whether a name is one with brackets, "vsn[]" or "vsn[a]": its value is a list or a map, no text. */
static int is_nested(flx_slice name, const char *text)
{
    size_t length = strlen(text);

    return name.length > length + 1 && flx_request_begins(name, text) && name.at[length] == '[' &&
           name.at[name.length - 1] == ']';
}

static int is_name(flx_slice name, const char *text)
{
    return name.length == strlen(text) && memcmp(name.at, text, name.length) == 0;
}

static void note(flx_connect *connect, flx_slice name, flx_slice value)
{
    if (is_name(name, "vsn")) {
        connect->version = version_of(value);
    }
    else if (is_nested(name, "vsn")) {
        connect->version = 0;
    }
    else if (is_name(name, "token")) {
        if (flx_request_begins(value, FLX_SESSION_PREFIX)) {
            connect->session = value;
        }
        else if (value.length > 0) {
            connect->token = value;
        }
    }
}

int flx_connect_query(flx_connect *connect, const flx_request *request)
{
    flx_slice rest = request->query, header = { NULL, 0 };
    flx_query_parameter parameter;
    size_t room = 0;
    int index = 0;
    char *to;

    memset(connect, 0, sizeof *connect);
    connect->version = 1;
    if (rest.length > QUERY_LIMIT) {
        return 414;
    }
    while (flx_request_next(request, "sec-websocket-protocol", &index, &header)) {
        room += header.length;
    }
    /* decoding never makes anything longer */
    connect->memory = malloc(rest.length + room + 1);
    if (connect->memory == NULL) {
        return 500;
    }
    to = connect->memory + room; /* what lies before belongs to the subprotocols */
    while (rest.at != NULL && flx_query_next(&rest, &parameter)) {
        flx_slice name = { to, 0 }, value;
        char *end = decode(parameter.name, to);
        if (end == NULL) {
            return 400;
        }
        name.length = (size_t)(end - to);
        to = end;
        end = decode(parameter.value, to);
        if (end == NULL) {
            return 400;
        }
        value.at = to;
        value.length = (size_t)(end - to);
        to = end;
        note(connect, name, value);
    }
    return 0;
}

/* The six bits of a character of either alphabet, or -1. */
static int bits_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

/* Decodes base64 of either alphabet, padded or not. Returns the length, or -1. */
static long decode_bearer(flx_slice written, char *text)
{
    unsigned kept = 0, bits = 0;
    char *to = text;
    size_t i;

    if (written.length % 4 == 0) {
        for (i = 0; i < 2 && written.length > 0 && written.at[written.length - 1] == '='; i++) {
            written.length--;
        }
    }
    if (written.length % 4 == 1) {
        return -1;
    }
    for (i = 0; i < written.length; i++) {
        int six = bits_of(written.at[i]);
        if (six < 0) {
            return -1;
        }
        kept = (kept << 6 | (unsigned)six) & 0xFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *to++ = (char)(kept >> bits & 0xFF);
        }
    }
    return (long)(to - text);
}

typedef struct offer {
    int tokens; /* entries that hold a token */
    int others;
    int has_phoenix;
    flx_slice token;
} offer;

static void read_offer(offer *offered, const flx_request *request)
{
    flx_slice list, item;
    int index = 0;

    memset(offered, 0, sizeof *offered);
    while (flx_request_next(request, "sec-websocket-protocol", &index, &list)) {
        while (flx_request_item(&list, &item)) {
            if (flx_request_begins(item, BEARER)) {
                offered->tokens++;
                offered->token.at = item.at + strlen(BEARER);
                offered->token.length = item.length - strlen(BEARER);
            }
            else {
                offered->others++;
                offered->has_phoenix = offered->has_phoenix || is_name(item, "phoenix");
            }
        }
    }
}

/* Phoenix takes the token's entry off the list if there is just one, and then wants "phoenix" in what is
 * left. An offer without any token is left alone: no subprotocol is configured. */
static int judge_protocols(flx_connect *connect, const flx_request *request)
{
    offer offered;

    read_offer(&offered, request);
    connect->echoes_protocol = offered.has_phoenix;
    if (offered.tokens == 1) {
        long length = decode_bearer(offered.token, connect->memory);
        if (length < 0) {
            return 403;
        }
        if (length > 0) {
            connect->token.at = connect->memory;
            connect->token.length = (size_t)length;
        }
    }
    return !offered.has_phoenix &&
                   (offered.tokens > 1 || (offered.tokens == 1 && offered.others > 0))
               ? 403
               : 0;
}

/* The token of "Bearer TOKEN"; at is NULL for any other scheme. */
static flx_slice bearer_of(flx_slice value)
{
    static const char scheme[] = "bearer";
    flx_slice word = value, none = { NULL, 0 };

    if (value.length <= sizeof scheme - 1) {
        return none;
    }
    word.length = sizeof scheme - 1;
    if (!flx_request_is(word, scheme) || value.at[word.length] != ' ') {
        return none;
    }
    value.at += word.length;
    value.length -= word.length;
    while (value.length > 0 && value.at[0] == ' ') {
        value.at++;
        value.length--;
    }
    return value.length > 0 ? value : none;
}

int flx_connect_judge(flx_connect *connect, const flx_request *request)
{
    flx_slice header, second;
    int index = 0, status;

    if (flx_request_next(request, "authorization", &index, &header)) {
        if (flx_request_next(request, "authorization", &index, &second)) {
            return 400;
        }
        if (connect->token.at == NULL) {
            connect->token = bearer_of(header);
        }
    }
    header = flx_request_header(request, "x-phoenix-authtoken");
    if (header.length > 0) {
        connect->token = header;
    }
    header = flx_request_header(request, "x-phoenix-longpoll-token");
    if (header.length > 0) {
        connect->session = header;
    }
    status = judge_protocols(connect, request);
    if (status != 0) {
        return status;
    }
    return connect->version == 0 ? 403 : 0;
}

int flx_connect_read(flx_connect *connect, const flx_request *request)
{
    int status = flx_connect_query(connect, request);

    if (status == 0) {
        status = flx_connect_judge(connect, request);
    }
    if (status != 0) {
        flx_connect_free(connect);
    }
    return status;
}

void flx_connect_free(flx_connect *connect)
{
    free(connect->memory);
    memset(connect, 0, sizeof *connect);
}
