/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs (RFC 9562) in their canonical 36 characters: strict reading, writing, and version 5 from
 * a name. */
#include "flx_uuid.h"

#include "flx_hex.h"

#include <string.h>

#include <uuid/uuid.h>

static int is_hyphen_place(size_t place)
{
    return place == 8 || place == 13 || place == 18 || place == 23;
}

int flx_uuid_read(flx_uuid *uuid, const char *text, size_t length)
{
    flx_uuid result = { { 0 } };
    size_t i, place = 0;

    if (length != FLX_UUID_TEXT) {
        return -1;
    }
    for (i = 0; i < FLX_UUID_BYTES; i++) {
        int32_t byte;
        if (is_hyphen_place(place) && text[place++] != '-') {
            return -1;
        }
        byte = flx_hex_read(text + place, length - place, 2);
        if (byte < 0) {
            return -1;
        }
        result.bytes[i] = (unsigned char)byte;
        place += 2;
    }
    *uuid = result;
    return 0;
}

void flx_uuid_write(const flx_uuid *uuid, char text[FLX_UUID_TEXT])
{
    static const char digit[] = "0123456789abcdef";
    /* where the two digits of each byte go */
    static const unsigned char place[FLX_UUID_BYTES] = { 0,  2,  4,  6,  9,  11, 14, 16,
                                                         19, 21, 24, 26, 28, 30, 32, 34 };
    size_t i;

    text[8] = text[13] = text[18] = text[23] = '-';
    for (i = 0; i < FLX_UUID_BYTES; i++) {
        text[place[i]] = digit[uuid->bytes[i] >> 4];
        text[place[i] + 1] = digit[uuid->bytes[i] & 0xF];
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
