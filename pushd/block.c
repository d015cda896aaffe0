/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are written once and shared by all who send them. */
#include "block.h"

#include <stdlib.h>
#include <string.h>

push_block *push_block_make(const char *bytes, size_t length)
{
    push_block *block = malloc(sizeof *block + length);

    if (block == NULL) {
        return NULL;
    }
    block->references = 1;
    block->length = length;
    if (bytes != NULL && length > 0) {
        memcpy(block->bytes, bytes, length);
    }
    return block;
}

push_block *push_block_share(push_block *block)
{
    block->references++;
    return block;
}

void push_block_release(push_block *block)
{
    if (block != NULL && --block->references == 0) {
        free(block);
    }
}
