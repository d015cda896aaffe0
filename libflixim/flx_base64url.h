/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url without padding (RFC 4648, section 5), in its one canonical spelling. */
#ifndef FLX_BASE64URL_H
#define FLX_BASE64URL_H

#include <stddef.h>

/* How many characters a number of bytes takes, and how many bytes at most a number of characters
 * holds. */
#define FLX_BASE64URL_TEXT(bytes)      (((bytes) / 3 * 4) + ((bytes) % 3 == 0 ? 0 : (bytes) % 3 + 1))
#define FLX_BASE64URL_BYTES(character) ((character) / 4 * 3 + 2)

/* Reads a text that encodes at most room bytes and says in *decoded how many there are. Refused
 * are padding, white space, the other alphabet, a length that no number of bytes has, and spare
 * bits that are not zero: each byte string has one text. The empty text is zero bytes. Returns 0,
 * or -1; then bytes may have been written to. */
int flx_base64url_decode(const char *text, size_t length, void *bytes, size_t room, size_t *decoded)
    __attribute__((warn_unused_result));

/* Writes FLX_BASE64URL_TEXT(length) characters, without a terminating NUL, and returns how many
 * that are. */
size_t flx_base64url_encode(const void *bytes, size_t length, char *text);

#endif
