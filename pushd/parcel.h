/* SPDX-License-Identifier: Apache-2.0 */
/* Packets with a descriptor, as they come over a Unix socket that keeps their bounds. */
#ifndef PUSH_PARCEL_H
#define PUSH_PARCEL_H

#include <stddef.h>

#include "flx_handoff.h"

/* What was received. */
typedef struct push_parcel {
    const char *at; /* in the room that was given */
    size_t length;
    int fd;         /* that came along, the receiver's; -1: none */
    int is_damaged; /* more than one of them, or not all of it */
} push_parcel;

/* Receives one into room for FLX_HANDOFF_PACKET bytes. Returns 1; 0 if none is there; -1 if none will come any more. */
int push_parcel_receive(push_parcel *parcel, int fd, char *room)
    __attribute__((warn_unused_result));

/* Closes the descriptor of one that is of no use. */
void push_parcel_drop(push_parcel *parcel);

/* Sends a verdict. Returns 0, or -1 if nobody will hear it. */
int push_parcel_send(int fd, int status, const char *text, size_t length)
    __attribute__((warn_unused_result));

/* Whether a descriptor is a client's socket at all. One whose client has gone is: that is seen when it is read. */
int push_parcel_is_client(int fd);

#endif
