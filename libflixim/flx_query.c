/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a URL (application/x-www-form-urlencoded): its parameters, and their decoding. */
#include "flx_query.h"

#include "flx_hex.h"
#include "flx_utf8.h"

#include <string.h>

/* Takes what stands before the first mark off *rest, and the mark. All of it if there is none. */
static flx_slice take_until(flx_slice *rest, char mark)
{
    flx_slice taken = *rest;
    const char *found = memchr(rest->at, mark, rest->length);

    if (found != NULL) {
        taken.length = (size_t)(found - rest->at);
        rest->at += taken.length + 1;
        rest->length -= taken.length + 1;
    }
    else {
        rest->at += rest->length;
        rest->length = 0;
    }
    return taken;
}

int flx_query_next(flx_slice *rest, flx_query_parameter *parameter)
{
    while (rest->length > 0) {
        flx_slice taken = take_until(rest, '&');
        if (taken.length > 0) {
            parameter->name = take_until(&taken, '=');
            parameter->value = taken;
            return 1;
        }
    }
    return 0;
}

int flx_query_decode(flx_slice written, char *text, size_t *length)
{
    size_t from = 0, to = 0;

    while (from < written.length) {
        char c = written.at[from++];
        if (c == '+') {
            c = ' ';
        }
        else if (c == '%') {
            int32_t byte = flx_hex_read(written.at + from, written.length - from, 2);
            if (byte < 0) {
                return -1;
            }
            c = (char)byte;
            from += 2;
        }
        if (c == '\0') {
            return -1;
        }
        text[to++] = c;
    }
    *length = to;
    return flx_utf8_valid(text, to) ? 0 : -1;
}
