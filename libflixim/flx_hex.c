/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits, as UUIDs, percent codes and JSON's escapes have them. */
#include "flx_hex.h"

/* The value of a digit, or -1. Not isxdigit: that depends on the locale. */
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

int32_t flx_hex_read(const char *text, size_t length, size_t digits)
{
    int32_t value = 0;
    size_t i;

    if (length < digits) {
        return -1;
    }
    for (i = 0; i < digits; i++) {
        int digit = digit_value(text[i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}
