/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits, as UUIDs, percent codes and JSON's escapes have them. */
#ifndef FLX_HEX_H
#define FLX_HEX_H

#include <stddef.h>
#include <stdint.h>

/* The value of the first 1 to 7 digits of a text, in either case and in whatever locale; or -1 if
 * it has fewer characters, or others among these. */
int32_t flx_hex_read(const char *text, size_t length, size_t digits);

#endif
