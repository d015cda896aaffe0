/* SPDX-License-Identifier: Apache-2.0 */
/* The server name in the first bytes of a TLS connection, read without taking part in the handshake (RFC 8446, 4.1.2 and 5.1;
 * RFC 6066, 3). */
#ifndef FLX_CLIENT_HELLO_H
#define FLX_CLIENT_HELLO_H

#include <stddef.h>

/* A ClientHello may take that many bytes of the connection, the headers of its records included. Browsers send up to
 * two thousand. */
#define FLX_CLIENT_HELLO_BYTES 16384

/* The longest name. */
#define FLX_CLIENT_HELLO_NAME 255

typedef enum flx_client_hello_state {
    FLX_CLIENT_HELLO_NEEDS_MORE, /* so far it may become one */
    FLX_CLIENT_HELLO_FOUND,      /* it is one, well-formed as far as the name goes */
    FLX_CLIENT_HELLO_NOT_TLS,    /* the connection speaks something else */
    FLX_CLIENT_HELLO_BAD,        /* TLS, but no well-formed ClientHello */
    FLX_CLIENT_HELLO_TOO_LARGE   /* it says that it takes more than FLX_CLIENT_HELLO_BYTES */
} flx_client_hello_state;

typedef struct flx_client_hello {
    /* Needs more: how many bytes of the connection, from its first on, there must be before it can be FOUND. */
    size_t needed;
    /* Found: the server's name in lower case, printable ASCII without a dot at its end, which NUL ends; "" if the client
     * names none. */
    char name[FLX_CLIENT_HELLO_NAME + 1];
} flx_client_hello;

/* Reads the first bytes of a connection, always from its first on; it keeps nothing between calls. Once it says something else than
 * needs more, further bytes change nothing about it. */
flx_client_hello_state flx_client_hello_read(flx_client_hello *hello, const char *bytes,
                                             size_t length);

#endif
