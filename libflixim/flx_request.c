/* SPDX-License-Identifier: Apache-2.0 */
/* A request head's headers by name, its lists, and where its path leads. */
#include "flx_request.h"

#include <string.h>

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int flx_request_is(flx_slice slice, const char *text)
{
    size_t i;

    for (i = 0; i < slice.length; i++) {
        if (text[i] == '\0' || lower(slice.at[i]) != lower(text[i])) {
            return 0;
        }
    }
    return text[i] == '\0';
}

int flx_request_begins(flx_slice slice, const char *text)
{
    size_t length = strlen(text);

    return slice.length >= length && memcmp(slice.at, text, length) == 0;
}

int flx_request_next(const flx_request *request, const char *name, int *index, flx_slice *value)
{
    while (*index < request->count) {
        const flx_header *header = &request->headers[(*index)++];
        if (flx_request_is(header->name, name)) {
            *value = header->value;
            return 1;
        }
    }
    return 0;
}

flx_slice flx_request_header(const flx_request *request, const char *name)
{
    flx_slice value = { NULL, 0 };
    int index = 0;

    if (!flx_request_next(request, name, &index, &value)) {
        value.at = NULL;
    }
    return value;
}

flx_slice flx_request_host(const flx_request *request, int is_forwarded)
{
    flx_slice host = flx_request_header(request, "host"), list, item;
    int index = 0;

    while (is_forwarded && flx_request_next(request, "x-forwarded-host", &index, &list)) {
        while (flx_request_item(&list, &item)) {
            host = item;
        }
    }
    return host;
}

static int is_space(char c)
{
    return c == ' ' || c == '\t';
}

int flx_request_item(flx_slice *list, flx_slice *item)
{
    while (list->length > 0) {
        const char *comma = memchr(list->at, ',', list->length);
        size_t length = comma != NULL ? (size_t)(comma - list->at) : list->length;
        size_t taken = comma != NULL ? length + 1 : length;

        item->at = list->at;
        list->at += taken;
        list->length -= taken;
        while (length > 0 && is_space(item->at[0])) {
            item->at++;
            length--;
        }
        while (length > 0 && is_space(item->at[length - 1])) {
            length--;
        }
        item->length = length;
        if (length > 0) {
            return 1;
        }
    }
    return 0;
}

int flx_request_lists(const flx_request *request, const char *name, const char *item)
{
    flx_slice value, found;
    int index = 0;

    while (flx_request_next(request, name, &index, &value)) {
        while (flx_request_item(&value, &found)) {
            if (flx_request_is(found, item)) {
                return 1;
            }
        }
    }
    return 0;
}

/* Takes the first segment that is not empty off a path; the empty slice if there is none left. */
static flx_slice next_segment(flx_slice *path)
{
    flx_slice segment;

    while (path->length > 0 && path->at[0] == '/') {
        path->at++;
        path->length--;
    }
    segment.at = path->at;
    segment.length = 0;
    while (path->length > 0 && path->at[0] != '/') {
        path->at++;
        path->length--;
        segment.length++;
    }
    return segment;
}

static int is_text(flx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

const char *flx_request_transport(const flx_request *request, const char *mount)
{
    flx_slice path = request->path, base = { mount, strlen(mount) }, segment;

    for (;;) {
        flx_slice wanted = next_segment(&base);
        segment = next_segment(&path);
        if (wanted.length == 0) {
            break;
        }
        if (segment.length != wanted.length || memcmp(segment.at, wanted.at, wanted.length) != 0) {
            return NULL;
        }
    }
    if (next_segment(&path).length > 0) {
        return NULL;
    }
    return is_text(segment, "websocket")  ? "websocket"
           : is_text(segment, "longpoll") ? "longpoll"
                                          : NULL;
}
