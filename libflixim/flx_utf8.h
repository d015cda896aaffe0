/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef FLX_UTF8_H
#define FLX_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length of the well-formed sequence that begins at text, 1 to 4, or 0 if none does within
 * length bytes. */
size_t flx_utf8_sequence(const char *text, size_t length);

/* Whether all of text is well-formed. The empty text is. */
int flx_utf8_valid(const char *text, size_t length);

/* How many code points a well-formed text has. */
size_t flx_utf8_count(const char *text, size_t length);

/* Text that comes in parts; zeroed before the first one. */
typedef struct flx_utf8_state {
    unsigned char missing; /* bytes of the sequence that has begun; 0: the text may end here */
    unsigned char low;     /* what the next one may be, if one is missing */
    unsigned char high;
} flx_utf8_state;

/* Takes the next part. Returns 0, or -1 if no text that begins like this is well-formed. */
int flx_utf8_take(flx_utf8_state *state, const char *text, size_t length)
    __attribute__((warn_unused_result));

/* Writes a code point, which is no surrogate and at most 0x10FFFF, as 1 to 4 bytes; returns how
 * many. */
size_t flx_utf8_write(uint32_t code_point, char bytes[4]);

#endif
