/* SPDX-License-Identifier: Apache-2.0 */
/* A text that grows up to a maximum, and writes JSON. */
#ifndef FLX_BUFFER_H
#define FLX_BUFFER_H

#include <stddef.h>
#include <stdint.h>

/* Read at and length freely; change them through the functions below only. */
typedef struct flx_buffer {
    char *at;      /* what was written, no terminating NUL; from the heap, NULL while it is empty */
    size_t length; /* of what was written */
    size_t room;   /* of what is allocated */
    size_t limit;  /* no more than this is ever written */
    int failed;    /* something did not fit or there was no memory: the text is not to be used */
} flx_buffer;

/* Makes an empty buffer. Cannot fail. */
void flx_buffer_init(flx_buffer *buffer, size_t limit);

/* Gives the memory back; the buffer is as after flx_buffer_init. */
void flx_buffer_free(flx_buffer *buffer);

/* Appends bytes. Once something did not fit the buffer stays as it is and failed is set, so a
 * caller may write on and look once, at the end: flx_buffer_failed. */
void flx_buffer_add(flx_buffer *buffer, const char *bytes, size_t length);

/* Appends a text that ends with NUL. */
void flx_buffer_add_text(flx_buffer *buffer, const char *text);

/* Appends a number in decimal. */
void flx_buffer_add_number(flx_buffer *buffer, int64_t number);

/* Appends well-formed UTF-8 as a JSON string, with quotes; escapes only what RFC 8259 says must
 * be. */
void flx_buffer_add_string(flx_buffer *buffer, const char *text, size_t length);

/* Whether the text is not to be used. */
int flx_buffer_failed(const flx_buffer *buffer) __attribute__((warn_unused_result));

#endif
