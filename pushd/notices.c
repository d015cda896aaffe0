/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait for their messages: each message once, and who is told of it, in the order of the stream. */
#include "notices.h"

#include <stdlib.h>
#include <string.h>

static const char *const labels[] = {
    [PUSH_LABEL_NEW_MESSAGE] = "new_message",
    [PUSH_LABEL_STATUS_UPDATE] = "message_status_update",
    [PUSH_LABEL_RECALLED] = "message_recalled",
    [PUSH_LABEL_SENT] = "sent",
    [PUSH_LABEL_UNREAD] = "unread",
    [PUSH_LABEL_READ] = "read",
    [PUSH_LABEL_WITHDRAWN] = "withdrawn",
    [PUSH_LABEL_DELETED] = "deleted",
};

push_label push_notices_label(flx_slice text)
{
    int i;

    for (i = 0; i < PUSH_LABEL_UNKNOWN && text.at != NULL; i++) {
        if (strlen(labels[i]) == text.length && memcmp(labels[i], text.at, text.length) == 0) {
            return (push_label)i;
        }
    }
    return PUSH_LABEL_UNKNOWN;
}

const char *push_notices_text(push_label label)
{
    return labels[label];
}

push_notices *push_notices_make(void *owner)
{
    push_notices *batch = malloc(sizeof *batch);

    if (batch != NULL) {
        batch->next = NULL;
        batch->owner = owner;
        batch->count = 0;
        batch->message_count = 0;
        memset(batch->buckets, -1, sizeof batch->buckets);
    }
    return batch;
}

/* Ids of messages are of version 7: their last bytes are random. */
static int *bucket_of(push_notices *batch, const flx_uuid *id)
{
    return &batch->buckets[id->bytes[FLX_UUID_BYTES - 1] % PUSH_NOTICES_BUCKETS];
}

static int is_same(const flx_uuid *one, const flx_uuid *other)
{
    return memcmp(one->bytes, other->bytes, FLX_UUID_BYTES) == 0;
}

/* The place of a message, or -1. */
static int find(push_notices *batch, const flx_uuid *id)
{
    int place = *bucket_of(batch, id);

    while (place >= 0 && !is_same(&batch->messages[place].id, id)) {
        place = batch->messages[place].next;
    }
    return place;
}

/* A place for a message that has none yet. */
static int make_place(push_notices *batch, const flx_uuid *id)
{
    int *bucket = bucket_of(batch, id);
    int place = batch->message_count;

    if (place == PUSH_NOTICES_MESSAGES) {
        return -1;
    }
    batch->messages[place].id = *id;
    batch->messages[place].is_whole = 0;
    batch->messages[place].last = -1;
    batch->messages[place].next = *bucket;
    *bucket = place;
    batch->message_count++;
    return place;
}

int push_notices_add(push_notices *batch, const push_notice *notice)
{
    push_notice *added;
    int place;

    if (batch->count == PUSH_NOTICES_MOST) {
        return -1;
    }
    place = find(batch, &notice->message);
    if (place < 0) {
        place = make_place(batch, &notice->message);
    }
    if (place < 0) {
        return -1;
    }
    added = &batch->notices[batch->count];
    *added = *notice;
    added->place = place;
    added->previous = batch->messages[place].last;
    batch->messages[place].last = batch->count++;
    batch->messages[place].is_whole |= notice->type == PUSH_LABEL_NEW_MESSAGE;
    return 0;
}

void push_notices_update(push_notices *batch, const push_notice *later)
{
    int place = find(batch, &later->message);
    int i = place >= 0 ? batch->messages[place].last : -1;

    for (; i >= 0; i = batch->notices[i].previous) {
        push_notice *notice = &batch->notices[i];

        /* What its viewer has deleted stays so, also when it is withdrawn later. */
        if (notice->type == PUSH_LABEL_NEW_MESSAGE && notice->status != PUSH_LABEL_DELETED &&
            is_same(&notice->user, &later->user)) {
            notice->status = later->status;
            notice->changed_at = later->stamp;
        }
    }
}

void push_notices_write(const push_notices *batch, flx_buffer *ids, flx_buffer *are_whole)
{
    char id[FLX_UUID_TEXT];
    int i;

    for (i = 0; i < batch->message_count; i++) {
        flx_uuid_write(&batch->messages[i].id, id);
        flx_buffer_add(ids, i == 0 ? "{" : ",", 1);
        flx_buffer_add(ids, id, sizeof id);
        flx_buffer_add(are_whole, i == 0 ? "{" : ",", 1);
        flx_buffer_add(are_whole, batch->messages[i].is_whole ? "t" : "f", 1);
    }
    flx_buffer_add(ids, "}", 2);
    flx_buffer_add(are_whole, "}", 2);
}
