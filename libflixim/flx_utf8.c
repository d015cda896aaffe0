/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "flx_utf8.h"

static int in_range(unsigned char byte, unsigned char low, unsigned char high)
{
    return byte >= low && byte <= high;
}

/* The table of RFC 3629, section 4: only the second byte's range depends on the first. */
size_t flx_utf8_sequence(const char *text, size_t length)
{
    const unsigned char *byte = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xBF;
    size_t size, i;

    if (length == 0) {
        return 0;
    }
    if (byte[0] < 0x80) {
        return 1;
    }
    if (in_range(byte[0], 0xC2, 0xDF)) {
        size = 2;
    }
    else if (in_range(byte[0], 0xE0, 0xEF)) {
        size = 3;
        low = byte[0] == 0xE0 ? 0xA0 : low;
        high = byte[0] == 0xED ? 0x9F : high;
    }
    else if (in_range(byte[0], 0xF0, 0xF4)) {
        size = 4;
        low = byte[0] == 0xF0 ? 0x90 : low;
        high = byte[0] == 0xF4 ? 0x8F : high;
    }
    else {
        return 0;
    }
    if (length < size || !in_range(byte[1], low, high)) {
        return 0;
    }
    for (i = 2; i < size; i++) {
        if (!in_range(byte[i], 0x80, 0xBF)) {
            return 0;
        }
    }
    return size;
}

int flx_utf8_valid(const char *text, size_t length)
{
    while (length > 0) {
        size_t size = flx_utf8_sequence(text, length);
        if (size == 0) {
            return 0;
        }
        text += size;
        length -= size;
    }
    return 1;
}

/* Begins a sequence of more than one byte. Returns 0, or -1 if none begins so. */
static int begin_sequence(flx_utf8_state *state, unsigned char byte)
{
    state->low = 0x80;
    state->high = 0xBF;
    if (in_range(byte, 0xC2, 0xDF)) {
        state->missing = 1;
    }
    else if (in_range(byte, 0xE0, 0xEF)) {
        state->missing = 2;
        state->low = byte == 0xE0 ? 0xA0 : 0x80;
        state->high = byte == 0xED ? 0x9F : 0xBF;
    }
    else if (in_range(byte, 0xF0, 0xF4)) {
        state->missing = 3;
        state->low = byte == 0xF0 ? 0x90 : 0x80;
        state->high = byte == 0xF4 ? 0x8F : 0xBF;
    }
    else {
        return -1;
    }
    return 0;
}

int flx_utf8_take(flx_utf8_state *state, const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (state->missing > 0) {
            if (!in_range(byte, state->low, state->high)) {
                return -1;
            }
            state->missing--;
            state->low = 0x80;
            state->high = 0xBF;
        }
        else if (byte >= 0x80 && begin_sequence(state, byte) != 0) {
            return -1;
        }
    }
    return 0;
}

size_t flx_utf8_count(const char *text, size_t length)
{
    size_t count = 0, i;

    for (i = 0; i < length; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

size_t flx_utf8_write(uint32_t code_point, char bytes[4])
{
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        bytes[0] = (char)(0xC0 | code_point >> 6);
        bytes[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        bytes[0] = (char)(0xE0 | code_point >> 12);
        bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    bytes[0] = (char)(0xF0 | code_point >> 18);
    bytes[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}
