/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP as far as it takes to post texts to nchan. */
#include "publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REQUEST 2048

static void on_connected(load_stream *stream)
{
    (void)stream; /* what it has to say waits */
}

static void answer(load_publisher *publisher, const char *fault)
{
    if (publisher->is_waiting) {
        publisher->is_waiting = 0;
        publisher->answered(publisher, fault);
    }
}

static size_t on_received(load_stream *stream, const char *bytes, size_t length)
{
    load_publisher *publisher = (load_publisher *)stream;
    const char *end = memmem(bytes, length, "\r\n\r\n", 4), *at;
    size_t head, body = 0;
    int is_last = 0, is_well;

    if (end == NULL) {
        return 0;
    }
    head = (size_t)(end + 4 - bytes);
    for (at = memchr(bytes, '\n', head); at != NULL && at < end;
         at = memchr(at + 1, '\n', (size_t)(end + 4 - at - 1))) {
        if (strncasecmp(at + 1, "content-length: ", 16) == 0) {
            body = strtoul(at + 17, NULL, 10);
        }
        is_last |= strncasecmp(at + 1, "connection: close", 17) == 0;
    }
    if (length - head < body) {
        return 0;
    }
    /* 201: there are subscribers; 202: there are none yet. */
    is_well = strncmp(bytes, "HTTP/1.1 20", 11) == 0;
    if (is_last) {
        int was_waiting = publisher->is_waiting;
        publisher->is_waiting = 0;
        load_stream_fail(stream, "");
        publisher->is_waiting = was_waiting;
    }
    answer(publisher, is_well ? NULL : "the server did not take a message");
    return head + body;
}

static void on_ended(load_stream *stream, const char *why)
{
    answer((load_publisher *)stream, why);
}

static const load_stream_functions functions = { on_connected, on_received, on_ended };

void load_publisher_post(load_publisher *publisher, const char *text, size_t length)
{
    const load_options *options = &publisher->run->options;
    const char *mark = strstr(options->publish, "%s");
    char request[REQUEST], *out;
    int size = snprintf(
        request, sizeof request,
        "POST %.*s%s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: "
        "%zu\r\n\r\n%.*s",
        (int)(mark != NULL ? (size_t)(mark - options->publish) : strlen(options->publish)),
        options->publish, mark != NULL ? publisher->group : "", mark != NULL ? mark + 2 : "",
        options->host != NULL ? options->host : "localhost", length, (int)length, text);

    publisher->is_waiting = 1;
    if (!publisher->stream.is_open) {
        publisher->stream.functions = &functions;
        load_stream_open(&publisher->stream, &publisher->run->net, &options->to.at[0], NULL, 0);
    }
    if (size <= 0 || (size_t)size >= sizeof request) {
        load_stream_fail(&publisher->stream, "the request is too long");
        return;
    }
    out = load_stream_extend(&publisher->stream, (size_t)size);
    if (out != NULL) {
        memcpy(out, request, (size_t)size);
    }
}
