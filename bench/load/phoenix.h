/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of Phoenix's V2 serializer that the load is made of. */
#ifndef LOAD_PHOENIX_H
#define LOAD_PHOENIX_H

#include <stddef.h>
#include <stdint.h>

#include "scan.h"

/* What is picked of a payload: of a reply, or of an event. */
enum load_value {
    LOAD_STATUS,
    LOAD_CODE,
    LOAD_CLIENT_ID,
    LOAD_MESSAGE_ID,
    LOAD_SENT_STATUS,
    LOAD_EVENT_TYPE,
    LOAD_TARGET,
    LOAD_ID,
    LOAD_SENDER,
    LOAD_RECEIVER,
    LOAD_CONVERSATION,
    LOAD_TEXT_VALUE,
    LOAD_VALUES
};

/* Parts of a frame, as they are written. */
typedef struct load_message {
    flx_slice frame;
    flx_slice ref;
    flx_slice topic;
    flx_slice event;
    flx_slice values[LOAD_VALUES]; /* at is NULL where there is none */
} load_message;

/* Reads a frame's text: an array of just five. 0, or -1 if it is anything else. */
int load_phoenix_read(load_message *message, const char *text, size_t length);

/* Whether the ref is this number, as a string; and which number it is, or -1. */
int load_phoenix_ref(const load_message *message, int64_t *number);

/* What is said; the user is a UUID of 36 characters. All return the length of what they wrote. */
#define LOAD_PHOENIX_ROOM 1024
#define LOAD_PHOENIX_JOIN 1 /* its ref */
#define LOAD_PHOENIX_BEAT 2
#define LOAD_PHOENIX_SEND 3 /* and those above it */
size_t load_phoenix_join(char *out, const char *user);
size_t load_phoenix_beat(char *out);

typedef struct load_send {
    const char *user;         /* who says it */
    const char *receiver;     /* a user, or NULL: */
    const char *conversation; /* where to */
    const char *client_id;    /* 36 characters */
    int64_t ref;
    flx_slice text;
} load_send;

size_t load_phoenix_send(char *out, const load_send *send);

#endif
