/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of RFC 6455 out of bytes: wslay's reader, lent from a pool while a frame or message is in flight. */
#ifndef PUSH_FRAMES_H
#define PUSH_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#define PUSH_FRAME_CONTROL 125 /* bytes of a control frame's payload at most */

struct push_frames; /* the pool */
typedef struct push_reader push_reader;

/* A part of a frame's payload, unmasked and lent until the next read. */
typedef struct push_piece {
    int is_final; /* the last frame of its message */
    int rsv;
    int opcode;
    int is_masked;
    uint64_t length; /* of the whole payload; of a peek: 0 as long as it is not known */
    int is_first;    /* of the frame */
    int is_last;
    const char *at;
    size_t count;
} push_piece;

struct push_frames *push_frames_make(void);
void push_frames_free(struct push_frames *frames);

/* NULL if there is no memory. */
push_reader *push_frames_attach(struct push_frames *frames);

/* Gives a reader back. It goes to somebody else if it is between frames. */
void push_frames_detach(struct push_frames *frames, push_reader *reader);

/* Lends bytes to read from, until push_reader_read has returned 0 or -1; what it copied is its own. */
void push_reader_feed(push_reader *reader, const char *bytes, size_t length);

/* How many of the bytes fed were not copied yet. */
size_t push_reader_unread(const push_reader *reader);

/* Returns 1 and the next piece, 0 if it takes more bytes, or -1 if these are no frames (1002). */
int push_reader_read(push_reader *reader, push_piece *piece) __attribute__((warn_unused_result));

/* What is known of a frame's header before its payload comes; after a read that returned 0. Returns 1, or 0 if nothing is known. */
int push_reader_peek(const push_reader *reader, push_piece *piece)
    __attribute__((warn_unused_result));

/* Whether it is between frames, with nothing left. */
int push_reader_is_idle(const push_reader *reader);

/* Where the payload of the control frame that is being read is put together: room for PUSH_FRAME_CONTROL bytes. */
char *push_reader_control(push_reader *reader);

#endif
