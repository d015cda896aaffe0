/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are written once and shared by all who send them. */
#ifndef PUSH_BLOCK_H
#define PUSH_BLOCK_H

#include <stddef.h>

/* From the heap, freed with its last reference. Nobody writes to bytes once it is shared. */
typedef struct push_block {
    unsigned references;
    size_t length;
    char bytes[];
} push_block;

/* A copy of bytes (NULL: room for them), with one reference, the caller's. NULL if there is no
 * memory. */
push_block *push_block_make(const char *bytes, size_t length) __attribute__((warn_unused_result));

/* One more reference. */
push_block *push_block_share(push_block *block);

/* One reference less; NULL is fine. */
void push_block_release(push_block *block);

#endif
