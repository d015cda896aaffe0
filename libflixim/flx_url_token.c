/* SPDX-License-Identifier: Apache-2.0 */
/* Finds tokens in the query of a URL, so that they can be taken out before anything logs it. */
#include "flx_url_token.h"

#include "flx_hex.h"

#include <string.h>

/* Takes one character, percent-encoded or not, off the front of text and returns it in lower
 * case. */
static int take(flx_slice *text)
{
    int32_t c = (unsigned char)*text->at;
    size_t used = 1;

    if (c == '%') {
        int32_t byte = flx_hex_read(text->at + 1, text->length - 1, 2);
        if (byte >= 0) {
            c = byte;
            used = 3;
        }
    }
    text->at += used;
    text->length -= used;
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int is_named(flx_slice text, const char *name)
{
    while (*name && text.length > 0) {
        if (take(&text) != *name++) {
            return 0;
        }
    }
    return !*name && text.length == 0;
}

int flx_url_token_find(const char *query, size_t length, flx_slice *value)
{
    const char *end = query + length;
    const char *name = query;

    for (const char *at = query; at < end; at++) {
        if (strchr("&;?#", *at) && *at) {
            name = at + 1;
        }
        else if (*at == '=' && name) {
            flx_slice slice = { name, (size_t)(at - name) };

            name = NULL;
            if (at + 1 < end && at[1] != '&' &&
                (is_named(slice, "token") || is_named(slice, "access_token"))) {
                const char *next = memchr(at + 1, '&', (size_t)(end - at - 1));

                value->at = at + 1;
                value->length = (size_t)((next ? next : end) - at - 1);
                return 1;
            }
        }
    }
    return 0;
}
