/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's messages as they stand on the wire, versions 1 and 2. */
#include "serializer.h"

#include <stdlib.h>
#include <string.h>

#include "flx_utf8.h"

/* A binary push: its kind, four lengths, then the fields, then the payload. */
#define BINARY_PUSH   0
#define BINARY_HEADER 5

int push_slice_is(flx_slice one, flx_slice other)
{
    return one.length == other.length && memcmp(one.at, other.at, one.length) == 0;
}

/* -- One spelling ------------------------------------------------------------------------------------ */

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The end of a string whose opening quote is at at, behind its closing one. Here and below the text is JSON that
 * was judged. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') {
            at++;
        }
    }
    return at < end ? at + 1 : end;
}

/* The end of a value that begins at at, without the white space behind it. */
static const char *skip_value(const char *at, const char *end)
{
    const char *start = at;
    size_t depth = 0;

    while (at < end) {
        char c = *at;
        if (depth == 0 && at > start && (c == ',' || c == ']' || c == '}' || is_space(c))) {
            return at;
        }
        if (c == '"') {
            at = skip_string(at, end);
            if (depth == 0) {
                return at;
            }
            continue;
        }
        at++;
        if (c == '[' || c == '{') {
            depth++;
        }
        else if ((c == ']' || c == '}') && --depth == 0) {
            return at;
        }
    }
    return end;
}

/* Appends a string in its one spelling. */
static int add_string(flx_buffer *out, flx_slice written)
{
    char *text = malloc(written.length);
    size_t length;
    int result = text == NULL ? -1 : flx_json_text(written, text, written.length, &length);

    if (result == 0) {
        flx_buffer_add_string(out, text, length);
    }
    free(text);
    return result;
}

/* Appends a value in its one spelling. */
static int add_value(flx_buffer *out, flx_slice value)
{
    const char *at = value.at, *end = value.at + value.length;

    while (at < end) {
        if (*at == '"') {
            const char *behind = skip_string(at, end);
            if (add_string(out, (flx_slice){ at, (size_t)(behind - at) }) != 0) {
                return -1;
            }
            at = behind;
            continue;
        }
        if (!is_space(*at)) {
            flx_buffer_add(out, at, 1);
        }
        at++;
    }
    return 0;
}

/* Whether a value may be written in another way than its one spelling. */
static int needs_rewriting(flx_slice value)
{
    if (value.at[0] == '"') {
        return memchr(value.at, '\\', value.length) != NULL;
    }
    return value.at[0] == '[' || value.at[0] == '{';
}

/* Gives the four their one spelling. */
static int settle(push_frame *frame)
{
    flx_slice *values[] = { &frame->join_ref, &frame->ref, &frame->topic, &frame->event };
    size_t starts[4] = { 0 }, limit = 0;
    flx_buffer out;

    for (size_t i = 0; i < 4; i++) {
        /* "\u0001" becomes no longer, a raw DEL or letter stays: six for one is more than enough. */
        limit += values[i]->length * 6 + 2;
    }
    flx_buffer_init(&out, limit);
    for (size_t i = 0; i < 4; i++) {
        starts[i] = out.length;
        if (needs_rewriting(*values[i]) && add_value(&out, *values[i]) != 0) {
            flx_buffer_free(&out);
            return -1;
        }
    }
    if (flx_buffer_failed(&out)) {
        flx_buffer_free(&out);
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        size_t behind = i < 3 ? starts[i + 1] : out.length;
        if (behind > starts[i]) {
            *values[i] = (flx_slice){ out.at + starts[i], behind - starts[i] };
        }
    }
    frame->memory = out.at;
    return 0;
}

/* -- Reading ----------------------------------------------------------------------------------------- */

static int read_version_1(push_frame *frame, const char *text, size_t length)
{
    static const char *const names[] = { "topic", "event", "payload", "ref", "join_ref" };
    flx_slice values[5];

    if (flx_json_pick_loosely(text, length, names, values, 5) != FLX_JSON_FINE ||
        values[0].at == NULL || values[1].at == NULL || values[2].at == NULL ||
        values[3].at == NULL) {
        return -1;
    }
    frame->topic = values[0];
    frame->event = values[1];
    frame->payload = values[2];
    frame->ref = values[3];
    frame->join_ref = values[4].at != NULL ? values[4] : PUSH_NULL;
    return settle(frame);
}

static int read_version_2(push_frame *frame, const char *text, size_t length)
{
    flx_slice *values[] = { &frame->join_ref, &frame->ref, &frame->topic, &frame->event,
                            &frame->payload };
    const char *at = text, *end = text + length;

    if (flx_json_scan_loosely(text, length) != FLX_JSON_FINE) {
        return -1;
    }
    while (is_space(*at)) {
        at++;
    }
    if (*at != '[') {
        return -1;
    }
    for (size_t i = 0; i < 5; i++) {
        /* at is at the bracket or at a comma */
        for (at++; is_space(*at); at++) {
        }
        if (*at == ']') {
            return -1;
        }
        values[i]->at = at;
        at = skip_value(at, end);
        values[i]->length = (size_t)(at - values[i]->at);
        while (is_space(*at)) {
            at++;
        }
        if (*at == ']' && i < 4) {
            return -1;
        }
    }
    return settle(frame);
}

static int read_binary(push_frame *frame, const char *bytes, size_t length)
{
    flx_slice *values[] = { &frame->join_ref, &frame->ref, &frame->topic, &frame->event };
    const unsigned char *header = (const unsigned char *)bytes;
    size_t starts[5], at = BINARY_HEADER;
    flx_buffer out;

    if (length < BINARY_HEADER || header[0] != BINARY_PUSH ||
        length < (size_t)BINARY_HEADER + header[1] + header[2] + header[3] + header[4]) {
        return -1;
    }
    /* A quoted byte takes six at most. */
    flx_buffer_init(&out, 4 * ((size_t)6 * UINT8_MAX + 2));
    for (size_t i = 0; i < 4; i++) {
        size_t field = header[i + 1];
        starts[i] = out.length;
        if (!flx_utf8_valid(bytes + at, field) || memchr(bytes + at, '\0', field) != NULL) {
            flx_buffer_free(&out);
            return -1;
        }
        flx_buffer_add_string(&out, bytes + at, field);
        at += field;
    }
    if (flx_buffer_failed(&out)) {
        flx_buffer_free(&out);
        return -1;
    }
    starts[4] = out.length;
    for (size_t i = 0; i < 4; i++) {
        *values[i] = (flx_slice){ out.at + starts[i], starts[i + 1] - starts[i] };
    }
    frame->payload = (flx_slice){ bytes + at, length - at };
    frame->is_binary = 1;
    frame->memory = out.at;
    return 0;
}

int push_serializer_read(push_frame *frame, int version, int is_binary, const char *bytes,
                         size_t length)
{
    int result;

    memset(frame, 0, sizeof *frame);
    /* Version 1 does not care what kind of message it comes in. */
    if (version == 1) {
        result = read_version_1(frame, bytes, length);
    }
    else if (is_binary) {
        result = read_binary(frame, bytes, length);
    }
    else {
        result = read_version_2(frame, bytes, length);
    }
    if (result == 0 &&
        (frame->ref.length > PUSH_REF_LENGTH || frame->join_ref.length > PUSH_REF_LENGTH)) {
        push_serializer_free(frame);
        return -1;
    }
    return result;
}

void push_serializer_free(push_frame *frame)
{
    free(frame->memory);
    frame->memory = NULL;
}

/* -- Writing ----------------------------------------------------------------------------------------- */

static void add_slice(flx_buffer *buffer, flx_slice slice)
{
    flx_buffer_add(buffer, slice.at, slice.length);
}

void push_serializer_begin(flx_buffer *buffer, int version, const push_frame *frame)
{
    if (version == 1) {
        flx_buffer_add_text(buffer, "{\"event\":");
        add_slice(buffer, frame->event);
        flx_buffer_add_text(buffer, ",\"payload\":");
        return;
    }
    flx_buffer_add(buffer, "[", 1);
    add_slice(buffer, frame->join_ref);
    flx_buffer_add(buffer, ",", 1);
    add_slice(buffer, frame->ref);
    flx_buffer_add(buffer, ",", 1);
    add_slice(buffer, frame->topic);
    flx_buffer_add(buffer, ",", 1);
    add_slice(buffer, frame->event);
    flx_buffer_add(buffer, ",", 1);
}

void push_serializer_end(flx_buffer *buffer, int version, const push_frame *frame)
{
    if (version == 1) {
        flx_buffer_add_text(buffer, ",\"ref\":");
        add_slice(buffer, frame->ref);
        flx_buffer_add_text(buffer, ",\"topic\":");
        add_slice(buffer, frame->topic);
        flx_buffer_add(buffer, "}", 1);
        return;
    }
    flx_buffer_add(buffer, "]", 1);
}
