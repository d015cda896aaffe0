/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of RFC 6455 out of bytes: wslay's reader, lent from a pool while a frame or message is in flight. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#define POOLED 256 /* readers that are kept for the next one */
#define HEAD   14  /* bytes of a header at most */

struct push_reader {
    wslay_frame_context_ptr context;
    push_reader *next; /* in the pool */
    const char *at;    /* what is fed and not copied */
    const char *end;
    uint64_t unparsed;        /* bytes taken since the last frame that is complete */
    uint64_t done;            /* of the payload of the frame that is being read */
    int is_within;            /* a frame whose first piece was read */
    unsigned char tail[HEAD]; /* the last bytes taken */
    char control[PUSH_FRAME_CONTROL];
};

struct push_frames {
    push_reader *free;
    unsigned count;
};

struct push_frames *push_frames_make(void)
{
    return calloc(1, sizeof(struct push_frames));
}

static void free_reader(push_reader *reader)
{
    wslay_frame_context_free(reader->context);
    free(reader);
}

void push_frames_free(struct push_frames *frames)
{
    while (frames != NULL && frames->free != NULL) {
        push_reader *reader = frames->free;
        frames->free = reader->next;
        free_reader(reader);
    }
    free(frames);
}

/* wslay asks for bytes. It goes no further than what was fed. */
static ssize_t give(uint8_t *buffer, size_t room, int flags, void *data)
{
    push_reader *reader = data;
    size_t count = (size_t)(reader->end - reader->at);
    size_t kept;

    (void)flags;
    if (count > room) {
        count = room;
    }
    if (count == 0) {
        return -1;
    }
    memcpy(buffer, reader->at, count);
    kept = count < HEAD ? HEAD - count : 0;
    memmove(reader->tail, reader->tail + HEAD - kept, kept);
    memcpy(reader->tail + kept, reader->at + count - (HEAD - kept), HEAD - kept);
    reader->unparsed += count;
    reader->at += count;
    return (ssize_t)count;
}

push_reader *push_frames_attach(struct push_frames *frames)
{
    static const struct wslay_frame_callbacks callbacks = { NULL, give, NULL };
    push_reader *reader = frames->free;

    if (reader != NULL) {
        frames->free = reader->next;
        frames->count--;
        return reader;
    }
    reader = calloc(1, sizeof *reader);
    if (reader != NULL && wslay_frame_context_init(&reader->context, &callbacks, reader) != 0) {
        free(reader);
        return NULL;
    }
    return reader;
}

void push_frames_detach(struct push_frames *frames, push_reader *reader)
{
    if (!push_reader_is_idle(reader) || frames->count == POOLED) {
        free_reader(reader);
        return;
    }
    reader->next = frames->free;
    frames->free = reader;
    frames->count++;
}

void push_reader_feed(push_reader *reader, const char *bytes, size_t length)
{
    reader->at = bytes;
    reader->end = length > 0 ? bytes + length : bytes; /* NULL has no bytes to add */
}

size_t push_reader_unread(const push_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Bytes of the whole frame. wslay takes lengths in their shortest form only; who does not mask is refused. */
static uint64_t frame_size(const struct wslay_frame_iocb *frame)
{
    uint64_t extended = frame->payload_length < 126 ? 0 : frame->payload_length < 65536 ? 2 : 8;

    return 2 + extended + (frame->mask ? 4 : 0) + frame->payload_length;
}

int push_reader_read(push_reader *reader, push_piece *piece)
{
    struct wslay_frame_iocb frame;
    ssize_t got;

    memset(&frame, 0, sizeof frame);
    do {
        got = wslay_frame_recv(reader->context, &frame);
    } while (got == WSLAY_ERR_WANT_READ && reader->at < reader->end);
    if (got < 0) {
        return got == WSLAY_ERR_WANT_READ ? 0 : -1;
    }
    piece->is_final = frame.fin;
    piece->rsv = frame.rsv;
    piece->opcode = frame.opcode;
    piece->is_masked = frame.mask;
    piece->length = frame.payload_length;
    piece->at = (const char *)frame.data;
    piece->count = frame.data_length;
    piece->is_first = !reader->is_within;
    reader->is_within = 1;
    reader->done += frame.data_length;
    piece->is_last = reader->done == frame.payload_length;
    if (piece->is_last) {
        reader->is_within = 0;
        reader->done = 0;
        reader->unparsed -= frame_size(&frame);
    }
    return 1;
}

int push_reader_peek(const push_reader *reader, push_piece *piece)
{
    const unsigned char *head;
    unsigned extended, i;

    /* all that was fed lies in wslay by now, so the header's beginning is what was fed last */
    if (reader->is_within || reader->unparsed < 2 || reader->unparsed > HEAD) {
        return 0;
    }
    head = reader->tail + HEAD - reader->unparsed;
    memset(piece, 0, sizeof *piece);
    piece->is_final = head[0] >> 7;
    piece->rsv = head[0] >> 4 & 7;
    piece->opcode = head[0] & 15;
    piece->is_masked = head[1] >> 7;
    extended = (head[1] & 127) == 126 ? 2 : (head[1] & 127) == 127 ? 8 : 0;
    if (extended == 0) {
        piece->length = head[1] & 127;
    }
    for (i = 0; i < extended && reader->unparsed >= 2 + extended; i++) {
        piece->length = piece->length << 8 | head[2 + i];
    }
    return 1;
}

int push_reader_is_idle(const push_reader *reader)
{
    return reader->unparsed == 0;
}

char *push_reader_control(push_reader *reader)
{
    return reader->control;
}
