/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a WebSocket's upgrade as Phoenix makes them, and what the URL and headers of a connect say
 * (the facts: phoenix-channels.md 1.2 to 1.7). Daemon and module make the same ones. */
#ifndef FLX_UPGRADE_H
#define FLX_UPGRADE_H

#include <stddef.h>

#include "flx_buffer.h"
#include "flx_json_scan.h" /* flx_slice */

#define FLX_REQUEST_HEADERS 100
#define FLX_CONNECT_TOKENS  8 /* values of the parameter token that are looked at, the last ones */

/* A request head as a parser leaves it: nothing decoded, names in any case. */
typedef struct flx_header {
    flx_slice name;
    flx_slice value;
} flx_header;

typedef struct flx_request {
    flx_slice method;
    flx_slice path;  /* without the query */
    flx_slice query; /* without the "?"; at is NULL if there is none */
    int minor;       /* of the version: HTTP/1.minor */
    int count;
    flx_header headers[FLX_REQUEST_HEADERS];
} flx_request;

/* Whose pages may connect. */
typedef struct flx_origin_rule {
    /* "scheme://host:port", "//host", "//" "*.host" and so on, or "*"; ends with NULL; empty: the host of the
     * request alone */
    const char *const *allowed;
    /* the host that the client asked for: the header Host, or X-Forwarded-Host from a proxy that is trusted */
    flx_slice host;
} flx_origin_rule;

/* What a connect says. Slices lie in the request or in memory, which flx_connect_free gives back. */
typedef struct flx_connect {
    int version; /* of the serializer: 1 or 2 */
    /* the token: of the subprotocol, X-Phoenix-AuthToken, the query (the last value that is no session of ours), Authorization:
     * Bearer, in this order; at is NULL: none was given */
    flx_slice token;
    /* long-poll: the session's token, if one was given */
    flx_slice session;
    /* whether to answer with the subprotocol "phoenix" */
    int echoes_protocol;
    char *memory;
} flx_connect;

/* What long-poll sessions' tokens begin with: such a value is never taken for a user's token. */
#define FLX_SESSION_PREFIX "flxlp."

/* The value of a header by its name (in any case); the first one if there are several; at is NULL if there is none. */
flx_slice flx_request_header(const flx_request *request, const char *name);

/* The host that the client asked for: the header Host; or, where a proxy that is trusted passed the request on, the last
 * item of X-Forwarded-Host, which the proxy has put behind what a client may have said. */
flx_slice flx_request_host(const flx_request *request, int is_forwarded);

/* What a path is below mount ("/socket"), empty segments not counted: "websocket", "longpoll", or NULL for
 * anything else. */
const char *flx_request_transport(const flx_request *request, const char *mount);

/* Whether a page may use us: its origin is allowed, or there is none. */
int flx_origin_is_allowed(const flx_request *request, const flx_origin_rule *rule);

/* Reads the query, the version, and the tokens. Returns 0 and fills in *connect, which is then to be freed with flx_connect_free;
 * or the HTTP status to refuse with: 400, 403, 414 (500 without memory), and there is nothing to free. */
int flx_connect_read(flx_connect *connect, const flx_request *request)
    __attribute__((warn_unused_result));
void flx_connect_free(flx_connect *connect);

/* For the path of the WebSocket, in Phoenix's order: method, query, origin, token, version. Returns as flx_connect_read. Whoever connects
 * is then to be judged, and after that flx_upgrade_answer. */
int flx_upgrade_read(flx_connect *connect, const flx_request *request, const flx_origin_rule *rule)
    __attribute__((warn_unused_result));

/* Whether it is an upgrade at all, checked last. Appends the whole 101 to buffer (date as its header has it) and returns 0; or returns 400 and
 * appends the plain text that says why. */
int flx_upgrade_answer(flx_buffer *buffer, const flx_request *request, const flx_connect *connect,
                       const char *date) __attribute__((warn_unused_result));

#endif
