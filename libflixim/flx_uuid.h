/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs (RFC 9562) in their canonical 36 characters: strict reading, writing, and version 5 from
 * a name. */
#ifndef FLX_UUID_H
#define FLX_UUID_H

#include <stddef.h>

#define FLX_UUID_BYTES 16
#define FLX_UUID_TEXT  36

typedef struct flx_uuid {
    unsigned char bytes[FLX_UUID_BYTES];
} flx_uuid;

/* Reads text, which must be 8-4-4-4-12 hexadecimal digits in either case and nothing else
 * (PostgreSQL takes other spellings; two spellings of one id would be two idempotency keys). Any
 * version, the nil UUID too. Returns 0, or -1 and leaves *uuid alone. */
int flx_uuid_read(flx_uuid *uuid, const char *text, size_t length)
    __attribute__((warn_unused_result));

/* Writes the 36 characters in lower case, without a terminating NUL. */
void flx_uuid_write(const flx_uuid *uuid, char text[FLX_UUID_TEXT]);

/* A new version 4 UUID: 122 random bits. */
void flx_uuid_make(flx_uuid *uuid);

/* The version 5 UUID (SHA-1) of a name in a namespace. */
void flx_uuid_from_name(flx_uuid *uuid, const flx_uuid *name_space, const char *name,
                        size_t length);

#endif
