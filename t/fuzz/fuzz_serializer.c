/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes Phoenix's serializer: what it reads has one spelling, which reads as itself, and it refuses no more than it says. The
 * first byte: bit 0 is version 2, bit 1 a binary message. */
#include "fuzz.h"

#include <string.h>

#include "flx_buffer.h"
#include "serializer.h"

#define TEXT_LIMIT 65536

/* Whether a value is JSON by itself. */
static int is_json(flx_slice value)
{
    return flx_json_scan_loosely(value.at, value.length) == FLX_JSON_FINE;
}

/* Whether it is what the array reader takes as well. */
static int is_strict(flx_slice value)
{
    return flx_json_scan(value.at, value.length, NULL, NULL, NULL) == FLX_JSON_FINE;
}

static void must_equal(flx_slice one, flx_slice other)
{
    must(push_slice_is(one, other));
}

/* The spelling of a frame in a version reads as the same frame. */
static void check_again(const push_frame *frame, int version)
{
    push_frame again;
    flx_buffer text;

    flx_buffer_init(&text, TEXT_LIMIT);
    push_serializer_begin(&text, version, frame);
    flx_buffer_add(&text, frame->payload.at, frame->payload.length);
    push_serializer_end(&text, version, frame);
    must(!flx_buffer_failed(&text));
    /* The payload may be as deep as it may be, and then the frame is too deep. */
    if (is_json((flx_slice){ text.at, text.length })) {
        must(push_serializer_read(&again, version, 0, text.at, text.length) == 0);
        must_equal(again.topic, frame->topic);
        must_equal(again.event, frame->event);
        must_equal(again.ref, frame->ref);
        must_equal(again.payload, frame->payload);
        must_equal(again.join_ref, version == 1 ? PUSH_NULL : frame->join_ref);
        must(!again.is_binary);
        push_serializer_free(&again);
    }
    flx_buffer_free(&text);
}

/* Where the fifth item ends, and how long its refs are written, by the array reader of flx_json_scan. */
static int is_fit_array(const char *text, size_t length)
{
    flx_slice rest = { text, length }, item;
    int count = 0, found, are_short = 1;

    while (rest.length > 0 && strchr(" \t\n\r", rest.at[0]) != NULL) {
        rest.at++;
        rest.length--;
    }
    if (rest.length == 0 || rest.at[0] != '[' || !is_strict((flx_slice){ text, length })) {
        return 0;
    }
    while ((found = flx_json_item(&rest, &item)) == 1) {
        /* one spelling may be longer than what was written: a raw character never, an escape neither */
        are_short = are_short && (count > 1 || item.length <= PUSH_REF_LENGTH);
        count++;
    }
    must(found == 0);
    return count >= 5 && are_short;
}

static void check_text(const push_frame *frame)
{
    must(!frame->is_binary);
    must(is_json(frame->payload));
    check_again(frame, 1);
    check_again(frame, 2);
}

/* A binary message's fields, written out again, are the bytes that were read. */
static void check_binary(const push_frame *frame, const char *bytes, size_t length)
{
    const flx_slice *values[] = { &frame->join_ref, &frame->ref, &frame->topic, &frame->event };
    char header[5] = { 0 }, text[4 * UINT8_MAX];
    size_t room = 0, count;

    must(frame->is_binary);
    for (size_t i = 0; i < 4; i++) {
        must(flx_json_text(*values[i], text + room, sizeof text - room, &count) == 0);
        must(count <= UINT8_MAX);
        header[i + 1] = (char)count;
        room += count;
    }
    must(length == sizeof header + room + frame->payload.length);
    must(memcmp(bytes, header, sizeof header) == 0);
    must(memcmp(bytes + sizeof header, text, room) == 0);
    must(frame->payload.at == bytes + sizeof header + room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    push_frame frame;
    const char *bytes;
    char *copy;
    int version, is_binary;

    if (size == 0) {
        return 0;
    }
    version = (data[0] & 1) + 1;
    is_binary = (data[0] & 2) != 0;
    size--;
    copy = malloc(size + (size == 0)); /* of just this size, so that a byte read too far is seen */
    must(copy != NULL);
    memcpy(copy, data + 1, size);
    bytes = copy;
    if (push_serializer_read(&frame, version, is_binary, bytes, size) != 0) {
        must(version == 1 || is_binary || !is_fit_array(bytes, size));
        free(copy);
        return 0;
    }
    must(is_json(frame.join_ref) && is_json(frame.ref));
    must(is_json(frame.topic) && is_json(frame.event));
    must(frame.ref.length <= PUSH_REF_LENGTH && frame.join_ref.length <= PUSH_REF_LENGTH);
    if (version == 2 && is_binary) {
        check_binary(&frame, bytes, size);
    }
    else {
        check_text(&frame);
    }
    push_serializer_free(&frame);
    free(copy);
    return 0;
}
