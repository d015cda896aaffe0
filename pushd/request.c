/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1 request out of bytes: http-parser, with what it lets through looked at again. */
#include "request.h"

#include "flx_request.h"

#include <http_parser.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM   1024
#define EMPTY_LINES  2  /* before the request line, as some clients send */
#define LENGTH_CHARS 15 /* of a content-length */
#define CHUNK_DIGITS 15 /* of a chunk's size */

/* Where in a body of chunks (RFC 9112, 7.1) the next byte stands. */
typedef enum chunk_place {
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_END, /* the LF behind them */
    CHUNK_DATA,
    CHUNK_DATA_RETURN,
    CHUNK_DATA_END,
    CHUNK_LINE, /* the beginning of a trailer's line */
    CHUNK_TRAILER,
    CHUNK_TRAILER_END,
    CHUNK_LAST_END,
    CHUNK_OVER
} chunk_place;

struct push_request {
    flx_request head;
    http_parser parser;
    flx_slice target;
    char *bytes; /* of the head */
    size_t length;
    size_t room;
    size_t limit;
    size_t line; /* where the line that is being received begins */
    unsigned empty_lines;
    char *body;
    size_t body_length;
    size_t body_room;
    size_t body_limit;
    int is_chunked;
    chunk_place place;
    unsigned digits;   /* of the chunk's size */
    size_t chunk_left; /* the size, then what is to come of it */
    int has_head;
    int is_whole;
    int keeps_alive;
    int expects;
    int status;
};

/* ---- http-parser's callbacks ---- */

static push_request *of(http_parser *parser)
{
    return parser->data;
}

static int on_url(http_parser *parser, const char *at, size_t length)
{
    push_request *request = of(parser);

    request->target.at = at;
    request->target.length = length;
    return 0;
}

static int on_header_field(http_parser *parser, const char *at, size_t length)
{
    push_request *request = of(parser);
    flx_header *header;

    if (request->has_head) {
        return 0; /* a trailer: nobody asks for it */
    }
    if (request->head.count == FLX_REQUEST_HEADERS) {
        request->status = 431;
        return -1;
    }
    header = &request->head.headers[request->head.count++];
    header->name.at = at;
    header->name.length = length;
    header->value.at = "";
    header->value.length = 0;
    return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t length)
{
    push_request *request = of(parser);

    if (request->has_head || request->head.count == 0) {
        return 0;
    }
    while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t')) {
        length--;
    }
    request->head.headers[request->head.count - 1].value.at = at;
    request->head.headers[request->head.count - 1].value.length = length;
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    push_request *request = of(parser);

    request->keeps_alive = http_should_keep_alive(parser);
    request->has_head = 1;
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t length)
{
    push_request *request = of(parser);
    size_t room = request->body_room > 0 ? request->body_room : FIRST_ROOM;
    char *body;

    if (length > request->body_limit - request->body_length) {
        request->status = 413;
        return -1;
    }
    while (room - request->body_length < length) {
        room *= 2;
    }
    if (room != request->body_room) {
        body = realloc(request->body, room);
        if (body == NULL) {
            request->status = 500;
            return -1;
        }
        request->body = body;
        request->body_room = room;
    }
    memcpy(request->body + request->body_length, at, length);
    request->body_length += length;
    return 0;
}

static int on_message_complete(http_parser *parser)
{
    of(parser)->is_whole = 1;
    http_parser_pause(parser, 1);
    return 0;
}

/* Returns how many bytes were taken, or -1 with a status. */
static long execute(push_request *request, const char *bytes, size_t length)
{
    static const http_parser_settings settings = {
        .on_url = on_url,
        .on_header_field = on_header_field,
        .on_header_value = on_header_value,
        .on_headers_complete = on_headers_complete,
        .on_body = on_body,
        .on_message_complete = on_message_complete,
    };
    size_t taken = http_parser_execute(&request->parser, &settings, bytes, length);
    enum http_errno fault = HTTP_PARSER_ERRNO(&request->parser);

    if (fault != HPE_OK && !(fault == HPE_PAUSED && request->is_whole)) {
        request->status = request->status != 0 ? request->status : 400;
        return -1;
    }
    return (long)taken;
}

/* ---- the head ---- */

static int is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* How often a header is there; the last one's value. */
static int count(const push_request *request, const char *name, flx_slice *value)
{
    int index = 0, found = 0;

    while (flx_request_next(&request->head, name, &index, value)) {
        found++;
    }
    return found;
}

/* Host: one, or none in HTTP/1.0, and nothing but a host and a port in it. */
static int check_host(const push_request *request)
{
    flx_slice host = { "", 0 };
    int hosts = count(request, "host", &host);
    size_t i;

    if (hosts > 1 || (hosts == 0 && request->head.minor == 1)) {
        return 400;
    }
    for (i = 0; i < host.length; i++) {
        if (host.at[i] <= ' ' || host.at[i] > '~' || strchr("/\\@?#,", host.at[i]) != NULL) {
            return 400;
        }
    }
    return 0;
}

/* How long the body is must be said once and in one way (RFC 9112, 6.3). */
static int check_body(push_request *request)
{
    flx_slice length = { "0", 1 }, coding;
    int lengths = count(request, "content-length", &length);
    int codings = count(request, "transfer-encoding", &coding);
    unsigned long long bytes = 0;
    size_t i;

    if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0)) {
        return 400;
    }
    request->is_chunked = codings > 0;
    if (codings > 0) {
        return request->head.minor == 0 ? 400 : flx_request_is(coding, "chunked") ? 0 : 501;
    }
    if (length.length == 0 || length.length > LENGTH_CHARS) {
        return 400;
    }
    for (i = 0; i < length.length; i++) {
        if (length.at[i] < '0' || length.at[i] > '9') {
            return 400;
        }
        bytes = bytes * 10 + (unsigned)(length.at[i] - '0');
    }
    return bytes > PUSH_REQUEST_BODY ? 413 : 0;
}

static int check_headers(const push_request *request)
{
    int i;
    size_t j;

    for (i = 0; i < request->head.count; i++) {
        const flx_slice *name = &request->head.headers[i].name;
        for (j = 0; j < name->length; j++) {
            if (!is_token(name->at[j])) {
                return 400;
            }
        }
        if (name->length == 0) {
            return 400;
        }
    }
    return 0;
}

/* Takes "http://host" off a target (RFC 9112, 3.2.2), and splits it at its "?". */
static int split_target(push_request *request)
{
    flx_slice target = request->target;
    const char *mark, *at;
    size_t i;

    for (i = 0; i < target.length; i++) {
        if (target.at[i] <= ' ' || target.at[i] > '~' || target.at[i] == '#') {
            return 400;
        }
    }
    if (target.length > 0 && target.at[0] != '/' && target.at[0] != '*') {
        at = memchr(target.at, ':', target.length);
        if (at == NULL || target.length - (size_t)(at - target.at) < 3 || at[1] != '/' ||
            at[2] != '/') {
            return 400;
        }
        at += 3;
        while (at < target.at + target.length && *at != '/' && *at != '?') {
            at++;
        }
        target.length -= (size_t)(at - target.at);
        target.at = at;
    }
    mark = target.length > 0 ? memchr(target.at, '?', target.length) : NULL;
    request->head.path.at = target.at;
    request->head.path.length = mark != NULL ? (size_t)(mark - target.at) : target.length;
    request->head.query.at = mark != NULL ? mark + 1 : NULL;
    request->head.query.length = mark != NULL ? target.length - request->head.path.length - 1 : 0;
    return 0;
}

/* The whole head is there. */
static int parse_head(push_request *request)
{
    int status;

    if (execute(request, request->bytes, request->length) < 0) {
        return request->status;
    }
    if (!request->has_head) {
        return 400;
    }
    if (request->parser.http_major == 0) {
        return 400; /* a line without a version */
    }
    if (request->parser.http_major != 1 || request->parser.http_minor > 1) {
        return 505;
    }
    if (request->parser.method == HTTP_CONNECT) {
        return 501;
    }
    request->head.minor = request->parser.http_minor;
    request->head.method.at = http_method_str((enum http_method)request->parser.method);
    request->head.method.length = strlen(request->head.method.at);
    status = check_headers(request);
    status = status != 0 ? status : split_target(request);
    status = status != 0 ? status : check_host(request);
    status = status != 0 ? status : check_body(request);
    request->expects = flx_request_lists(&request->head, "expect", "100-continue");
    return status;
}

/* A line of the head is there: no folded one, and an empty one ends the head. Returns 1 at the end, 0, or -1. */
static int end_line(push_request *request)
{
    size_t length = request->length - request->line - 2; /* without CRLF */
    char first = request->bytes[request->line];

    if (length == 0 && request->line == 0) {
        request->length = 0; /* before the request line */
        return ++request->empty_lines > EMPTY_LINES ? -1 : 0;
    }
    if (length > 0 && (first == ' ' || first == '\t')) {
        return -1;
    }
    request->line = request->length;
    return length == 0;
}

/* Takes bytes up to the end of the head: lines that end with CRLF, without any other control character. Returns
 * how many it took; *is_complete: -1 with a status, 0, or 1. */
static size_t take_head(push_request *request, const char *bytes, size_t length, int *is_complete)
{
    size_t i;

    for (i = 0; i < length && *is_complete == 0; i++) {
        unsigned char c = (unsigned char)bytes[i];
        int follows_return = request->length > 0 && request->bytes[request->length - 1] == '\r';

        if (request->length == request->room) {
            size_t room = request->room > 0 ? request->room * 2 : FIRST_ROOM;
            char *grown = request->length < request->limit ? realloc(request->bytes, room) : NULL;
            if (grown == NULL) {
                request->status = request->length < request->limit ? 500 : 431;
                *is_complete = -1;
                return i;
            }
            request->bytes = grown;
            request->room = room;
        }
        if ((c == '\n') != follows_return || (c < ' ' && c != '\t' && c != '\r' && c != '\n') ||
            c == 0x7F) {
            request->status = 400;
            *is_complete = -1;
            return i;
        }
        request->bytes[request->length++] = (char)c;
        if (request->length > request->limit) {
            request->status = 431;
            *is_complete = -1;
        }
        else if (c == '\n') {
            *is_complete = end_line(request);
            request->status = *is_complete < 0 ? 400 : 0;
        }
    }
    return i;
}

/* ---- a body of chunks ---- */

/* The value of a hexadecimal digit, or -1. */
static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* A byte of a line: goes on to end behind its CR. Returns 0, or -1 for what no line may have. */
static int take_line_byte(push_request *request, char c, chunk_place within, chunk_place end)
{
    unsigned char byte = (unsigned char)c;

    request->place = c == '\r' ? end : within;
    return (byte < ' ' && c != '\t' && c != '\r') || byte == 0x7F ? -1 : 0;
}

static int take_size_byte(push_request *request, char c)
{
    int digit = digit_of(c);

    if (digit >= 0) {
        request->chunk_left = request->chunk_left * 16 + (size_t)digit;
        return ++request->digits > CHUNK_DIGITS ? -1 : 0;
    }
    request->place = c == '\r' ? CHUNK_SIZE_END : CHUNK_EXTENSION;
    return request->digits == 0 || (c != '\r' && c != ';') ? -1 : 0;
}

/* A byte that has to be this one. */
static int take_byte(push_request *request, char c, char wanted, chunk_place next)
{
    request->place = next;
    return c == wanted ? 0 : -1;
}

/* One byte that is not a chunk's data. Returns 0, or -1 if it is wrong there. */
static int take_chunk_byte(push_request *request, char c)
{
    switch (request->place) {
    case CHUNK_SIZE:
        return take_size_byte(request, c);
    case CHUNK_EXTENSION:
        return take_line_byte(request, c, CHUNK_EXTENSION, CHUNK_SIZE_END);
    case CHUNK_SIZE_END:
        request->digits = 0;
        return take_byte(request, c, '\n', request->chunk_left > 0 ? CHUNK_DATA : CHUNK_LINE);
    case CHUNK_DATA_RETURN:
        return take_byte(request, c, '\r', CHUNK_DATA_END);
    case CHUNK_DATA_END:
        return take_byte(request, c, '\n', CHUNK_SIZE);
    case CHUNK_LINE:
        return take_line_byte(request, c, CHUNK_TRAILER, CHUNK_LAST_END);
    case CHUNK_TRAILER:
        return take_line_byte(request, c, CHUNK_TRAILER, CHUNK_TRAILER_END);
    case CHUNK_TRAILER_END:
        return take_byte(request, c, '\n', CHUNK_LINE);
    case CHUNK_LAST_END:
        return take_byte(request, c, '\n', CHUNK_OVER);
    case CHUNK_DATA:
    case CHUNK_OVER:
        break;
    }
    return 0;
}

/* http-parser takes any byte where a chunk's CR and LF belong, and a bare LF within an extension: who passes a request on to us
 * may see its end elsewhere. Returns 0, or -1. */
static int check_chunks(push_request *request, const char *bytes, size_t length)
{
    size_t i = 0;

    while (i < length && request->place != CHUNK_OVER) {
        if (request->place == CHUNK_DATA) {
            size_t taken = request->chunk_left < length - i ? request->chunk_left : length - i;
            request->chunk_left -= taken;
            i += taken;
            request->place = request->chunk_left > 0 ? CHUNK_DATA : CHUNK_DATA_RETURN;
        }
        else if (take_chunk_byte(request, bytes[i++]) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- all of it ---- */

push_request_state push_request_take(push_request *request, const char *bytes, size_t length,
                                     size_t *taken)
{
    int is_complete = 0;
    long used;

    *taken = 0;
    if (request->status != 0) {
        return PUSH_REQUEST_BAD;
    }
    if (!request->has_head) {
        *taken = take_head(request, bytes, length, &is_complete);
        if (is_complete == 0) {
            return PUSH_REQUEST_WANTS;
        }
        if (is_complete > 0) {
            request->status = parse_head(request);
        }
        return request->status != 0 ? PUSH_REQUEST_BAD
               : request->is_whole  ? PUSH_REQUEST_WHOLE
                                    : PUSH_REQUEST_HEAD;
    }
    if (length == 0) {
        return PUSH_REQUEST_WANTS;
    }
    if (request->is_chunked && check_chunks(request, bytes, length) != 0) {
        request->status = 400;
        return PUSH_REQUEST_BAD;
    }
    used = execute(request, bytes, length);
    if (used < 0) {
        return PUSH_REQUEST_BAD;
    }
    *taken = (size_t)used;
    return request->is_whole ? PUSH_REQUEST_WHOLE : PUSH_REQUEST_WANTS;
}

push_request *push_request_make(size_t head_size)
{
    push_request *request = calloc(1, sizeof *request);

    if (request != NULL) {
        http_parser_init(&request->parser, HTTP_REQUEST);
        request->parser.data = request;
        request->limit = head_size;
        request->body_limit = PUSH_REQUEST_BODY;
    }
    return request;
}

void push_request_free(push_request *request)
{
    if (request != NULL) {
        free(request->bytes);
        free(request->body);
        free(request);
    }
}

const flx_request *push_request_head(const push_request *request)
{
    return &request->head;
}

flx_slice push_request_body(const push_request *request)
{
    flx_slice body = { request->body != NULL ? request->body : "", request->body_length };

    return body;
}

void push_request_limit_body(push_request *request, size_t size)
{
    if (size >= request->body_length && size < request->body_limit) {
        request->body_limit = size;
    }
}

int push_request_is_whole(const push_request *request)
{
    return request->is_whole;
}

int push_request_keeps_alive(const push_request *request)
{
    return request->keeps_alive;
}

int push_request_expects(const push_request *request)
{
    return request->expects;
}

int push_request_has_begun(const push_request *request)
{
    return request->length > 0;
}

int push_request_status(const push_request *request)
{
    return request->status;
}
