/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what is made of a request head: the checks of an upgrade and the reading of a connect. An input is a head of lines:
 * "GET /path?query 1", then "name: value". */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "flx_buffer.h"
#include "flx_upgrade.h"
#include "flx_utf8.h"

#define ANSWER_LIMIT 65536
#define DATE         "Mon, 23 Nov 2026 01:51:54 GMT"

static const char *const listed[] = { "https://*.ex.com", "//app.ex.com:8080", "http://[::1]:80",
                                      NULL };
static const char *const all[] = { "*", NULL };
static const char *const none[] = { NULL };

/* Takes what stands before a character off a text; all of it if the character is not there. */
static flx_slice take(flx_slice *text, char end)
{
    const char *found = text->length > 0 ? memchr(text->at, end, text->length) : NULL;
    flx_slice part = { text->at, found != NULL ? (size_t)(found - text->at) : text->length };
    size_t taken = part.length + (found != NULL);

    text->at += taken;
    text->length -= taken;
    return part;
}

static void trim(flx_slice *text)
{
    while (text->length > 0 && (text->at[0] == ' ' || text->at[0] == '\t')) {
        text->at++;
        text->length--;
    }
    while (text->length > 0 && text->at[text->length - 1] == ' ') {
        text->length--;
    }
}

/* Reads a head as http-parser would leave it. */
static void read_head(flx_request *request, flx_slice text)
{
    flx_slice line = take(&text, '\n'), target;

    memset(request, 0, sizeof *request);
    request->method = take(&line, ' ');
    target = take(&line, ' ');
    request->path = take(&target, '?');
    if (target.at > request->path.at + request->path.length) {
        request->query = target;
    }
    request->minor = line.length > 0 && line.at[0] == '0' ? 0 : 1;
    while (text.length > 0 && request->count < FLX_REQUEST_HEADERS) {
        flx_header *header = &request->headers[request->count];
        line = take(&text, '\n');
        header->name = take(&line, ':');
        trim(&line);
        header->value = line;
        if (header->name.length > 0) {
            request->count++;
        }
    }
}

static int is_equal(flx_slice one, flx_slice other)
{
    return (one.at == NULL) == (other.at == NULL) && one.length == other.length &&
           (one.at == NULL || memcmp(one.at, other.at, one.length) == 0);
}

static void check_connect(const flx_connect *connect)
{
    char *touched;

    must(connect->version == 1 || connect->version == 2);
    must(connect->token.at != NULL || connect->token.length == 0);
    must(connect->session.at != NULL || connect->session.length == 0);
    /* Bytes that are not there are read here, if they are not there. */
    touched = malloc(connect->token.length + connect->session.length + 1);
    must(touched != NULL);
    if (connect->token.at != NULL) {
        memcpy(touched, connect->token.at, connect->token.length);
    }
    if (connect->session.at != NULL) {
        memcpy(touched + connect->token.length, connect->session.at, connect->session.length);
    }
    free(touched);
}

static int count_of(const char *text, size_t length, const char *part)
{
    size_t i, size = strlen(part);
    int count = 0;

    for (i = 0; i + size <= length; i++) {
        count += memcmp(text + i, part, size) == 0;
    }
    return count;
}

/* Whatever the head says, the answer is a well-formed one, or one line of printable text. */
static void check_answer(const flx_request *request, const flx_connect *connect)
{
    flx_buffer answer;
    size_t i;
    int status;

    flx_buffer_init(&answer, ANSWER_LIMIT);
    status = flx_upgrade_answer(&answer, request, connect, DATE);
    if (flx_buffer_failed(&answer)) {
        flx_buffer_free(&answer);
        return;
    }
    if (status == 0) {
        must(request->minor == 1);
        must(answer.length > 4 &&
             memcmp(answer.at, "HTTP/1.1 101 Switching Protocols\r\n", 34) == 0);
        must(memcmp(answer.at + answer.length - 4, "\r\n\r\n", 4) == 0);
        must(count_of(answer.at, answer.length, "\r\n\r\n") == 1);
        must(count_of(answer.at, answer.length, "\r\n") == 7 + (connect->echoes_protocol != 0));
        must(count_of(answer.at, answer.length, "\nsec-websocket-accept: ") == 1);
        must(count_of(answer.at, answer.length, "\nsec-websocket-protocol: phoenix\r") ==
             (connect->echoes_protocol != 0));
    }
    else {
        must(status == 400 && answer.length > 0);
        for (i = 0; i < answer.length; i++) {
            must(answer.at[i] >= ' ' && answer.at[i] <= '~');
        }
    }
    flx_buffer_free(&answer);
}

/* Reads it by one rule; names in any case say the same. */
static int check_rule(flx_request *request, char *copy, size_t length, const char *const *allowed)
{
    flx_origin_rule rule = { allowed, flx_request_header(request, "host") };
    flx_connect connect, again;
    int status = flx_upgrade_read(&connect, request, &rule), other, i;
    size_t j;

    must(status == 0 || status == 400 || status == 403 || status == 414);
    for (i = 0; i < request->count; i++) {
        char *name = copy + (request->headers[i].name.at - copy);
        must(name >= copy && name < copy + length);
        for (j = 0; j < request->headers[i].name.length; j++) {
            if ((name[j] >= 'a' && name[j] <= 'z') || (name[j] >= 'A' && name[j] <= 'Z')) {
                name[j] ^= 0x20;
            }
        }
    }
    other = flx_upgrade_read(&again, request, &rule);
    must(other == status);
    if (status == 0) {
        must(request->method.length == 3 && memcmp(request->method.at, "GET", 3) == 0);
        must(flx_origin_is_allowed(request, &rule));
        must(is_equal(connect.token, again.token) && is_equal(connect.session, again.session));
        must(connect.version == again.version && connect.echoes_protocol == again.echoes_protocol);
        check_connect(&connect);
        check_answer(request, &connect);
        flx_connect_free(&connect);
        flx_connect_free(&again);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flx_request request;
    flx_connect connect;
    const char *transport;
    char *copy = malloc(size + (size == 0));
    int by_host, by_list, by_all, alone;

    must(copy != NULL);
    memcpy(copy, data, size);
    read_head(&request, (flx_slice){ copy, size });
    by_host = check_rule(&request, copy, size, none);
    by_list = check_rule(&request, copy, size, listed);
    by_all = check_rule(&request, copy, size, all);
    /* Who is refused although all origins are allowed is refused for something else. */
    must(by_all != 0 || ((by_host == 0 || by_host == 403) && (by_list == 0 || by_list == 403)));
    must(by_all == 0 || (by_host != 0 && by_list != 0));
    alone = flx_connect_read(&connect, &request);
    must(alone == 0 || alone == 400 || alone == 403 || alone == 414);
    must(by_all != 0 || alone == 0);
    if (alone == 0) {
        check_connect(&connect);
        flx_connect_free(&connect);
    }
    transport = flx_request_transport(&request, "/socket");
    must(transport == NULL || strcmp(transport, "websocket") == 0 ||
         strcmp(transport, "longpoll") == 0);
    must(transport == NULL ||
         (request.path.length >= 7 + strlen(transport) && request.path.at[0] != ' '));
    free(copy);
    return 0;
}
