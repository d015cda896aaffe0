/* SPDX-License-Identifier: Apache-2.0 */
/* A text that grows up to a maximum, and writes JSON. */
#include "flx_buffer.h"

#include <stdlib.h>
#include <string.h>

/* What a buffer begins with: most answers fit, and a list of fifty messages doubles it four
 * times. */
#define FIRST_ROOM 1024

void flx_buffer_init(flx_buffer *buffer, size_t limit)
{
    memset(buffer, 0, sizeof *buffer);
    buffer->limit = limit;
}

void flx_buffer_free(flx_buffer *buffer)
{
    free(buffer->at);
    flx_buffer_init(buffer, buffer->limit);
}

/* Makes room for length more bytes. */
static int make_room(flx_buffer *buffer, size_t length)
{
    size_t room = buffer->room > 0 ? buffer->room : FIRST_ROOM;
    char *at;

    if (length > buffer->limit - buffer->length) {
        return -1;
    }
    while (room - buffer->length < length) {
        room = room > buffer->limit / 2 ? buffer->limit : room * 2;
    }
    if (room == buffer->room) {
        return 0;
    }
    at = realloc(buffer->at, room);
    if (at == NULL) {
        return -1;
    }
    buffer->at = at;
    buffer->room = room;
    return 0;
}

void flx_buffer_add(flx_buffer *buffer, const char *bytes, size_t length)
{
    if (buffer->failed || length == 0) {
        return;
    }
    if (make_room(buffer, length) != 0) {
        buffer->failed = 1;
        return;
    }
    memcpy(buffer->at + buffer->length, bytes, length);
    buffer->length += length;
}

void flx_buffer_add_text(flx_buffer *buffer, const char *text)
{
    flx_buffer_add(buffer, text, strlen(text));
}

void flx_buffer_add_number(flx_buffer *buffer, int64_t number)
{
    char text[20];
    size_t place = sizeof text;
    /* Of INT64_MIN only the unsigned magnitude fits. */
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        text[--place] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        flx_buffer_add(buffer, "-", 1);
    }
    flx_buffer_add(buffer, text + place, sizeof text - place);
}

/* The escape of a byte that must not stand in a string as it is, or NULL; code is room for one. */
static const char *escape_of(unsigned char byte, char code[7])
{
    static const char digit[] = "0123456789abcdef";

    switch (byte) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        if (byte >= 0x20) {
            return NULL;
        }
        memcpy(code, "\\u00", 4);
        code[4] = digit[byte >> 4];
        code[5] = digit[byte & 0xF];
        code[6] = '\0';
        return code;
    }
}

void flx_buffer_add_string(flx_buffer *buffer, const char *text, size_t length)
{
    size_t start = 0, i;
    char code[7];

    flx_buffer_add(buffer, "\"", 1);
    for (i = 0; i < length; i++) {
        const char *escape = escape_of((unsigned char)text[i], code);
        if (escape != NULL) {
            flx_buffer_add(buffer, text + start, i - start);
            flx_buffer_add_text(buffer, escape);
            start = i + 1;
        }
    }
    flx_buffer_add(buffer, text + start, length - start);
    flx_buffer_add(buffer, "\"", 1);
}

int flx_buffer_failed(const flx_buffer *buffer)
{
    return buffer->failed;
}
