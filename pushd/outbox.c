/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks that wait to be written to one client, in order. */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 8

static push_outbox_entry *entry_at(const push_outbox *outbox, unsigned index)
{
    return &outbox->entries[(outbox->first + index) % outbox->room];
}

static int grow(push_outbox *outbox)
{
    unsigned room = outbox->room > 0 ? outbox->room * 2 : FIRST_ROOM, i;
    push_outbox_entry *entries = malloc(room * sizeof *entries);

    if (entries == NULL) {
        return -1;
    }
    for (i = 0; i < outbox->count; i++) {
        entries[i] = *entry_at(outbox, i);
    }
    free(outbox->entries);
    outbox->entries = entries;
    outbox->room = room;
    outbox->first = 0;
    return 0;
}

int push_outbox_add(push_outbox *outbox, push_block *block, int ends_unit)
{
    push_outbox_entry *entry;

    if (block->length == 0) {
        push_block_release(block);
        if (ends_unit && outbox->count > 0) {
            entry_at(outbox, outbox->count - 1)->ends_unit = 1;
        }
        else if (ends_unit) {
            outbox->is_within = 0;
        }
        return 0;
    }
    if (outbox->count == outbox->room && grow(outbox) != 0) {
        push_block_release(block);
        return -1;
    }
    entry = entry_at(outbox, outbox->count++);
    entry->block = block;
    entry->ends_unit = ends_unit;
    outbox->bytes += block->length;
    return 0;
}

unsigned push_outbox_peek(const push_outbox *outbox, uv_buf_t *buffers, unsigned count,
                          size_t limit)
{
    size_t offset = outbox->offset, bytes = 0;
    unsigned i;

    for (i = 0; i < outbox->count && i < count && bytes < limit; i++) {
        push_block *block = entry_at(outbox, i)->block;
        buffers[i].base = block->bytes + offset;
        buffers[i].len = block->length - offset;
        bytes += buffers[i].len;
        offset = 0;
    }
    return i;
}

/* Forgets the first block, whose reference is somebody else's by now. */
static void pop(push_outbox *outbox)
{
    outbox->is_within = !entry_at(outbox, 0)->ends_unit;
    outbox->offset = 0;
    outbox->first = (outbox->first + 1) % outbox->room;
    if (--outbox->count == 0) {
        free(outbox->entries);
        outbox->entries = NULL;
        outbox->room = 0;
        outbox->first = 0;
    }
}

void push_outbox_written(push_outbox *outbox, size_t bytes)
{
    outbox->bytes -= bytes;
    while (outbox->count > 0) {
        push_block *block = entry_at(outbox, 0)->block;
        size_t left = block->length - outbox->offset;
        if (bytes < left) {
            outbox->offset += bytes;
            return;
        }
        bytes -= left;
        pop(outbox);
        push_block_release(block);
        if (bytes == 0) {
            return;
        }
    }
}

push_block *push_outbox_take(push_outbox *outbox, size_t *offset)
{
    push_block *block;

    if (outbox->count == 0) {
        return NULL;
    }
    block = entry_at(outbox, 0)->block;
    *offset = outbox->offset;
    outbox->bytes -= block->length - outbox->offset;
    pop(outbox);
    return block;
}

void push_outbox_drop(push_outbox *outbox)
{
    unsigned kept = 0, i;

    if (outbox->is_within || outbox->offset > 0) {
        while (kept < outbox->count && !entry_at(outbox, kept++)->ends_unit) {
        }
    }
    for (i = kept; i < outbox->count; i++) {
        push_block *block = entry_at(outbox, i)->block;
        outbox->bytes -= block->length;
        push_block_release(block);
    }
    outbox->count = kept;
    if (kept == 0) {
        free(outbox->entries);
        outbox->entries = NULL;
        outbox->room = 0;
        outbox->first = 0;
    }
}

void push_outbox_free(push_outbox *outbox)
{
    unsigned i;

    for (i = 0; i < outbox->count; i++) {
        push_block_release(entry_at(outbox, i)->block);
    }
    free(outbox->entries);
    memset(outbox, 0, sizeof *outbox);
}
