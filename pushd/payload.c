/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a pushed event: written once, shared by all who send it. */
#include "payload.h"

#include "log.h"

/* A content has 256 KiB at most, of which quoting makes up to six times as much. */
#define EVENT_SIZE (2UL * 1024 * 1024)

push_block *push_payload_make(const flx_event_rendering *rendering, int row)
{
    push_block *block = NULL;
    flx_buffer buffer;

    flx_buffer_init(&buffer, EVENT_SIZE);
    flx_render_event(&buffer, rendering, row);
    if (!flx_buffer_failed(&buffer)) {
        block = push_block_make(buffer.at, buffer.length);
    }
    flx_buffer_free(&buffer);
    if (block == NULL) {
        push_log(PUSH_LOG_ERROR, "FLX1241: an event is too large, or there is no memory for it");
    }
    return block;
}
