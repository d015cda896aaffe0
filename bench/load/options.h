/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line of flixim-load asks for. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <netinet/in.h>

#define LOAD_ADDRESSES 64

typedef enum load_mode { LOAD_CONNECT, LOAD_CHAT, LOAD_FANOUT } load_mode;
typedef enum load_dialect { LOAD_PHOENIX, LOAD_NCHAN } load_dialect;

typedef struct load_addresses {
    struct sockaddr_in at[LOAD_ADDRESSES];
    unsigned count;
} load_addresses;

typedef struct load_options {
    load_mode mode;
    load_dialect dialect;
    load_addresses to;   /* servers, in turn */
    load_addresses from; /* addresses of our own, in turn; none: the kernel's choice */
    int is_tls;
    const char *host; /* of the request, and the name that TLS asks for; NULL: the address */
    const char
        *authority;      /* the file with what a certificate is held against; NULL: with nothing */
    const char *path;    /* nchan: "%s" is the user */
    const char *publish; /* nchan: where a group's messages are posted to, "%s" is the group */
    const char *users;   /* file */
    const char *groups;  /* file */
    double seconds;      /* that a measurement takes */
    double warm;         /* that go before it, uncounted */
    double grace;        /* that what is under way gets after it */
    double patience;     /* that opening and joining one connection may take */
    double beat;         /* until all have sent a heartbeat */
    long rate;           /* messages a second in all; 0: a closed loop */
    long in_flight;      /* connections that are opened at a time */
} load_options;

/* Reads the command line. Returns 0, or -1 after it has said what is wrong. */
int load_options_read(load_options *options, int count, char **words);

#endif
