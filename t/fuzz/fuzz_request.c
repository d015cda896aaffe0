/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of HTTP requests: the same requests come out whatever the read boundaries are, one behind the other, and what a head says is
 * clean. The first byte is a seed of the boundaries. */
#include "fuzz.h"

#include <string.h>

#include "flx_buffer.h"
#include "request.h"

#define HEAD_SIZE 600
#define LOG_LIMIT 1000000
#define REQUESTS  20

static void note(flx_buffer *log, const char *name, flx_slice value)
{
    flx_buffer_add_text(log, name);
    flx_buffer_add_number(log, value.at == NULL ? -1 : (int64_t)value.length);
    flx_buffer_add_text(log, ":");
    if (value.length > 0) {
        flx_buffer_add(log, value.at, value.length);
    }
}

/* No character that ends a line, or that other servers may read in another way. */
static void must_be_clean(flx_slice text, int has_spaces)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        must(c >= ' ' || (c == '\t' && has_spaces));
        must(c != 0x7F && (has_spaces || (c != ' ' && c < 0x80)));
    }
}

static int is(flx_slice name, const char *text)
{
    return name.length == strlen(text) && strncasecmp(name.at, text, name.length) == 0;
}

static void check_head(const flx_request *head, flx_buffer *log)
{
    int hosts = 0, lengths = 0, codings = 0;

    note(log, "method", head->method);
    note(log, "path", head->path);
    note(log, "query", head->query);
    must(head->minor == 0 || head->minor == 1);
    must(head->count <= FLX_REQUEST_HEADERS);
    must_be_clean(head->method, 0);
    must_be_clean(head->path, 0);
    must_be_clean(head->query, 0);
    for (int i = 0; i < head->count; i++) {
        flx_slice name = head->headers[i].name, value = head->headers[i].value;
        note(log, "name", name);
        note(log, "value", value);
        must(name.length > 0);
        must_be_clean(name, 0);
        must(memchr(name.at, ':', name.length) == NULL);
        must_be_clean(value, 1);
        must(value.length == 0 || (value.at[0] != ' ' && value.at[value.length - 1] != ' '));
        hosts += is(name, "host");
        lengths += is(name, "content-length");
        codings += is(name, "transfer-encoding");
    }
    must(hosts <= 1 && (hosts == 1 || head->minor == 0));
    must(lengths + codings <= 1);
}

/* Reads requests until one is bad or nothing is left; what came out. */
static flx_buffer run(const char *bytes, size_t length, size_t most, uint32_t seed)
{
    push_request *request = NULL;
    size_t from = 0, to = 0, taken;
    flx_buffer log;
    int requests = 0;

    flx_buffer_init(&log, LOG_LIMIT);
    while (requests < REQUESTS) {
        push_request_state state;
        char *piece;

        if (from == to) { /* the next read */
            size_t count = most;
            if (most == 0) {
                seed = seed * 1103515245 + 12345;
                count = 1 + (seed >> 16) % 30;
            }
            to += count < length - to ? count : length - to;
            if (from == to) {
                break;
            }
        }
        if (request == NULL) {
            request = push_request_make(HEAD_SIZE);
            must(request != NULL);
        }
        piece = malloc(to - from); /* of just this size */
        must(piece != NULL);
        memcpy(piece, bytes + from, to - from);
        state = push_request_take(request, piece, to - from, &taken);
        free(piece);
        must(taken <= to - from);
        if (state == PUSH_REQUEST_BAD) {
            int status = push_request_status(request);
            must(status >= 400 && status < 600);
            flx_buffer_add_text(&log, "bad");
            flx_buffer_add_number(&log, status);
            break;
        }
        must(state != PUSH_REQUEST_WANTS || taken == to - from);
        from += taken;
        if (state == PUSH_REQUEST_HEAD) {
            must(!push_request_is_whole(request));
            check_head(push_request_head(request), &log);
        }
        else if (state == PUSH_REQUEST_WHOLE) {
            must(push_request_is_whole(request));
            check_head(push_request_head(request), &log);
            note(&log, "body", push_request_body(request));
            flx_buffer_add_text(&log, push_request_keeps_alive(request) ? "keep" : "close");
            flx_buffer_add_text(&log, push_request_expects(request) ? "expects" : "");
            push_request_free(request);
            request = NULL;
            requests++;
        }
    }
    push_request_free(request);
    must(!flx_buffer_failed(&log));
    return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flx_buffer whole, other;

    if (size < 1) {
        return 0;
    }
    whole = run((const char *)data + 1, size - 1, size, 0);
    for (size_t most = 0; most < 3; most++) {
        other = run((const char *)data + 1, size - 1, most, data[0]);
        must(other.length == whole.length);
        must(whole.length == 0 || memcmp(other.at, whole.at, whole.length) == 0);
        flx_buffer_free(&other);
    }
    flx_buffer_free(&whole);
    return 0;
}
