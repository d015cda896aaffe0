/* SPDX-License-Identifier: Apache-2.0 */
/* The three packets with which httpd hands a client's connection to a daemon, over a Unix socket that keeps their bounds. */
#ifndef FLX_HANDOFF_H
#define FLX_HANDOFF_H

#include "flx_buffer.h"
#include "flx_json_scan.h" /* flx_slice */

#define FLX_HANDOFF_PACKET  ((size_t)128 * 1024) /* bytes of a packet, at most */
#define FLX_HANDOFF_ADDRESS 63                   /* of a client's address */

/* A packet begins with what it is (Q, V, C) and this: a daemon and an httpd of two versions that do not understand each
 * other find out at once. */
#define FLX_HANDOFF_VERSION 1

/* What the client spoke when httpd let go of it. */
typedef enum flx_handoff_kind {
    FLX_HANDOFF_HTTP = 1, /* a request for an upgrade; the daemon writes the 101 */
    FLX_HANDOFF_TLS = 2   /* nothing yet: not a byte of the ClientHello has been taken */
} flx_handoff_kind;

/* httpd's question: will you take this client? */
typedef struct flx_handoff_question {
    flx_handoff_kind kind;
    flx_slice address; /* the client's, as text */
    flx_slice head;    /* HTTP: the request head as it came, to its empty line; TLS: nothing */
} flx_handoff_question;

/* The daemon's answer. */
typedef struct flx_handoff_verdict {
    int status;     /* 101: send it; another one: refuse with it */
    flx_slice body; /* of that refusal, may be empty */
} flx_handoff_verdict;

/* Append a packet to a buffer, whose limit should be FLX_HANDOFF_PACKET: its failure flag says that it was too large. */
void flx_handoff_write_question(flx_buffer *packet, const flx_handoff_question *question);
void flx_handoff_write_verdict(flx_buffer *packet, const flx_handoff_verdict *verdict);
/* The third one travels with the client's descriptor; read_already: what of its bytes httpd had taken behind the head. */
void flx_handoff_write_connection(flx_buffer *packet, flx_slice read_already);

/* Read a whole packet: slices point into bytes. 0; or -1 if it is no such packet, or not of this version. */
int flx_handoff_read_question(flx_handoff_question *question, const char *bytes, size_t length)
    __attribute__((warn_unused_result));
int flx_handoff_read_verdict(flx_handoff_verdict *verdict, const char *bytes, size_t length)
    __attribute__((warn_unused_result));
int flx_handoff_read_connection(flx_slice *read_already, const char *bytes, size_t length)
    __attribute__((warn_unused_result));

#endif
