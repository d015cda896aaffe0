/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks that wait to be written to one client, in order. */
#ifndef PUSH_OUTBOX_H
#define PUSH_OUTBOX_H

#include <stddef.h>
#include <uv.h>

#include "block.h"

typedef struct push_outbox_entry {
    push_block *block;
    int ends_unit; /* the last block of a frame or answer */
} push_outbox_entry;

/* Zeroed: empty. An empty one holds no memory. */
typedef struct push_outbox {
    push_outbox_entry *entries; /* a ring */
    unsigned room;
    unsigned first;
    unsigned count;
    size_t offset; /* of the first block, that many bytes are written */
    size_t bytes;  /* that wait */
    int is_within; /* a unit is partly written */
} push_outbox;

/* Appends a block and takes over one reference of it. Returns 0, or -1 if there is no memory: the reference is given
 * back all the same. */
int push_outbox_add(push_outbox *outbox, push_block *block, int ends_unit)
    __attribute__((warn_unused_result));

/* What to write next: fills in up to count buffers of about limit bytes together (at least one if there is any), and
 * returns how many. */
unsigned push_outbox_peek(const push_outbox *outbox, uv_buf_t *buffers, unsigned count,
                          size_t limit);

/* So many bytes of it were written. */
void push_outbox_written(push_outbox *outbox, size_t bytes);

/* Takes the first block out as if it were written, and hands its reference over: the first *offset bytes of it were
 * written before. NULL if the outbox is empty. */
push_block *push_outbox_take(push_outbox *outbox, size_t *offset);

/* Drops everything behind the unit that is partly written. */
void push_outbox_drop(push_outbox *outbox);

/* Drops everything and gives the memory back. */
void push_outbox_free(push_outbox *outbox);

#endif
