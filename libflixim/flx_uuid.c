/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs (RFC 9562) in their canonical 36 characters: strict reading, writing, and version 5 from
 * a name. */
#include "flx_uuid.h"

#include <string.h>

#include <uuid/uuid.h>

static int is_hyphen_place(size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

/* The value of a hexadecimal digit, or -1. Not isxdigit: that depends on the locale. */
static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

int flx_uuid_read(flx_uuid *uuid, const char *text, size_t length)
{
    flx_uuid result = { { 0 } };
    size_t place, digits = 0;

    if (length != FLX_UUID_TEXT) {
        return -1;
    }
    for (place = 0; place < FLX_UUID_TEXT; place++) {
        int value = digit_value(text[place]);
        if (is_hyphen_place(place)) {
            if (text[place] != '-') {
                return -1;
            }
            continue;
        }
        if (value < 0) {
            return -1;
        }
        result.bytes[digits / 2] = (unsigned char)(result.bytes[digits / 2] << 4 | value);
        digits++;
    }
    *uuid = result;
    return 0;
}

void flx_uuid_write(const flx_uuid *uuid, char text[FLX_UUID_TEXT])
{
    static const char digit[] = "0123456789abcdef";
    size_t i, place = 0;

    for (i = 0; i < FLX_UUID_BYTES; i++) {
        if (is_hyphen_place(place)) {
            text[place++] = '-';
        }
        text[place++] = digit[uuid->bytes[i] >> 4];
        text[place++] = digit[uuid->bytes[i] & 0xF];
    }
}

void flx_uuid_make(flx_uuid *uuid)
{
    uuid_generate_random(uuid->bytes);
}

void flx_uuid_from_name(flx_uuid *uuid, const flx_uuid *name_space, const char *name, size_t length)
{
    uuid_t result;

    uuid_generate_sha1(result, name_space->bytes, name, length);
    memcpy(uuid->bytes, result, FLX_UUID_BYTES);
}
