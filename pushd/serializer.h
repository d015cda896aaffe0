/* SPDX-License-Identifier: Apache-2.0 */
/* Phoenix's messages as they stand on the wire, versions 1 and 2 (phoenix-channels.md 2). */
#ifndef PUSH_SERIALIZER_H
#define PUSH_SERIALIZER_H

#include <stddef.h>

#include "flx_buffer.h"
#include "flx_json_scan.h" /* flx_slice */

/* Bytes of a ref, of either kind, as JSON: they are kept for as long as a channel is joined. */
#define PUSH_REF_LENGTH 1024

/* A message of a client. All but payload are JSON values in one spelling each (no white space, strings with the
 * escapes that must be and no others), so that two are equal if and only if their bytes are; what was not given is
 * null. The slices lie in the bytes that were read, or in memory. */
typedef struct push_frame {
    flx_slice join_ref;
    flx_slice ref;
    flx_slice topic;
    flx_slice event;
    flx_slice payload; /* JSON as it was written, or bytes if it is binary */
    int is_binary;     /* the payload is: a push of version 2 in a binary message */
    char *memory;
} push_frame;

/* Reads a message. Returns 0 and a frame to be freed with push_serializer_free; or -1 if it cannot be
 * decoded (or there is no memory): the connection is then to be closed with 1011. Beyond what Phoenix refuses, it
 * is what flx_json_scan refuses, a ref over PUSH_REF_LENGTH, and a binary one that is not UTF-8 or has a NUL. */
int push_serializer_read(push_frame *frame, int version, int is_binary, const char *bytes,
                         size_t length) __attribute__((warn_unused_result));
void push_serializer_free(push_frame *frame);

/* Appends what stands before a message's payload, and what stands behind it; the four as in a
 * frame. Version 1 has no join_ref, and its ref at the end. */
void push_serializer_begin(flx_buffer *buffer, int version, const push_frame *frame);
void push_serializer_end(flx_buffer *buffer, int version, const push_frame *frame);

/* A constant text as a slice. */
#define PUSH_SLICE(text)                                                                           \
    (flx_slice)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define PUSH_NULL PUSH_SLICE("null")

/* Whether two have the same bytes. */
int push_slice_is(flx_slice one, flx_slice other);

#endif
