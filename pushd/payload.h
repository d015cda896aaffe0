/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a pushed event: written once, shared by all who send it. */
#ifndef PUSH_PAYLOAD_H
#define PUSH_PAYLOAD_H

#include "block.h"
#include "flx_render.h"

/* The Event in a row, with one reference, the caller's; NULL (logged) if it is too large, or there is no memory. */
push_block *push_payload_make(const flx_event_rendering *rendering, int row)
    __attribute__((warn_unused_result));

#endif
