/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a pushed event: written once, shared by all who send it. */
#include "payload.h"

#include <string.h>

#include "log.h"

/* A content has 256 KiB at most, of which quoting makes up to six times as much. */
#define EVENT_SIZE (2UL * 1024 * 1024)

/* Up to here copying costs less than two blocks more, to make, to queue and to write. */
#define SHORT 2048

static void complain(void)
{
    push_log(PUSH_LOG_ERROR, "FLX1241: an event is too large, or there is no memory for it");
}

/* Makes a block of what was written, and frees the buffer. */
static push_block *block_of(flx_buffer *buffer)
{
    push_block *block = NULL;

    if (!flx_buffer_failed(buffer)) {
        block = push_block_make(buffer->at, buffer->length);
    }
    flx_buffer_free(buffer);
    if (block == NULL) {
        complain();
    }
    return block;
}

int push_payload_make(push_payload *payload, const flx_event_rendering *rendering, int row)
{
    flx_buffer buffer;

    flx_buffer_init(&buffer, EVENT_SIZE);
    flx_render_event(&buffer, rendering, row);
    payload->count = 1;
    payload->parts[0] = block_of(&buffer);
    return payload->parts[0] != NULL ? 0 : -1;
}

push_block *push_payload_make_shared(const flx_event_rendering *rendering, int row,
                                     const flx_event_view *view)
{
    flx_buffer buffer;

    flx_buffer_init(&buffer, EVENT_SIZE);
    flx_render_event_shared(&buffer, rendering, row, view);
    return block_of(&buffer);
}

static int make_short(push_payload *payload, const push_block *shared, const flx_event_view *view)
{
    push_block *block = push_block_make(NULL, FLX_EVENT_HEAD + shared->length + FLX_EVENT_TAIL);

    payload->count = 1;
    payload->parts[0] = block;
    if (block == NULL) {
        return -1;
    }
    flx_render_event_head(block->bytes, view);
    memcpy(block->bytes + FLX_EVENT_HEAD, shared->bytes, shared->length);
    flx_render_event_tail(block->bytes + FLX_EVENT_HEAD + shared->length, view);
    return 0;
}

static int make_long(push_payload *payload, push_block *shared, const flx_event_view *view)
{
    payload->count = 3;
    payload->parts[0] = push_block_make(NULL, FLX_EVENT_HEAD);
    payload->parts[1] = push_block_share(shared);
    payload->parts[2] = push_block_make(NULL, FLX_EVENT_TAIL);
    if (payload->parts[0] == NULL || payload->parts[2] == NULL) {
        push_payload_release(payload);
        return -1;
    }
    flx_render_event_head(payload->parts[0]->bytes, view);
    flx_render_event_tail(payload->parts[2]->bytes, view);
    return 0;
}

int push_payload_make_around(push_payload *payload, push_block *shared, const flx_event_view *view)
{
    int failed = shared->length <= SHORT ? make_short(payload, shared, view)
                                         : make_long(payload, shared, view);

    if (failed) {
        complain();
    }
    return failed;
}

void push_payload_release(push_payload *payload)
{
    int i;

    for (i = 0; i < payload->count; i++) {
        push_block_release(payload->parts[i]);
    }
    payload->count = 0;
}
