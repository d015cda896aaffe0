/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url without padding (RFC 4648, section 5), in its one canonical spelling. */
#include "flx_base64url.h"

/* The six bits of a character, or -1. */
static int bits_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int flx_base64url_decode(const char *text, size_t length, void *bytes, size_t room, size_t *decoded)
{
    unsigned char *out = bytes;
    unsigned int kept = 0, kept_bits = 0;
    size_t written = 0, i;

    if (length % 4 == 1) {
        return -1;
    }
    for (i = 0; i < length; i++) {
        int bits = bits_of(text[i]);
        if (bits < 0) {
            return -1;
        }
        kept = kept << 6 | (unsigned int)bits;
        kept_bits += 6;
        if (kept_bits >= 8) {
            if (written == room) {
                return -1;
            }
            kept_bits -= 8;
            out[written++] = (unsigned char)(kept >> kept_bits);
            kept &= (1U << kept_bits) - 1;
        }
    }
    if (kept != 0) {
        return -1;
    }
    *decoded = written;
    return 0;
}

size_t flx_base64url_encode(const void *bytes, size_t length, char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *in = bytes;
    unsigned int kept = 0, kept_bits = 0;
    size_t written = 0, i;

    for (i = 0; i < length; i++) {
        kept = (kept << 8 | in[i]) & 0xFFFF;
        kept_bits += 8;
        while (kept_bits >= 6) {
            kept_bits -= 6;
            text[written++] = alphabet[kept >> kept_bits & 0x3F];
        }
    }
    if (kept_bits > 0) {
        text[written++] = alphabet[kept << (6 - kept_bits) & 0x3F];
    }
    return written;
}
