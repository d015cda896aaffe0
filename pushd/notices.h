/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait for their messages: each message once, and who is told of it, in the order of the stream. */
#ifndef PUSH_NOTICES_H
#define PUSH_NOTICES_H

#include "flx_buffer.h"
#include "flx_json_scan.h" /* flx_slice */
#include "flx_time.h"
#include "flx_uuid.h"

#define PUSH_NOTICES_MOST     500 /* whose messages one call fetches */
#define PUSH_NOTICES_MESSAGES 250 /* of one call; their contents may be long */
#define PUSH_NOTICES_BUCKETS  256

/* Labels of the schema's enums: of events, and of what a viewer sees of a message. */
typedef enum push_label {
    PUSH_LABEL_NEW_MESSAGE,
    PUSH_LABEL_STATUS_UPDATE,
    PUSH_LABEL_RECALLED,
    PUSH_LABEL_SENT,
    PUSH_LABEL_UNREAD,
    PUSH_LABEL_READ,
    PUSH_LABEL_WITHDRAWN,
    PUSH_LABEL_DELETED,
    PUSH_LABEL_UNKNOWN /* one of a newer schema, or none */
} push_label;

push_label push_notices_label(flx_slice text);
const char *push_notices_text(push_label label);

/* What one user is told, as the stream has it. */
typedef struct push_notice {
    flx_uuid user;
    flx_uuid event_id;
    flx_uuid message;
    flx_uuid origin; /* counts if has_origin */
    int has_origin;
    push_label type;
    push_label status; /* of the message, for this user */
    flx_time stamp;
    flx_time changed_at; /* when it came to that status */
    int place;           /* of the message in the batch */
    int previous;        /* notice of the same message, or -1 */
} push_notice;

typedef struct push_notices push_notices;

struct push_notices {
    push_notices *next; /* for the owner */
    void *owner;
    int count;
    int message_count;
    push_notice notices[PUSH_NOTICES_MOST];
    struct {
        flx_uuid id;
        int is_whole; /* somebody is told of it as a new message */
        int last;     /* notice */
        int next;     /* in its bucket, or -1 */
    } messages[PUSH_NOTICES_MESSAGES];
    int buckets[PUSH_NOTICES_BUCKETS];
};

/* An empty one, to be given to free(); NULL if there is no memory. */
push_notices *push_notices_make(void *owner) __attribute__((warn_unused_result));

/* Appends a notice; place and previous are filled in. Returns 0, or -1 if it is full. */
int push_notices_add(push_notices *batch, const push_notice *notice)
    __attribute__((warn_unused_result));

/* The stream says what became of a message for a user: who waits to be told of it as new is told of it as it is now. */
void push_notices_update(push_notices *batch, const push_notice *later);

/* The two parameters of flx_statement_fetch_messages, as text that ends with NUL. */
void push_notices_write(const push_notices *batch, flx_buffer *ids, flx_buffer *are_whole);

#endif
