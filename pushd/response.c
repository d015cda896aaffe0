/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers as bytes. */
#include "response.h"

#include <http_parser.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEAD_ROOM 512 /* for all lines but those that are given */

/* Whether there is such a line among headers. */
static int has_header(const char *headers, const char *name)
{
    size_t length = strlen(name);

    while (headers != NULL && *headers != '\0') {
        const char *end = strstr(headers, "\r\n");
        if (strncasecmp(headers, name, length) == 0 && headers[length] == ':') {
            return 1;
        }
        headers = end != NULL ? end + 2 : NULL;
    }
    return 0;
}

push_block *push_response_make(const push_response *response)
{
    const char *headers = response->headers != NULL ? response->headers : "";
    int has_body = response->status != 204 && response->status != 304;
    size_t body = has_body && !response->is_head ? response->length : 0;
    char size[48] = "";
    push_block *block = push_block_make(NULL, HEAD_ROOM + strlen(headers) + body);
    int written;

    if (block == NULL) {
        return NULL;
    }
    if (has_body) {
        snprintf(size, sizeof size, "content-length: %zu\r\n", response->length);
    }
    written =
        snprintf(block->bytes, HEAD_ROOM + strlen(headers),
                 "HTTP/1.1 %d %s\r\ndate: %s\r\n%s%s%s%s\r\n", response->status,
                 http_status_str((enum http_status)response->status), response->date, size, headers,
                 has_header(response->headers, "cache-control")
                     ? ""
                     : "cache-control: max-age=0, private, must-revalidate\r\n",
                 !response->keeps_open  ? "connection: close\r\n"
                 : response->minor == 0 ? "connection: keep-alive\r\n"
                                        : "");
    block->length = (size_t)written + body;
    if (body > 0) {
        memcpy(block->bytes + written, response->body, body);
    }
    return block;
}
